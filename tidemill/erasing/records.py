"""What an erasure found, removed and proved, as it is stored: ``<use_case>/erasures/<id>.json``."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from tidemill.results import Record

__all__ = ["FORMAT", "AffectedVersion", "Erasure", "Hit", "Lifted", "Proof", "Removed", "Unscanned"]

FORMAT = 1


class Removed(Record):
    """Rows that went out of one object of the lake: a Snapshot (its id), a file of predictions or a model (its key).

    ``kind`` is a Snapshot's own, `predictions`, `label answers` or `model`. Snapshots share parts, so that the rows of
    two of them may be the same bytes.
    """

    kind: str
    name: str
    rows: int


class AffectedVersion(Record):
    """A version that learnt from, or was judged on, erased rows. What its trees have learnt can't be taken out."""

    version: str
    champion: bool
    train_rows: int
    gate_rows: int

    @property
    def retrain(self) -> bool:
        """Whether it learnt from them."""
        return self.train_rows > 0


class Hit(Record):
    """A place where the value still stands. ``where`` is a column, or `text`."""

    key: str
    where: str
    times: int


class Unscanned(Record):
    """An object that could not be looked through, and why."""

    key: str
    why: str


class Proof(Record):
    """A look through every object of the use case in the lake, after the removal.

    ``columns_only`` counts values that are too short or too common to be looked for in texts and binary files: they
    were looked for in the columns and fields that hold such values.
    """

    objects: int
    bytes: int
    tables: int
    hits: tuple[Hit, ...]
    unscanned: tuple[Unscanned, ...]
    columns_only: int
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether everything was looked through, and nothing found."""
        return not self.hits and not self.unscanned


class Erasure(Record):
    """One run of an erasure. ``subjects`` are salted hashes of the values of ``column``, never the values.

    ``rewritten`` are other objects that named the person, ``outside`` are predictions beyond the lake that could
    not be reached. A preview has removed nothing and has no ``proof``.
    """

    format: Literal[1] = 1
    use_case: str
    id: str
    column: str
    subjects: tuple[str, ...]
    who: str
    when: datetime
    why: str
    removed: tuple[Removed, ...]
    rewritten: tuple[str, ...]
    versions: tuple[AffectedVersion, ...]
    outside: tuple[str, ...] = ()
    proof: Proof | None = None
    seconds: float = 0.0

    @property
    def rows(self) -> int:
        """Rows that were removed, each counted in every object that held it."""
        return sum(one.rows for one in self.removed)

    @property
    def preview(self) -> bool:
        """Whether it only looked."""
        return self.proof is None


class Lifted(Record):
    """Erasures that no longer refuse anybody: of so many ``subjects``, so many were erased before."""

    use_case: str
    column: str
    subjects: int
    lifted: int
