"""What text columns hold, when the use case does not say: numbers or times that came as text.

A column of text is taken for numbers (or times) when nearly all of its values read as such. The few
that do not are refused, row by row and with a reason, rather than making a category of thousands of
levels out of a column of numbers.
"""

from __future__ import annotations

import pandas as pd

from tidemill.cleaning.normalising import Kind, parse_times
from tidemill.usecase.schema import CleanRules

__all__ = ["MOST", "inferred_kinds"]

MOST = 0.98
_FEWEST = 20
_SAMPLE = 2_000


def inferred_kinds(frame: pd.DataFrame, rules: CleanRules, declared: dict[str, Kind]) -> dict[str, Kind]:
    """The kinds of text columns of a normalised ``frame`` that are not declared and hold no plain text.

    Wants 98 % of the values and 20 different ones to be numbers, or times with date separators: a
    category whose names happen to be digits stays a category.
    """
    kinds: dict[str, Kind] = {}
    for name, column in frame.items():
        if str(name) in declared or not isinstance(column.dtype, pd.StringDtype):
            continue
        kind = _kind(column.dropna(), rules)
        if kind is not None:
            kinds[str(name)] = kind
    return kinds


def _kind(values: pd.Series, rules: CleanRules) -> Kind | None:
    if values.empty:
        return None
    for kind in ("number", "time"):
        # A cheap look at some values first: most text columns are out after it.
        for some in (values.iloc[:: max(1, len(values) // _SAMPLE)], values):
            read = _read(some, kind, rules)
            if read.notna().mean() < MOST:
                break
        else:
            if read.nunique() >= min(_FEWEST, len(values)):
                return kind
    return None


def _read(values: pd.Series, kind: Kind, rules: CleanRules) -> pd.Series:
    if kind == "time":
        dated = values.str.contains(r"^\d{4}-\d{2}-\d{2}", regex=True)
        return parse_times(values.where(dated), rules)
    coded = values.str.contains(r"^[+-]?0\d", regex=True)
    return pd.to_numeric(values.where(~coded), errors="coerce")
