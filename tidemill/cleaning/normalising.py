"""Tidying a frame's values without touching its rows: the same for training, scoring and serving.

Nothing here looks at more than one value at a time, so one row sent to the REST service is tidied
exactly as it was among a million in training. What needs the whole column (guessing that a text
column holds numbers, say) is :mod:`tidemill.cleaning.inference`'s, and ends in ``types``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from tidemill.cleaning.measures import measured
from tidemill.cleaning.texts import arrow_text, tidy_texts
from tidemill.errors import UserError
from tidemill.usecase.schema import CleanRules, UseCase

__all__ = [
    "FALSE_WORDS",
    "TRUE_WORDS",
    "Kind",
    "declared_kinds",
    "frame_with",
    "normalise",
    "parse_times",
    "text_of",
    "tidied",
    "unreadable",
]

Kind = Literal["number", "category", "time", "boolean"]

TRUE_WORDS = ("true", "t", "yes", "y", "on", "1")
FALSE_WORDS = ("false", "f", "no", "n", "off", "0")
UTC_MICROSECONDS = "datetime64[us, UTC]"


def declared_kinds(use_case: UseCase) -> dict[str, Kind]:
    """What the use case says its columns are: ``columns.types``, columns with a unit or with formats, and the time.

    Text and pixels are levels like any other until features are made of them: lists of numbers are kept as JSON.
    """
    rules = use_case.clean
    kinds: dict[str, Kind] = {}
    for name, kind in use_case.columns.types.items():
        kinds[name] = "category" if kind == "text" or kind == "pixels" else kind
    kinds.update(dict.fromkeys(rules.units, "number"))
    kinds.update(dict.fromkeys(rules.time_formats, "time"))
    if use_case.time is not None:
        kinds[use_case.time] = "time"
    return kinds


def normalise(frame: pd.DataFrame, rules: CleanRules, types: Mapping[str, Kind]) -> pd.DataFrame:
    """The same rows with tidy values: a new frame with the same columns, index and length.

    * text is tidied (``rules.strip``, ``spaces``, ``synonyms`` and, where it is not declared to be something else,
      ``case``), and words and numbers that mean missing become null;
    * columns that ``types`` names become ``float64`` or an integer type (number), ``str`` (category),
      ``datetime64[us, UTC]`` (time) or ``boolean``; what can't be read as such becomes null;
    * other columns keep their type, except that ``object`` columns get the plain type of what they
      hold, infinities become null, and times become UTC in microseconds.

    What was fitted (``rules.fitted``) is :func:`tidemill.cleaning.mending.mended`'s. Raises :exc:`UserError` when two
    columns have one name.
    """
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise UserError(f"two columns are called `{twice}`: rename or drop one of them")
    return frame_with(frame, tidied(frame, rules, types))


def tidied(frame: pd.DataFrame, rules: CleanRules, types: Mapping[str, Kind]) -> dict[str, pd.Series]:
    """The columns that :func:`normalise` changes in any way, tidy."""
    made = {}
    for name, column in frame.items():
        tidy = _tidy(column, rules, types.get(str(name)))
        if tidy is not column:
            made[str(name)] = tidy
    return made


def frame_with(frame: pd.DataFrame, columns: Mapping[str, pd.Series]) -> pd.DataFrame:
    """``frame`` with some of its columns replaced, sharing the others."""
    result = frame.copy(deep=False)
    for place, name in enumerate(map(str, frame.columns)):
        if name in columns:
            result.isetitem(place, columns[name].array)
    return result


def unreadable(before: pd.Series, after: pd.Series, rules: CleanRules) -> pd.Series:
    """Which values :func:`normalise` lost for want of a reading: there before, and null after (bool, same index)."""
    lost = after.isna() & before.notna()
    if not lost.any() or _is_text(after):  # any text is a text
        return lost & False
    said = _plain(before[lost], rules, "number")
    meant = said.notna()
    if before.name in rules.missing_numbers:
        meant &= ~_as_number(said, rules).isin(rules.missing_numbers[str(before.name)])
    result = lost.copy()
    result[lost] = meant.to_numpy(dtype=bool)
    return result


def parse_times(column: pd.Series, rules: CleanRules) -> pd.Series:
    """A column as ``datetime64[us, UTC]``: null where it can't be read. Times without an offset are UTC."""
    return _as_time(_plain(column, rules, "time"), rules)


def _tidy(column: pd.Series, rules: CleanRules, kind: Kind | None) -> pd.Series:
    plain = _plain(column, rules, kind)
    if kind == "category":
        return _as_category(plain, rules, kind)
    if kind == "boolean":
        return _as_boolean(plain, rules)
    if kind == "time":
        return _as_time(plain, rules)
    numbers = _as_number(plain, rules) if kind == "number" else plain
    missing = rules.missing_numbers.get(str(column.name))
    if missing and numbers.dtype.kind in "iuf":
        return numbers.astype("float64").mask(numbers.isin(missing))
    return numbers


def _plain(column: pd.Series, rules: CleanRules, kind: Kind | None) -> pd.Series:
    """The column in one of the plain types: numbers, ``boolean``, ``str`` or UTC times."""
    dtype = column.dtype
    if isinstance(dtype, pd.StringDtype):
        return _tidy_text(column, rules, kind)
    if isinstance(dtype, pd.CategoricalDtype):
        return _plain(column.astype(dtype.categories.dtype), rules, kind)
    if isinstance(dtype, pd.ArrowDtype):
        values = pa.chunked_array([pa.array(column)]).to_pandas()
        return _plain(values.set_axis(column.index).rename(column.name), rules, kind)
    if dtype.kind in "iuf":
        return _plain_number(column)
    if dtype.kind == "M":
        return _utc(column)
    return _plain_object(column, rules, kind) if dtype == np.dtype(object) else column


