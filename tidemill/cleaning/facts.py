"""What cleaning must know of whole columns before it can settle a row, gathered in one pass over few columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pandas as pd

from tidemill.cleaning.inference import Measures, Readings
from tidemill.cleaning.normalising import Kind, declared_kinds, normalise
from tidemill.cleaning.texts import folded
from tidemill.snapshot import Snapshot
from tidemill.store import Store
from tidemill.usecase.schema import UseCase

__all__ = ["Facts", "gathered", "raw_frames"]

_MOST_LEVELS = 1_000
_FEWEST_LETTERS = 3


@dataclass(frozen=True)
class Facts:
    """``kinds`` are those of the text columns that hold something else; ``gappy`` the whole-number columns that lack
    a value somewhere, and so are float64 everywhere; ``spellings`` see :class:`Fitted`; ``units`` are those that
    nearly all of a text column's numbers have."""

    kinds: dict[str, Kind]
    gappy: tuple[str, ...]
    spellings: dict[str, dict[str, str]]
    units: dict[str, str]


@dataclass
class _Levels:
    """How often each value of a category comes, until they are too many for one."""

    counts: Counter[str] = field(default_factory=Counter)
    open: bool = True

    def add(self, column: pd.Series) -> None:
        """Count a part."""
        found = column.value_counts()
        if len(found) <= _MOST_LEVELS:
            self.counts.update({str(level): int(rows) for level, rows in found.items()})
        if max(len(found), len(self.counts)) > _MOST_LEVELS:
            self.counts, self.open = Counter(), False

    def spellings(self) -> dict[str, str]:
        """The most frequent spelling by what all spellings of it have in common, where there are several."""
        groups: dict[str, list[str]] = {}
        for level in sorted(self.counts):
            groups.setdefault(folded(level), []).append(level)
        return {
            key: max(some, key=lambda level: self.counts[level])
            for key, some in groups.items()
            if len(some) > 1 and sum(letter.isalpha() for letter in key) >= _FEWEST_LETTERS
        }


def gathered(store: Store, use_case: UseCase, snapshot: Snapshot) -> Facts:
    """Go through the columns that leave something open. Memory for one part."""
    declared, rules = declared_kinds(use_case), use_case.clean
    columns = {column.name: column.type for column in snapshot.manifest(store).columns}
    texts = [name for name, kind in columns.items() if kind in ("string", "large_string")]
    words = {name for name, value in rules.fill.items() if isinstance(value, str) and value not in ("median", "mode")}
    readings = {name: Readings(snapshot.rows) for name in texts if name not in {*declared, *words}}
    measures = {name: Measures(snapshot.rows) for name in readings}
    levels = {name: _Levels() for name in texts if _may_be_respelt(name, use_case, declared)}
    as_written = rules.model_copy(update={"case": "keep"})  # letters are part of a number or a time, as in `1E5`
    gaps: set[str] = set()
    for part in snapshot.readers(store):
        gaps |= part.gaps()
        wanted = {name for some in (readings, measures, levels) for name, one in some.items() if one.open}
        frame = normalise(part.frame([name for name in texts if name in wanted]), as_written, {})
        cased = frame if rules.case == "keep" else normalise(frame, rules, {})
        for name in map(str, frame.columns):
            if name in readings and readings[name].open:
                readings[name].add(frame[name], as_written)
            if name in measures and measures[name].open:
                measures[name].add(frame[name])
            if name in levels and levels[name].open:
                levels[name].add(cased[name])
    found = {name: one.kind() for name, one in readings.items()}
    kinds: dict[str, Kind] = {name: kind for name, kind in found.items() if kind is not None}
    spelt = {name: one.spellings() for name, one in levels.items() if name not in kinds}
    units = {name: one.unit() for name, one in measures.items() if name not in kinds}
    return Facts(
        kinds=kinds,
        gappy=tuple(name for name, kind in columns.items() if "int" in kind and name in gaps),
        spellings={name: some for name, some in spelt.items() if some},
        units={name: unit for name, unit in units.items() if unit is not None},
    )


def _may_be_respelt(name: str, use_case: UseCase, declared: Mapping[str, Kind]) -> bool:
    """Categories may; what names a row or is the target stays what it is."""
    if use_case.clean.spellings == "keep" or declared.get(name, "category") != "category":
        return False
    return name not in {*use_case.id, *use_case.target_inputs}


def raw_frames(
    store: Store, snapshot: Snapshot, facts: Facts, columns: list[str] | None = None
) -> Iterator[pd.DataFrame]:
    """The raw rows, a frame a part, every column with one dtype in all of them."""
    for frame in snapshot.frames(store, columns):
        whole = [name for name in facts.gappy if name in frame and frame[name].dtype.kind in "iu"]
        yield frame.astype(dict.fromkeys(whole, "float64")) if whole else frame
