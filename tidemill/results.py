"""What each stage hands to the next: small frozen records, JSON both ways.

A record holds references and counts, never rows. Stage results are stored in the lake
(:mod:`tidemill.stages`), so changing a field here means a new ``STAGE_FORMAT`` there.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tidemill.snapshot import Snapshot
from tidemill.task import Task
from tidemill.usecase.cleaning import CleanRules

__all__ = [
    "Baseline",
    "ClassCount",
    "Cleaned",
    "Collected",
    "Contribution",
    "Decision",
    "Evaluation",
    "ExpectationResult",
    "Fit",
    "FunctionVotes",
    "InputValidation",
    "Interval",
    "LabelArrivals",
    "Labelled",
    "Leak",
    "Line",
    "Lineage",
    "ModelReference",
    "PersonalColumn",
    "Report",
    "RowBalance",
    "SourceRead",
    "Split",
    "StoredLabelModel",
    "Study",
    "TrainingRun",
    "Trap",
    "Validation",
    "Voting",
]


class Record(BaseModel):
    """Base of the records: frozen, and unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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
    """

    snapshot: Snapshot
    sources: tuple[SourceRead, ...]
    quarantine: Snapshot | None = None
    refused: dict[str, int] = Field(default_factory=dict)
    labels: Snapshot | None = None
    since: datetime | None = None
    until: datetime | None = None


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


class Split(Record):
    """Train and gate rows; ``boundary`` and ``end`` are the moments that divide them, when split by time.

    ``traps`` are what only the two sides together show.
    """

    by: Literal["time", "group", "query", "random"]
    train: Snapshot
    gate: Snapshot
    later: int = 0
    boundary: datetime | None = None
    end: datetime | None = None
    traps: tuple[Trap, ...] = ()


class Fit(Record):
    """A setting to be fitted on all training rows: that of ``trial``, for so many ``rounds``, from so many ``seeds``.

    ``weight`` is its share in the model's mean; ``learning_rate`` takes the place of the trial's own. ``rows`` is how
    many of the rows it is fitted on, where there is no time for all; ``kept`` that there is no time to fit it again,
    and the booster that the trial itself grew is taken.
    """

    trial: int
    weight: int
    rounds: int
    seeds: int
    learning_rate: float
    rows: int | None = None
    kept: bool = False


class Line(Record):
    """The linear member: ``tenths`` of the model's mean, with an L2 penalty of ``strength``."""

    tenths: int
    strength: float


class Study(Record):
    """A finished tuning record: where it is, how many trials, and the best of them.

    ``members`` are the trials that the Model is made of, the best first; a repeat is a larger weight. ``fits``
    says how each is fitted on all rows (empty in a Study of before there was a plan: each once, as it was tried).
    ``fit_seconds`` is what the budget has left for that; None where no clock is looked at. ``line`` is the linear
    member, where one pays.
    ``sample`` is how many of the training rows the recipe and the trials worked on; None for all of them.
    """

    use_case: str
    id: str
    metric: str
    trials: int
    pruned: int
    best_trial: int
    best_value: float
    best_parameters: dict[str, float | int | str | bool | None]
    members: tuple[int, ...]
    sample: int | None = None
    fits: tuple[Fit, ...] = ()
    fit_seconds: float | None = None
    line: Line | None = None

    @property
    def prefix(self) -> str:
        """The folder of its objects in the lake."""
        return f"{self.use_case}/studies/{self.id}"


class Contribution(Record):
    """What one process added to a study that several share: ``tried`` of its ``trials``."""

    use_case: str
    study: str
    tried: int
    trials: int


class ModelReference(Record):
    """A stored Model, by content: ``id`` is the sha256 (first 16 hex) of everything it predicts by.

    ``excluded`` says of every column that it does not read why not.
    """

    use_case: str
    id: str
    features: int
    excluded: dict[str, str] = Field(default_factory=dict)

    @property
    def prefix(self) -> str:
        """The folder of its objects in the lake."""
        return f"{self.use_case}/models/{self.id}"


class Interval(Record):
    """A measured value with its bootstrap interval."""

    name: str
    value: float
    low: float
    high: float


class Baseline(Record):
    """A model raced on the same gate rows. ``difference`` is the challenger's lead, signed so that more is better."""

    name: str
    value: float
    difference: Interval


class Evaluation(Record):
    """The verdict on a model. ``key`` is the stored JSON with curves, slices and importances."""

    subject: str
    passed: bool
    reasons: tuple[str, ...]
    metric: Interval
    metrics: tuple[Interval, ...]
    baselines: tuple[Baseline, ...]
    champion: Baseline | None
    rows: int
    key: str


class Decision(Record):
    """What the gate decided on a version, in a sentence. ``entry`` is the ledger entry's key."""

    version: str
    promoted: bool
    action: Literal["promote", "refuse", "wait"]
    sentence: str
    entry: str


class Report(Record):
    """Where a version's report and model card are, as keys of the lake."""

    version: str
    html: str
    card: str


class Lineage(Record):
    """Everything that a version was made from and judged on, by reference."""

    collected: Collected
    cleaned: Cleaned
    labelled: Labelled
    validation: Validation
    split: Split
    study: Study
    model: ModelReference
    evaluation: Evaluation
    usecase: str
    code: str | None


class RowBalance(Record):
    """Every collected row, accounted for: collected = deduplicated + quarantined + waiting + used."""

    collected: int
    deduplicated: int
    quarantined: int
    waiting: int
    used: int

    @model_validator(mode="after")
    def _balances(self) -> RowBalance:
        if self.collected != self.deduplicated + self.quarantined + self.waiting + self.used:
            raise ValueError(f"rows do not balance: {self!r}")
        return self


class TrainingRun(Record):
    """One run of the training flow, as its callers see it. ``seconds`` is wall time a stage, with ``total``."""

    use_case: str
    version: str
    decision: Decision
    report: Report
    lineage: Lineage
    balance: RowBalance
    excluded: dict[str, str]
    seconds: dict[str, float]
    reused: dict[str, bool]
