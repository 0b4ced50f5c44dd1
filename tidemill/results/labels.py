"""What labelling hands on."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from tidemill.results.record import Record
from tidemill.snapshot import Snapshot
from tidemill.task import Task

__all__ = ["ClassCount", "FunctionVotes", "LabelArrivals", "Labelled", "StoredLabelModel", "Voting"]


class ClassCount(Record):
    """A class of the target, as predictions name it, and how many rows have it."""

    label: str | int | bool
    rows: int


class LabelArrivals(Record):
    """What came of the rows of a label source by the moment ``now``.

    ``rows`` = ``later`` (known only after that moment) + ``unreadable`` (without a key or a moment)
    + ``superseded`` (corrected by a newer one of the same key) + ``orphans`` (labels that no row asked
    for) + ``used`` (labels that rows have). Of rows: ``absent`` count as the value of a label that never
    came, ``early`` have a label that was known before the row's own time. ``tied`` are keys with two
    different labels at one moment.
    """

    source: str
    now: datetime
    rows: int
    later: int
    unreadable: int
    superseded: int
    orphans: int
    used: int
    tied: int
    absent: int
    early: int


class FunctionVotes(Record):
    """How one labelling function did, in shares of the rows that were asked about.

    ``coverage``: it voted; ``overlaps``: another did too; ``conflicts``: another said something else.
    ``accuracy`` is the label model's estimate of how often it is right where it votes; ``gold_accuracy``
    is measured on the ``gold_rows`` of known target that it voted on.
    """

    name: str
    says: str
    coverage: float
    overlaps: float
    conflicts: float
    accuracy: float | None
    gold_rows: int
    gold_accuracy: float | None


class StoredLabelModel(Record):
    """What a label model learned, for later rows: ``priors`` by class, ``confusion`` by function, class and answer
    (the last is to abstain). ``classes`` are texts of the labels, ``functions`` names, both in order."""

    functions: tuple[str, ...]
    classes: tuple[str, ...]
    priors: tuple[float, ...]
    confusion: tuple[tuple[tuple[float, ...], ...], ...]


class Voting(Record):
    """What labelling functions made of the ``rows`` that they were asked about.

    ``rows`` = ``gold`` (had a target already) + ``labelled`` + ``silent`` (nobody voted) + ``tied`` + ``unsure``
    (below the least confidence). ``confidence`` counts rows by how sure their label is, in steps of 0.05
    from 0 to 1. ``gold_accuracy`` is of the combined labels, on the ``gold_voted`` rows of known target
    that somebody voted on. ``votes`` is a Snapshot of every row with a vote.
    """

    functions: tuple[FunctionVotes, ...]
    model: StoredLabelModel | None
    rows: int
    gold: int
    labelled: int
    silent: int
    tied: int
    unsure: int
    gold_voted: int
    gold_accuracy: float | None
    confidence: tuple[int, ...]
    votes: Snapshot


class Labelled(Record):
    """Rows with their target under ``UseCase.target_name``.

    In the Snapshot the target is an integer code (int64) for classification, the index into ``classes``
    (binary: code 1 is the positive class), and float64 otherwise, where ``classes`` is empty.
    ``arrivals`` is there when the target comes from a label source, ``voting`` when functions gave labels.
    ``corrected`` rows have the label that a person gave them in place of another one, or of none. ``why`` says in a
    clause why it is this task, and ``gain`` what a grade is worth where rows are ranked.
    """

    snapshot: Snapshot
    quarantine: Snapshot | None
    refused: dict[str, int]
    waiting: int
    task: Task
    classes: tuple[ClassCount, ...]
    gain: Literal["exponential", "linear"] | None = None
    arrivals: LabelArrivals | None = None
    corrected: int = 0
    voting: Voting | None = None
    why: str = ""