def _plain_number(column: pd.Series) -> pd.Series:
    if isinstance(column.dtype, np.dtype):
        return column if column.dtype.kind in "iu" else _finite(column)
    whole = column.dtype.kind in "iu" and not column.isna().any()
    return column.astype("int64") if whole else _finite(column.astype("float64"))


def _plain_object(column: pd.Series, rules: CleanRules, kind: Kind | None) -> pd.Series:
    """An ``object`` column as the plain type of what it holds; mixed values become text."""
    held = pd.api.types.infer_dtype(column, skipna=True)
    if held == "empty":
        return column.astype("float64")
    if held == "boolean":
        return column.astype("boolean")
    if held in ("integer", "floating", "mixed-integer-float", "decimal"):
        return _finite(pd.to_numeric(column.where(column.notna(), np.nan)).astype("float64"))
    if held in ("datetime", "datetime64", "date"):
        return _utc(pd.to_datetime(column, utc=True))
    texts = column.map(text_of, na_action="ignore") if held != "string" else column
    return _tidy_text(texts.astype("str"), rules, kind)


def _tidy_text(column: pd.Series, rules: CleanRules, kind: Kind | None) -> pd.Series:
    name = str(column.name)
    values = arrow_text(column)
    tidy = tidy_texts(values, rules, name, rules.case_of(name) if kind in (None, "category") else "keep")
    return (
        column
        if tidy is values or tidy.equals(values)
        else pd.Series(tidy, index=column.index, name=column.name, dtype="str")
    )


def _as_number(column: pd.Series, rules: CleanRules) -> pd.Series:
    if _is_text(column):
        unit = rules.units.get(str(column.name))
        if unit is not None:
            return pd.Series(measured(arrow_text(column), unit), index=column.index, name=column.name)
        return _finite(pd.to_numeric(column, errors="coerce").astype("float64"))
    if column.dtype.kind == "b":
        return column.astype("float64")
    if column.dtype.kind == "M":
        return pd.Series(np.nan, index=column.index, name=column.name)
    return column


def _as_category(column: pd.Series, rules: CleanRules, kind: Kind) -> pd.Series:
    if _is_text(column):
        return column
    levels = pd.Series(column.dropna().unique())
    words = _tidy_text(pd.Series(levels.map(text_of), dtype="str", name=column.name), rules, kind)
    return column.map(dict(zip(levels, words, strict=True)), na_action="ignore").astype("str")


def _as_boolean(column: pd.Series, rules: CleanRules) -> pd.Series:
    if column.dtype.kind == "b":
        return column.astype("boolean")
    words = _as_category(column, rules, "boolean").str.lower()
    known = dict.fromkeys(TRUE_WORDS, True) | dict.fromkeys(FALSE_WORDS, False)
    return words.map(known, na_action="ignore").astype("boolean")


def _as_time(column: pd.Series, rules: CleanRules) -> pd.Series:
    if column.dtype.kind == "M":
        return column
    if _is_text(column):
        return _read_times(column, rules.time_formats.get(str(column.name), ()))
    if column.dtype.kind in "iuf":
        return _from_epoch(column)
    return pd.Series(pd.NaT, index=column.index, name=column.name, dtype=UTC_MICROSECONDS)


def _read_times(column: pd.Series, formats: Sequence[str]) -> pd.Series:
    """Text by the first of the formats that fits it, else as ISO 8601."""
    times: pd.Series | None = None
    for form in (*formats, "ISO8601"):
        left = np.flatnonzero(times.isna() & column.notna()) if times is not None else np.arange(len(column))
        read = _utc(pd.to_datetime(column.iloc[left], format=form, utc=True, errors="coerce"))
        if times is None:
            times = read
        elif len(left):
            times.iloc[left] = read.array
    assert times is not None
    return times


def _from_epoch(column: pd.Series) -> pd.Series:
    """Numbers as times since 1970: seconds, or milli-, micro- or nanoseconds by their size.

    Below 10 million (a date in April 1970) a number is a year, a step or an index, not a time: null.
    """
    size = column.abs()
    seconds = column.astype("float64")
    for least, divisor in ((1e11, 1e3), (1e14, 1e6), (1e17, 1e9)):
        seconds = seconds.where(~(size >= least), column / divisor)
    seconds = seconds.where((size >= 1e7) & (seconds.abs() < 1e11))
    return _utc(pd.to_datetime((seconds * 1e6).round(), unit="us", utc=True, errors="coerce"))


def _utc(column: pd.Series) -> pd.Series:
    """A time column in UTC and microseconds. Times without an offset are UTC by the house rule."""
    if column.dtype == UTC_MICROSECONDS:
        return column
    aware: pd.Series = column.dt.tz_localize("UTC") if column.dt.tz is None else column.dt.tz_convert("UTC")
    utc: pd.Series = aware.dt.as_unit("us")
    return utc


def _finite(column: pd.Series) -> pd.Series:
    infinite = np.isinf(column.to_numpy(dtype="float64", na_value=np.nan))
    return column.mask(infinite) if infinite.any() else column


def text_of(value: object) -> str:
    """A value as a category's name: ``7.0`` and ``7`` are one category, booleans are lower-case, lists are JSON."""
    if isinstance(value, bool | np.bool_):
        return str(value).lower()
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return json.dumps(value, default=lambda held: held.tolist() if hasattr(held, "tolist") else str(held))
    return str(value)


def _is_text(column: pd.Series) -> bool:
    return isinstance(column.dtype, pd.StringDtype)
