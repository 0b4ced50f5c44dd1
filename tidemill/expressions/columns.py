"""The kinds of values that expressions work on, each with one dtype, and the ways between them."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from tidemill.cleaning.normalising import normalise
from tidemill.errors import UserError, did_you_mean
from tidemill.usecase.schema import CleanRules

__all__ = ["DTYPES", "WORDS", "Kind", "coerced", "finite", "is_empty", "kind_of", "nulls", "read_column"]

Kind = Literal["number", "text", "boolean", "time", "duration"]

DTYPES: dict[Kind, str] = {
    "number": "float64",
    "text": "str",
    "boolean": "boolean",
    "time": "datetime64[us, UTC]",
    "duration": "timedelta64[us]",
}
WORDS: dict[Kind, str] = {
    "number": "a number",
    "text": "text",
    "boolean": "true or false",
    "time": "a time",
    "duration": "a duration",
}


def read_column(frame: pd.DataFrame, name: str) -> pd.Series:
    """A column of ``frame`` in its kind's dtype; whole numbers stay ``int64``. Raises UserError when it is absent."""
    if name not in frame.columns:
        known = [str(column) for column in frame.columns]
        there = ", ".join(known[:20]) + (", …" if len(known) > 20 else "")
        raise UserError(f"there is no column `{name}`{did_you_mean(name, known)}; there are: {there}")
    column = frame[name]
    if isinstance(column, pd.DataFrame):
        raise UserError(f"two columns are called `{name}`: rename or drop one of them")
    return _settled(column)


def _settled(column: pd.Series) -> pd.Series:
    """The column in the dtype of its kind, whatever kind of pandas column it came as."""
    if column.dtype == np.int64 or column.dtype == DTYPES["time"]:
        return column
    if column.dtype == np.float64:
        return finite(column)
    if column.dtype.kind == "m":
        return column.astype("timedelta64[us]")
    plain: pd.Series = normalise(column.to_frame("x"), _AS_IT_IS, {})["x"]
    kind = plain.dtype.kind
    if kind == "b":
        return plain.astype("boolean")
    if kind == "i" or (kind == "u" and (plain.empty or plain.max() < 2**63)):
        return plain.astype("int64")
    return plain.astype("float64") if kind in "uf" else plain


def kind_of(column: pd.Series) -> Kind:
    """The kind of a settled column, by its dtype."""
    by_dtype: dict[str, Kind] = {"b": "boolean", "M": "time", "m": "duration", "i": "number", "f": "number"}
    return by_dtype.get(column.dtype.kind, "text")


def is_empty(column: pd.Series) -> bool:
    """Whether there is not one value in it, so that nothing tells what kind it is meant to be."""
    return bool(column.isna().all())


def nulls(kind: Kind, like: pd.Series) -> pd.Series:
    """A column of missing values of one kind, as long as ``like``."""
    return pd.Series(None, index=like.index, dtype=DTYPES[kind])


def coerced(column: pd.Series, kind: Kind, wanted_by: str) -> pd.Series:
    """``column`` as ``kind``; ``wanted_by`` says in an error who asks. A column without any value fits every kind."""
    found = kind_of(column)
    if found == kind:
        return column
    if is_empty(column):
        return nulls(kind, column)
    if kind == "number" and found == "boolean":
        return column.astype("float64")
    mend = _MENDS.get((found, kind), "")
    raise UserError(f"{wanted_by} wants {WORDS[kind]}, and was given {WORDS[found]}{mend}")


_AS_IT_IS = CleanRules(strip=False, spaces=False, missing=())
_MENDS: dict[tuple[Kind, Kind], str] = {
    ("text", "number"): ": declare the column a `number` under `columns.types`, or mend the data",
    ("text", "time"): ": declare the column a `time` under `columns.types`, or mend the data",
    ("number", "boolean"): ": compare it, such as `x > 0`",
    ("text", "boolean"): ': compare it, such as `x == "yes"`',
    ("duration", "number"): ": divide it, such as `x / minutes(1)`",
    ("time", "number"): ": take a part of it, such as `hour(x)`, or the difference of two times",
}


def finite(column: pd.Series) -> pd.Series:
    """A number column as ``float64`` with infinities as missing."""
    numbers = column.astype("float64")
    infinite = np.isinf(numbers.to_numpy())
    return numbers.mask(infinite) if infinite.any() else numbers
