"""What judging the data hands on."""

from __future__ import annotations

from typing import Literal

from tidemill.results.record import Record
from tidemill.snapshot import Snapshot

__all__ = ["ExpectationResult", "InputValidation", "Leak", "PersonalColumn", "Trap", "Validation"]


class ExpectationResult(Record):
    """One expectation's outcome, in words a person can read."""

    expectation: str
    column: str | None
    severity: Literal["critical", "warning", "info"]
    passed: bool
    observed: str
    refused_rows: int = 0
    note: str = ""


class Leak(Record):
    """A column that knows the answer, with its evidence. It is left out of the model unless allowed.

    ``kind`` is the first of its evidence: ``made_of`` the target, ``filled_after`` the event, ``telling``
    alone, the target in ``disguise``, a ``difference`` of two columns, a ``text`` that names the class.
    """

    column: str
    evidence: str
    allowed: bool = False
    kind: Literal["made_of", "filled_after", "telling", "disguise", "difference", "text"] = "telling"


class Trap(Record):
    """Something about the data that would make a model or its proof worth less than it looks.

    ``columns`` is empty where it is about the rows. ``critical`` stops the run unless ``allowed``,
    ``warning`` is reported (a column that names rows is left out), ``info`` is noted.
    """

    kind: Literal["names_rows", "time_order", "class_order", "later_than_row", "duplicates", "target_moved", "changed"]
    severity: Literal["critical", "warning", "info"]
    evidence: str
    columns: tuple[str, ...] = ()
    allowed: bool = False

    @property
    def stops(self) -> bool:
        """Whether nothing may be trained because of it."""
        return self.severity == "critical" and not self.allowed


class PersonalColumn(Record):
    """A column with personal data. It is left out of the model unless allowed, and masked in every report.

    ``kind`` is one of :data:`tidemill.personal.PersonalKind`; ``share`` is of the values in the ``sampled``
    rows, and ``example`` is one of them, masked.
    """

    column: str
    kind: str
    share: float
    sampled: int
    example: str
    evidence: str
    allowed: bool = False


class Validation(Record):
    """The verdict on the data. ``excluded`` maps a column to why it stays out of the model."""

    subject: str
    passed: bool
    reasons: tuple[str, ...]
    results: tuple[ExpectationResult, ...]
    leaks: tuple[Leak, ...]
    excluded: dict[str, str]
    snapshot: Snapshot
    quarantine: Snapshot | None
    data_docs: str | None = None
    personal: tuple[PersonalColumn, ...] = ()
    traps: tuple[Trap, ...] = ()

    @property
    def masked(self) -> dict[str, str]:
        """The columns whose values no report may print, with the kind that :func:`tidemill.personal.mask` takes."""
        return {one.column: one.kind for one in self.personal}


class InputValidation(Record):
    """The verdict on rows that are to be scored. ``judged`` of the ``rows`` were looked at, evenly taken.

    ``subject`` is where they are; without a suite there are no ``results``.
    """

    subject: str
    rows: int
    judged: int
    passed: bool
    reasons: tuple[str, ...]
    results: tuple[ExpectationResult, ...]
    data_docs: str | None = None
