"""What an evaluation found, as it is stored: ``<use_case>/evaluations/<id>.json``, format 1.

Everything that the report plots is here, thinned to what an eye can tell apart, and no row of the data.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import ValidationError

from tidemill.errors import UserError
from tidemill.fairness.records import Fairness
from tidemill.results import Interval, Record
from tidemill.store import Store
from tidemill.task import Task

__all__ = [
    "FORMAT",
    "Bin",
    "Binary",
    "ClassScore",
    "Contender",
    "Curve",
    "Cut",
    "Dependence",
    "Evidence",
    "Forecast",
    "Histogram",
    "Importance",
    "Interaction",
    "LeftOut",
    "Multiclass",
    "PeriodError",
    "Piece",
    "Ranking",
    "Regression",
    "Shuffled",
    "Side",
    "Slice",
    "Track",
    "TwoWay",
    "load_evidence",
]

FORMAT = 1

Kind = Literal["number", "category", "time", "boolean"]


class Curve(Record):
    """A line through points, x ascending."""

    x: tuple[float, ...]
    y: tuple[float, ...]


class Contender(Record):
    """One of the models on the gate rows: its metrics, and for binary tasks its ROC curve."""

    name: str
    role: Literal["challenger", "baseline", "champion"]
    metrics: tuple[Interval, ...]
    roc: Curve | None = None


class Bin(Record):
    """Rows with like predictions: what was predicted on average, what happened, and an interval for that."""

    predicted: float
    observed: float
    low: float
    high: float
    rows: int


class Histogram(Record):
    """Counts between edges, for each of the named groups of rows."""

    edges: tuple[float, ...]
    counts: dict[str, tuple[int, ...]]


class Cut(Record):
    """What happens when rows are flagged whose probability is at least ``threshold``: shares of all rows, and so on."""

    flagged: float
    threshold: float
    precision: float
    recall: float


class Binary(Record):
    """Two classes. ``confusion`` is [[true negative, false positive], [false negative, true positive]].

    ``costs`` are what a row costs on average by the use case's cost matrix, less what it gains: as the model decides,
    if the positive class was never said, and if it was always said.
    """

    positive: str
    negative: str
    threshold: float
    prevalence: float
    pr: Curve
    calibration: tuple[Bin, ...]
    calibration_error: float
    histogram: Histogram
    confusion: tuple[tuple[int, int], tuple[int, int]]
    cuts: tuple[Cut, ...]
    costs: tuple[Interval, ...] = ()


class ClassScore(Record):
    """One class against the rest. None where it can't be said: never predicted, or not among the rows."""

    label: str
    rows: int
    precision: float | None
    recall: float | None
    auc: float | None


class Multiclass(Record):
    """Several classes. ``confusion`` is truth by prediction; both over ``shown`` classes, the rest as the last."""

    classes: tuple[ClassScore, ...]
    shown: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    calibration: tuple[Bin, ...]
    calibration_error: float


class Regression(Record):
    """Numbers. ``covered`` is the share of rows inside of the predicted intervals, meant to be ``coverage``.

    ``covered_low`` and ``covered_high`` are its bootstrap interval, ``way`` how the intervals are made; empty in
    evaluations from before they were taken.
    """

    calibration: tuple[Bin, ...]
    residuals: Histogram
    errors: dict[str, float]
    coverage: float
    covered: float
    width: float
    covered_low: float | None = None
    covered_high: float | None = None
    way: str = ""


class Ranking(Record):
    """Orders of the rows of each query. ``gain`` is what a grade is worth in NDCG.

    ``undefined`` queries have no relevant row and are left out of the metrics; ``alike`` ones have one row or one
    grade, so that any order is right. ``grades`` holds the mean grade at each of the first places, and
    ``first_is_best`` the share of the other queries whose first row has their best grade, each for ``model``,
    ``baseline`` (the strongest plain model), ``ideal`` and ``shuffled``. ``spread`` counts queries by the deciding
    metric.
    """

    gain: Literal["exponential", "linear"]
    queries: int
    undefined: int
    alike: int
    rows_of_a_query: float
    longest: int
    grades: dict[str, tuple[float, ...]]
    first_is_best: dict[str, float]
    spread: Histogram


class Track(Record):
    """What happened and what was predicted over time, in means over all series of stretches of ``every`` seconds.

    ``at`` are their starts in seconds since 1970; ``naive`` is empty where there is no seasonal naive forecast.
    """

    at: tuple[float, ...]
    every: float
    actual: tuple[float, ...]
    predicted: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    naive: tuple[float, ...] = ()


class PeriodError(Record):
    """The mean absolute error in one hour of the day or on one weekday, and the seasonal naive forecast's."""

    period: str
    rows: int
    error: float
    naive_error: float | None


