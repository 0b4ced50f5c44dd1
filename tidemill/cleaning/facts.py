"""What cleaning must know of whole columns before it can settle a row, gathered in one pass over few columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from tidemill.cleaning.inference import Readings
from tidemill.cleaning.normalising import Kind, declared_kinds, normalise
from tidemill.snapshot import Snapshot
from tidemill.store import Store
from tidemill.usecase.schema import UseCase

__all__ = ["Facts", "gathered", "raw_frames"]


@dataclass(frozen=True)
class Facts:
    """``kinds`` are those of the text columns that hold something else; ``gappy`` the whole-number columns that lack
    a value somewhere, and so are float64 everywhere."""

    kinds: dict[str, Kind]
    gappy: tuple[str, ...]


def gathered(store: Store, use_case: UseCase, snapshot: Snapshot) -> Facts:
    """Go through the columns that leave something open. Memory for one part."""
    declared = declared_kinds(use_case)
    columns = {column.name: column.type for column in snapshot.manifest(store).columns}
    readings = {
        name: Readings(snapshot.rows)
        for name, kind in columns.items()
        if name not in declared and kind in ("string", "large_string")
    }
    gaps: set[str] = set()
    for part in snapshot.readers(store):
        gaps |= part.gaps()
        frame = normalise(part.frame([name for name, one in readings.items() if one.open]), use_case.clean, {})
        for name, column in frame.items():
            readings[str(name)].add(column, use_case.clean)
    found = {name: one.kind() for name, one in readings.items() if one.open}
    return Facts(
        kinds={name: kind for name, kind in found.items() if kind is not None},
        gappy=tuple(name for name, kind in columns.items() if "int" in kind and name in gaps),
    )


def raw_frames(store: Store, snapshot: Snapshot, facts: Facts) -> Iterator[pd.DataFrame]:
    """The raw rows, a frame a part, every column with one dtype in all of them."""
    for frame in snapshot.frames(store):
        whole = [name for name in facts.gappy if frame[name].dtype.kind in "iu"]
        yield frame.astype(dict.fromkeys(whole, "float64")) if whole else frame
