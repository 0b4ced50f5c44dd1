"""What monitoring says and stores: one verdict a window, and one for the run."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from tidemill.cleaning import Kind
from tidemill.results import ExpectationResult, Interval, Record
from tidemill.said import Said
from tidemill.snapshot import Snapshot

__all__ = [
    "FORMAT",
    "LEVELS",
    "Alarm",
    "AlarmKind",
    "Balance",
    "Clause",
    "ColumnDrift",
    "DriftReport",
    "Finding",
    "Level",
    "Monitored",
    "Quality",
    "Span",
    "Window",
]

FORMAT = 1

Level = Literal["note", "warn", "page"]
LEVELS: tuple[Level, ...] = ("note", "warn", "page")
AlarmKind = Literal[
    "damaged",
    "data",
    "rows",
    "refused",
    "drift",
    "missing",
    "unseen",
    "prediction",
    "quality",
    "estimate",
    "calibration",
]


class Span(Record):
    """A time window, ``since`` within and ``until`` not; None where the use case has no time."""

    since: datetime | None
    until: datetime | None


class Window(Record):
    """One window's rows. ``rows`` is None when none arrived; ``labelled`` are those whose label is known.

    ``young`` tells that less than half of the window has gone by, so that its drift can't be judged.
    """

    span: Span
    rows: Snapshot | None
    labelled: Snapshot | None
    young: bool = False


class Clause(Record):
    """One thing that an alarm says; ``about`` is the column that it is about, if there is one."""

    about: str = ""
    said: Said

    @property
    def english(self) -> str:
        """The clause in English, the column before it."""
        return f"`{self.about}` {self.said.english}" if self.about else self.said.english


class Alarm(Record):
    """Something that somebody should know. ``since`` is the start of the first window where it began.

    ``what`` is English; ``clauses`` are the same for any language, empty in records from before them. ``was`` is the
    level of an alarm that is over.
    """

    level: Level
    kind: AlarmKind
    what: str
    columns: tuple[str, ...]
    since: datetime | None
    advice: str
    clauses: tuple[Clause, ...] = ()
    was: Level | None = None


class Finding(Record):
    """One thing worth saying of a column: it moved, lacks values, or brings values that training never had.

    ``words`` are English, ``said`` the same for any language; None in records from before it.
    """

    kind: Literal["drift", "missing", "unseen"]
    level: Level
    words: str
    said: Said | None = None


class ColumnDrift(Record):
    """How one column of a window differs from training; ``findings`` are what is worth saying of it.

    ``psi`` less ``noise`` (what sampling alone adds) is compared with the use case's limit; ``bound`` is
    what chance alone exceeds at the stated rate, ``usual`` the most that training's own windows moved.
    ``counts`` are the window's rows in the reference's bins, ``missing`` a share of the rows, ``unseen``
    the share with values that training never had, ``examples`` some of those.
    """

    name: str
    kind: Kind
    rows: int
    psi: float
    noise: float
    bound: float
    usual: float | None
    counts: tuple[int, ...]
    missing: float
    missing_before: float
    unseen: float
    examples: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def level(self) -> Level | None:
        """The most urgent finding's; None without one."""
        return max((one.level for one in self.findings), key=LEVELS.index, default=None)

    @property
    def movement(self) -> float:
        """The population stability index without what sampling adds to it, 0 or more."""
        return max(0.0, self.psi - self.noise)


class Balance(Record):
    """Binary only: the share of positives that the probabilities promised, and the share that came."""

    promised: float
    came: Interval


class Quality(Record):
    """The metric on the gate rows (``proven``), as estimated without labels, and as measured on labels that arrived.

    ``labels`` is the number of rows measured on. None stands for what could not be had.
    """

    proven: Interval
    estimated: Interval | None
    measured: Interval | None
    labels: int
    balance: Balance | None = None


class DriftReport(Record):
    """The verdict on one window: did it ``pass``, and why not. ``subject`` is the Snapshot that was judged."""

    format: Literal[1] = 1
    use_case: str
    version: str
    subject: str | None
    window: Span
    young: bool
    rows: int
    passed: bool
    reasons: tuple[str, ...]
    alarms: tuple[Alarm, ...]
    columns: tuple[ColumnDrift, ...]
    prediction: ColumnDrift | None
    quality: Quality
    results: tuple[ExpectationResult, ...]
    data_docs: str | None
    created: datetime


class Monitored(Record):
    """One monitoring run: what ``tidemill monitor --json`` prints, and the windows behind it.

    ``alarms`` are those of the newest window, and of earlier windows of this run as notes where they
    are over. ``report`` is the HTML page's key in the lake.
    """

    format: Literal[1] = 1
    use_case: str
    version: str
    window: Span
    rows: int
    refused: dict[str, int]
    alarms: tuple[Alarm, ...]
    quality: Quality
    passed: bool
    reasons: tuple[str, ...]
    report: str
    windows: tuple[DriftReport, ...]