class Forecast(Record):
    """A forecast in time. ``error`` is the mean absolute one, ``naive_error`` that of repeating a ``season``.

    ``scaled_error`` is the first over the naive forecast's error on training rows (MASE: Hyndman and Koehler, 2006).
    """

    horizon: str
    season: str | None
    error: float
    naive_error: float | None
    scaled_error: float | None
    window: Track
    newest: Track
    by: Literal["hour", "weekday"]
    periods: tuple[PeriodError, ...]


class Slice(Record):
    """The metric on the rows of one value of one column. ``verdict`` compares its interval with all rows' value.

    ``outcome`` is the target's mean there (for several classes, of its codes) and ``baseline`` what the
    strongest baseline reaches on the same rows.
    """

    column: str
    value: str
    rows: int
    outcome: float
    metric: Interval | None
    baseline: float | None
    verdict: Literal["better", "alike", "worse", "too few rows"]


class Importance(Record):
    """How much a column moves predictions: the mean of its absolute contribution, and its share of all columns'."""

    column: str
    mean: float
    share: float


class Piece(Record):
    """Rows with like values of a column, and what the column adds to their score: mean, lowest and highest tenth.

    ``x`` is the mean value for numbers, seconds since 1970 for times, and None for a category.
    """

    label: str
    x: float | None
    rows: int
    mean: float
    low: float
    high: float


class Dependence(Record):
    """How a column's contribution hangs on its value."""

    column: str
    kind: Kind
    pieces: tuple[Piece, ...]


class Interaction(Record):
    """How much two columns move answers together, beyond what each does by itself: the mean absolute interaction."""

    columns: tuple[str, str]
    mean: float


class Side(Record):
    """The rows with like values of one column, and what two columns add together there, over the other's values."""

    label: str
    pieces: tuple[Piece, ...]


class TwoWay(Record):
    """What columns ``x`` and ``by`` add together: a line over the values of ``x`` for each side of ``by``."""

    x: str
    by: str
    kind: Kind
    sides: tuple[Side, ...]


class Shuffled(Record):
    """What the deciding metric loses when the values of columns that go together are shuffled; more is worse."""

    columns: tuple[str, ...]
    loss: Interval


class LeftOut(Record):
    """What the deciding metric loses by fitting without columns: two boosters on ``rows`` training rows, paired."""

    columns: tuple[str, ...]
    loss: Interval
    rows: int


class Evidence(Record):
    """The whole of what the gate rows showed about one Model.

    ``contribution_unit`` is what contributions are in; ``explained_rows`` how many rows they are a sample of.
    ``weight`` is the column that said how much each row counts in the metrics. ``fairness`` is None where the use case
    names no groups. ``interactions`` (the strongest first) are of ``interaction_rows`` rows and of
    ``interaction_share`` of the trees; 0 rows where finding out would have taken too long, None where it was not tried
    yet. Columns were ``shuffled`` on ``shuffled_rows`` rows; ``left_out`` is None where none seemed idle or there was
    no fitting anew.
    """

    format: Literal[1] = 1
    use_case: str
    subject: str
    task: Task
    metric: str
    target: str
    rows: int
    since: datetime | None
    until: datetime | None
    confidence: float
    resamples: int
    seed: int
    contenders: tuple[Contender, ...]
    binary: Binary | None = None
    multiclass: Multiclass | None = None
    regression: Regression | None = None
    ranking: Ranking | None = None
    forecast: Forecast | None = None
    slices: tuple[Slice, ...]
    importances: tuple[Importance, ...]
    dependence: tuple[Dependence, ...]
    contribution_unit: str
    explained_rows: int
    weight: str | None = None
    fairness: Fairness | None = None
    interactions: tuple[Interaction, ...] = ()
    interaction_rows: int | None = None
    interaction_share: float = 1.0
    two_way: tuple[TwoWay, ...] = ()
    shuffled: tuple[Shuffled, ...] = ()
    shuffled_rows: int = 0
    left_out: LeftOut | None = None

    @property
    def challenger(self) -> Contender:
        """The Model itself."""
        return next(one for one in self.contenders if one.role == "challenger")


def load_evidence(store: Store, key: str) -> Evidence:
    """Read a stored evaluation. Raises UserError when it is missing, damaged or of a newer format."""
    where = store.url_of(key)
    try:
        said = store.read_json(key)
    except KeyError:
        raise UserError(f"{where} is missing: restore the evaluation from a backup, or train again") from None
    stored = said.get("format") if isinstance(said, dict) else None
    if isinstance(stored, int) and stored > FORMAT:
        raise UserError(f"{where} has format {stored}; this Tidemill reads up to {FORMAT}: upgrade Tidemill")
    try:
        return Evidence.model_validate(said)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the record"
        raise UserError(f"{where} is damaged: {field}: {first['msg']}. Restore it from a backup") from None
