"""What tidying did to the values, counted as parts go by and told a sentence a column."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tidemill.cleaning.normalising import Kind, unreadable
from tidemill.usecase.schema import CleanRules

__all__ = ["Changes", "values"]

_PLURALS: dict[Kind, str] = {"number": "numbers", "time": "times"}


class Changes:
    """Counts of changed values by column and what happened to them, in the order of the columns."""

    def __init__(self, inferred: dict[str, Kind], rules: CleanRules) -> None:
        self._inferred, self._rules = inferred, rules
        self._emptied: Counter[str] = Counter()
        self._trimmed: Counter[str] = Counter()
        self._columns: list[str] = []

    def add(self, raw: pd.DataFrame, tidy: pd.DataFrame) -> None:
        """Count what became of one frame's values."""
        self._columns = list(map(str, tidy.columns))
        for name, column in tidy.items():
            before = raw[name]
            if before is column or before.dtype.kind in "iu":
                continue
            gone = int(column.isna().sum()) - int(before.isna().sum())
            if gone:
                lost = column.isna() & before.notna() & ~unreadable(before, column, self._rules)
                self._emptied[str(name)] += int(lost.sum())
            if isinstance(column.dtype, pd.StringDtype) and isinstance(before.dtype, pd.StringDtype):
                differ = pc.not_equal(pa.array(before), pa.array(column))
                self._trimmed[str(name)] += pc.sum(differ).as_py() or 0

    def told(self) -> tuple[str, ...]:
        """A sentence for each column that was changed in some way."""
        said = [f"`{name}` came as text and is read as {_PLURALS[kind]}" for name, kind in self._inferred.items()]
        for name in self._columns:
            if self._emptied[name]:
                said.append(f"{values(self._emptied[name])} of `{name}` became null")
            if self._trimmed[name]:
                said.append(f"{values(self._trimmed[name])} of `{name}` trimmed of white space")
        return tuple(said)


def values(count: int) -> str:
    """A number of values in words."""
    return f"{count:,} value{'' if count == 1 else 's'}"
