"""What collecting, cleaning and splitting hand on."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field, model_validator

from tidemill.results.checks import Trap
from tidemill.results.record import Record
from tidemill.snapshot import Snapshot
from tidemill.usecase.cleaning import CleanRules

__all__ = ["Cleaned", "Collected", "RowBalance", "SourceRead", "Split", "TrainedRows"]


class SourceRead(Record):
    """What was read of one source. ``columns`` are the primary source's own. ``unmatched`` counts primary rows that
    found no partner in it, ``too_old`` those of them for which there was one, older than the tolerance. ``files``
    is 0 for what is no file; ``notes`` say where its files disagree on columns. ``refused`` rows could not be read:
    those of a side source are in its ``quarantine``, those of the primary one in :attr:`Collected.quarantine`."""

    name: str
    url: str
    files: int
    rows: int
    unmatched: int = 0
    too_old: int = 0
    notes: tuple[str, ...] = ()
    refused: int = 0
    quarantine: Snapshot | None = None
    columns: tuple[str, ...] = ()


class Collected(Record):
    """The raw table: the primary source's rows with the side sources joined. ``since``/``until`` bound the time.

    ``refused`` counts, by reason, the primary source's rows that could not be read; they are all in
    ``quarantine``. ``labels`` holds the rows of the source that the target comes from, when there is one.
    ``erased`` rows were an erased person's: they are stored nowhere.
    """

    snapshot: Snapshot
    sources: tuple[SourceRead, ...]
    quarantine: Snapshot | None = None
    refused: dict[str, int] = Field(default_factory=dict)
    labels: Snapshot | None = None
    since: datetime | None = None
    until: datetime | None = None
    erased: int = 0


class Cleaned(Record):
    """Tidied rows. ``refused`` counts rows by reason; they are all in ``quarantine``.

    ``rules`` are the use case's, with what was fitted on the training rows; None in records from before there were any.
    """

    snapshot: Snapshot
    quarantine: Snapshot | None
    deduplicated: int
    refused: dict[str, int]
    changes: tuple[str, ...] = ()
    rules: CleanRules | None = None


class TrainedRows(Record):
    """What the rows of a train Snapshot are known by, stored beside it under ``key``: a sorted hash of each row.

    A hash is of the columns in ``names``, each read as its one of ``kinds``; ``sha256`` is of the stored bytes.
    """

    key: str
    names: tuple[str, ...]
    kinds: tuple[Literal["number", "time", "text"], ...]
    rows: int
    sha256: str


class Split(Record):
    """Train and gate rows; ``boundary`` and ``end`` are the moments that divide them, when split by time.

    ``traps`` are what only the two sides together show. ``trained`` is what the train rows are known by; None in
    records from before it was stored.
    """

    by: Literal["time", "group", "query", "random"]
    train: Snapshot
    gate: Snapshot
    later: int = 0
    boundary: datetime | None = None
    end: datetime | None = None
    traps: tuple[Trap, ...] = ()
    trained: TrainedRows | None = None


class RowBalance(Record):
    """Every collected row, accounted for: collected = deduplicated + quarantined + waiting + used + erased.

    ``erased`` rows were refused because a person had them erased; nothing of them is stored.
    """

    collected: int
    deduplicated: int
    quarantined: int
    waiting: int
    used: int
    erased: int = 0

    @model_validator(mode="after")
    def _balances(self) -> RowBalance:
        if self.collected != self.deduplicated + self.quarantined + self.waiting + self.used + self.erased:
            raise ValueError(f"rows do not balance: {self!r}")
        return self
