"""What judging a model hands on, and the whole of a run."""

from __future__ import annotations

from typing import Literal

from tidemill.results.checks import Validation
from tidemill.results.labels import Labelled
from tidemill.results.learned import ModelReference, Study
from tidemill.results.record import Interval, Record
from tidemill.results.rows import Cleaned, Collected, RowBalance, Split
from tidemill.results.verdicts import Finding, Lead, Seen, SliceTest
from tidemill.said import Said

__all__ = ["Baseline", "Decision", "Evaluation", "Lineage", "Proof", "Report", "TrainingRun"]


class Baseline(Record):
    """A model raced on the same gate rows. ``difference`` is the challenger's lead, signed so that more is better.

    ``lead`` is what the gate goes by; None in evaluations from before it was taken.
    """

    name: str
    value: float
    difference: Interval
    lead: Lead | None = None


class Evaluation(Record):
    """The verdict on a model. ``key`` is the stored JSON with curves, slices and importances.

    ``findings`` are what each rule of the gate made of the numbers (:mod:`tidemill.gate`); ``reasons`` are those that
    speak against the model, in English. ``slices`` were tested against the champion, ``seen`` says which gate rows were
    left out because somebody had trained on them, and ``absent`` are classes that no gate row has. All are empty in
    evaluations from before they were taken.
    """

    subject: str
    passed: bool
    reasons: tuple[str, ...]
    metric: Interval
    metrics: tuple[Interval, ...]
    baselines: tuple[Baseline, ...]
    champion: Baseline | None
    rows: int
    key: str
    slices: tuple[SliceTest, ...] = ()
    seen: tuple[Seen, ...] = ()
    absent: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


class Proof(Record):
    """Whether the stored Model answers as the training code did. ``key`` is the stored JSON with each disagreement.

    ``rows`` were asked in each of the ``ways``; ``largest`` is the largest difference that was no disagreement.
    """

    passed: bool
    reasons: tuple[Said, ...]
    rows: int
    ways: tuple[str, ...]
    largest: float
    key: str


class Decision(Record):
    """What the gate decided on a version, in a sentence. ``entry`` is the ledger entry's key.

    ``said`` is the sentence in parts that can be said in any language: the outcome in a word or two, then its reasons.
    """

    version: str
    promoted: bool
    action: Literal["promote", "refuse", "wait"]
    sentence: str
    entry: str
    said: tuple[Said, ...] = ()


class Stated(Record):
    """What a version's pages are written from beside the version: ``decision.json`` beside them.

    ``seconds`` is wall time a stage.
    """

    format: Literal[1] = 1
    decision: Decision
    seconds: dict[str, float]


class Report(Record):
    """Where a version's pages are, as keys of the lake: ``html`` for engineers, ``summary`` for those who decide.

    ``card`` is the model card as Markdown, ``card_page`` as HTML. The last two are empty in records from before them.
    """

    version: str
    html: str
    card: str
    summary: str = ""
    card_page: str = ""


class Lineage(Record):
    """Everything that a version was made from and judged on, by reference.

    ``proof`` is None for versions from before there were proofs.
    """

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
    proof: Proof | None = None


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
