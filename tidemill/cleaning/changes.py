"""What tidying did to the values, counted as parts go by and told a sentence a column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tidemill.cleaning.measures import units_in
from tidemill.cleaning.normalising import Kind, unreadable
from tidemill.cleaning.texts import arrow_text
from tidemill.usecase.cleaning import Fitted
from tidemill.usecase.schema import CleanRules

__all__ = ["Changes", "mends"]

_PLURALS: dict[Kind, str] = {"number": "numbers", "time": "times"}


class Changes:
    """Counts of changed values by column and what happened to them, in the order of the columns."""

    def __init__(self, columns: Sequence[str], inferred: dict[str, Kind], rules: CleanRules) -> None:
        self._columns, self._inferred, self._rules = columns, inferred, rules
        self._emptied: Counter[str] = Counter()
        self._trimmed: Counter[str] = Counter()
        self._converted: Counter[str] = Counter()

    def add(self, raw: pd.DataFrame, tidy: Mapping[str, pd.Series]) -> None:
        """Count what became of one frame's values; ``tidy`` are the columns that tidying changed."""
        for name, column in tidy.items():
            before = raw[name]
            gone = int(column.isna().sum()) - int(before.isna().sum())
            if gone:
                lost = column.isna() & before.notna() & ~unreadable(before, column, self._rules)
                self._emptied[str(name)] += int(lost.sum())
            if str(name) in self._rules.units and isinstance(before.dtype, pd.StringDtype):
                self._converted[str(name)] += _with_unit(before[column.notna()])
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
                said.append(f"{values(self._trimmed[name])} of `{name}` {self._how(name)}")
            if self._converted[name]:
                said.append(
                    f"{values(self._converted[name])} of `{name}` had a unit and are in {self._rules.units[name]}"
                )
        return tuple(said)

    def _how(self, name: str) -> str:
        if name in self._rules.synonyms or self._rules.case_of(name) != "keep":
            return "written anew (white space, letters, synonyms)"
        return "trimmed of white space"


def mends(rules: CleanRules, counts: Counter[tuple[str, str]]) -> tuple[str, ...]:
    """A sentence for each thing that was put right. It holds no text from the data: that may be somebody's."""
    said: list[str] = []
    fitted = rules.fitted or Fitted()
    for (name, what), count in counts.items():
        if not count:
            continue
        if what == "spelt":
            said.append(f"{values(count)} of `{name}` spelt like most of their kind (case, white space)")
        elif what == "filled":
            said.append(
                f"{count:,} gap{'' if count == 1 else 's'} of `{name}` filled with {_filling(rules, fitted, name)}"
            )
        else:
            bounds = fitted.bounds[name]
            low, high = ("…" if bound is None else f"{bound:.6g}" for bound in (bounds.low, bounds.high))
            done = "moved to the bound" if what == "clip" else "taken away"
            said.append(f"{values(count)} of `{name}` outside {low} to {high} {done}")
    return tuple(said)


def _filling(rules: CleanRules, fitted: Fitted, name: str) -> str:
    """What stands in the gaps, but for a text that came from the data."""
    value, asked = fitted.fill[name], rules.fill.get(name)
    if asked in ("median", "mode"):
        return f"the {asked}" if isinstance(value, str | bool) else f"the {asked}, {value:g}"
    return f"`{value}`" if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else f"{value:g}"


def _with_unit(texts: pd.Series) -> int:
    units = units_in(arrow_text(texts))
    return int(pc.sum(pc.not_equal(units, "")).as_py() or 0)


def values(count: int) -> str:
    """A number of values in words."""
    return f"{count:,} value{'' if count == 1 else 's'}"
