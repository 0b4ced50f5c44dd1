"""What is stored beside the parts of a Snapshot: which they are, where they came from, what was taken out since."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from tidemill.store import Json

__all__ = ["FORMAT", "Column", "Frozen", "Manifest", "Part", "Redaction", "part_key"]

FORMAT = 2
"""The newest format that is read: a manifest without redactions is written as format 1."""


class Frozen(BaseModel):
    """What never changes once it is made, and knows no other fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Part(Frozen):
    """One Parquet file of a Snapshot. ``name`` is its file name below ``<use_case>/parts``."""

    name: str
    rows: int
    bytes: int
    sha256: str


class Column(Frozen):
    """A column's name and Arrow type."""

    name: str
    type: str


class Redaction(Frozen):
    """Rows that an erasure took out after the Snapshot was written.

    ``parts`` has, by the sha256 of each part that held some, that of the part in its place.
    """

    erasure: str
    when: datetime
    rows: int
    parts: dict[str, str]


class Manifest(Frozen):
    """What a Snapshot is and where it came from.

    ``parents`` are the ids of the Snapshots that the first run to make this content made it from. ``rows``, and the
    parts, are those that are left after ``redactions``; the id stays that of what was written.
    """

    format: Literal[1, 2] = 1
    use_case: str
    id: str
    kind: str
    rows: int
    columns: tuple[Column, ...]
    parts: tuple[Part, ...]
    parents: tuple[str, ...] = ()
    watermark: datetime | None = None
    created: datetime
    code: str | None = None
    redactions: tuple[Redaction, ...] = ()

    def part_keys(self) -> tuple[str, ...]:
        """The lake's keys of the Parquet files, in row order."""
        return tuple(part_key(self.use_case, part.name) for part in self.parts)

    def redacted(self, erasure: str, when: datetime, parts: Mapping[str, Part]) -> Manifest:
        """The same with other ``parts`` in place of some, by their sha256."""
        left = tuple(parts.get(part.sha256, part) for part in self.parts)
        rows = sum(part.rows for part in left)
        swapped = {old.sha256: new.sha256 for old, new in zip(self.parts, left, strict=True) if old != new}
        note = Redaction(erasure=erasure, when=when, rows=self.rows - rows, parts=swapped)
        return self.model_copy(
            update={"format": 2, "rows": rows, "parts": left, "redactions": (*self.redactions, note)}
        )

    def stored(self) -> Json:
        """What is written: one without redactions as any Tidemill can read it."""
        return self.model_dump(mode="json", exclude=None if self.redactions else {"redactions"})


def part_key(use_case: str, name: str) -> str:
    """The lake's key of a part, by its file name."""
    return f"{use_case}/parts/{name}"
