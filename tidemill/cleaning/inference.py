"""What text columns hold, when the use case does not say: numbers or times that came as text.

A column of text is taken for numbers (or times) when nearly all of its values read as such. The few
that do not are refused, row by row and with a reason, rather than making a category of thousands of
levels out of a column of numbers.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tidemill.cleaning.measures import units_in
from tidemill.cleaning.normalising import Kind, parse_times
from tidemill.cleaning.texts import arrow_text
from tidemill.units import is_unit
from tidemill.usecase.schema import CleanRules

__all__ = ["MOST", "Measures", "Readings", "inferred_kinds"]

MOST = 0.98
_FEWEST = 20
_LIKELY: dict[Kind, str] = {"number": r"^[+-]?(?:[1-9.\sinIN]|0(?:\D|$))", "time": r"^\d{4}-\d{2}-\d{2}"}
_MEASURE = r"^[^\d]{0,4}\d[\d,.]*\s*[^\d]{0,12}$|^[^\d]{1,4}\d[\d,.]*$"


@dataclass
class Readings:
    """How many values of one normalised text column read as numbers and as times, counted as parts go by.

    ``most`` is the most values that the whole column can have: a kind that too many values do not read as
    is given up before the end.
    """

    most: int
    values: int = 0
    read: dict[Kind, int] = field(default_factory=lambda: dict.fromkeys(_LIKELY, 0))
    different: dict[Kind, set[object]] = field(default_factory=lambda: {kind: set() for kind in _LIKELY})

    @property
    def open(self) -> bool:
        """Whether anything can still come of it."""
        return bool(self.read)

    def add(self, column: pd.Series, rules: CleanRules) -> None:
        """Count a part."""
        values = column.dropna()
        self.values += len(values)
        for kind in list(self.read):
            read = _read(values, kind, rules).dropna()
            self.read[kind] += len(read)
            if self.values - self.read[kind] > (1 - MOST) * self.most:
                del self.read[kind]
            elif len(self.different[kind]) < _FEWEST:
                self.different[kind] |= set(read.unique()[:_FEWEST])

    def kind(self) -> Kind | None:
        """What the column is; None when it is text. Wants 98 % of the values, and 20 different ones: a category
        whose names happen to be digits stays a category."""
        for kind, read in self.read.items():
            if self.values and read / self.values >= MOST and len(self.different[kind]) >= min(_FEWEST, self.values):
                return kind
        return None


@dataclass
class Measures:
    """How many values of one text column are a number and a unit, and which, counted as parts go by."""

    most: int
    values: int = 0
    units: Counter[str] = field(default_factory=Counter)
    open: bool = True

    def add(self, column: pd.Series) -> None:
        """Count a part."""
        values = arrow_text(column).drop_null()
        self.values += len(values)
        likely = values.filter(pc.match_substring_regex(values, _MEASURE))
        found = pc.value_counts(units_in(likely).drop_null()).to_pylist()
        self.units.update({one["values"]: one["counts"] for one in found if one["values"]})
        if self.values - self.units.total() > (1 - MOST) * self.most:
            self.open, self.units = False, Counter()

    def unit(self) -> str | None:
        """The unit of nearly all of them."""
        for unit, count in self.units.most_common(1):
            if count / self.values >= MOST and is_unit(unit):
                return unit
        return None


def inferred_kinds(frame: pd.DataFrame, rules: CleanRules, declared: dict[str, Kind]) -> dict[str, Kind]:
    """The kinds of text columns of a normalised ``frame`` that are not declared and hold no plain text."""
    kinds: dict[str, Kind] = {}
    for name, column in frame.items():
        if str(name) in declared or not isinstance(column.dtype, pd.StringDtype):
            continue
        readings = Readings(len(frame))
        readings.add(column, rules)
        kind = readings.kind()
        if kind is not None:
            kinds[str(name)] = kind
    return kinds


def _read(values: pd.Series, kind: Kind, rules: CleanRules) -> pd.Series:
    """Those of the values that could read as ``kind`` by their first characters, read."""
    likely = values[pc.match_substring_regex(pa.array(values), _LIKELY[kind]).to_numpy(zero_copy_only=False)]
    return parse_times(likely, rules) if kind == "time" else pd.to_numeric(likely, errors="coerce")
