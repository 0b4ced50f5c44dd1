"""The functions of the expression language, on settled columns. :mod:`tidemill.expressions.vocabulary` lists them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tidemill.errors import UserError
from tidemill.expressions.columns import WORDS, Kind, coerced, finite, is_empty, kind_of

__all__ = ["call"]

_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}
_LONGEST_DURATION = 3.2e17  # microseconds, some 10,000 years: beyond it a duration is missing


def call(name: str, arguments: Sequence[pd.Series]) -> pd.Series:
    """The value of a function whose name and number of arguments were checked. Raises UserError for a wrong kind."""
    first = arguments[0]
    if name in ("isnull", "notnull"):
        return (first.isna() if name == "isnull" else first.notna()).astype("boolean")
    if name == "fill":
        return _fill(first, arguments[1])
    if name in ("minimum", "maximum"):
        return _extreme(name, arguments)
    if name == "abs" and kind_of(first) == "duration":
        return first.abs()
    if name in _SECONDS:
        return _duration(name, first)
    if name == "round":
        return _round(arguments)
    if name in ("contains", "matches"):
        return _found(name, arguments)
    if name in _NUMBER:
        number = coerced(first, "number", f"`{name}`").astype("float64")
        with np.errstate(all="ignore"):
            return finite(_NUMBER[name](number))
    if name in _TEXT:
        return _TEXT[name](coerced(first, "text", f"`{name}`"))
    moment = coerced(first, "time", f"`{name}`")
    return pd.Series(_TIME[name](moment), index=moment.index).astype("float64")


def _fill(column: pd.Series, other: pd.Series) -> pd.Series:
    kind = kind_of(other) if is_empty(column) else kind_of(column)
    column, other = coerced(column, kind, "`fill`"), coerced(other, kind, "`fill` of such a column")
    if kind == "number" and column.dtype != other.dtype:
        column, other = column.astype("float64"), other.astype("float64")
    return column.where(column.notna(), other)


def _extreme(name: str, arguments: Sequence[pd.Series]) -> pd.Series:
    kind: Kind = next((kind_of(column) for column in arguments if not is_empty(column)), "number")
    kind = "number" if kind == "boolean" else kind
    if kind not in ("number", "time", "duration"):
        raise UserError(f"`{name}` wants numbers, times or durations, and was given {WORDS[kind]}")
    result = coerced(arguments[0], kind, f"`{name}`")
    for column in arguments[1:]:
        other = coerced(column, kind, f"`{name}`")
        if kind == "number":
            result, other = result.astype("float64"), other.astype("float64")
        better = result <= other if name == "minimum" else result >= other
        chosen = result.where(better, other)
        result = chosen.mask(result.isna() | other.isna())
    return result


def _duration(name: str, column: pd.Series) -> pd.Series:
    if kind_of(column) == "duration" and not is_empty(column):
        raise UserError(f"`{name}` makes a duration of a number; for a duration in {name} write `x / {name}(1)`")
    number = coerced(column, "number", f"`{name}`").to_numpy(dtype="float64")
    with np.errstate(all="ignore"):
        microseconds = np.rint(number * (_SECONDS[name] * 1e6))
        measured = np.abs(microseconds) <= _LONGEST_DURATION
    durations = np.where(measured, microseconds, 0).astype("int64").astype("timedelta64[us]")
    durations[~measured] = np.timedelta64("NaT", "us")
    return pd.Series(durations, index=column.index)


def _found(name: str, arguments: Sequence[pd.Series]) -> pd.Series:
    """Whether a text holds another, or fits a pattern: RE2, whose time is linear in the text."""
    text = coerced(arguments[0], "text", f"`{name}`")
    if not len(text):
        return text.isna().astype("boolean")
    wanted = str(arguments[1].iloc[0])
    values = pa.array(text, type=pa.large_string(), from_pandas=True)
    try:
        found = (pc.match_substring if name == "contains" else pc.match_substring_regex)(values, wanted)
    except pa.ArrowInvalid as problem:
        raise UserError(f"`matches` can't read the regular expression `{wanted}`: {problem}") from None
    return pd.Series(found.to_pandas().to_numpy(), index=text.index).astype("boolean")


def _round(arguments: Sequence[pd.Series]) -> pd.Series:
    number = coerced(arguments[0], "number", "`round`").astype("float64")
    digits = int(arguments[1].iloc[0]) if len(arguments) == 2 and len(number) else 0
    return number.round(digits)


_NUMBER: dict[str, Callable[[pd.Series], pd.Series]] = {
    "abs": lambda number: number.abs(),
    "log": lambda number: pd.Series(np.log(number.to_numpy()), index=number.index),
    "sqrt": lambda number: pd.Series(np.sqrt(number.to_numpy()), index=number.index),
}
_TEXT: dict[str, Callable[[pd.Series], pd.Series]] = {
    "lower": lambda text: text.str.lower(),
    "upper": lambda text: text.str.upper(),
    "strip": lambda text: text.str.strip(),
    "length": lambda text: text.str.len().astype("float64"),
}
_TIME: dict[str, Callable[[pd.Series], pd.Series]] = {
    "hour": lambda moment: moment.dt.hour,
    "weekday": lambda moment: moment.dt.day_of_week,
    "month": lambda moment: moment.dt.month,
    "year": lambda moment: moment.dt.year,
}
