"""What tuning and training hand on."""

from __future__ import annotations

from pydantic import Field

from tidemill.results.record import Record

__all__ = ["Contribution", "Fit", "Line", "ModelReference", "Study"]


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
    member, where one pays. ``ends_rounds`` is how many rounds of the ends of intervals there is time for; None: as
    many as the best trial has.
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
    ends_rounds: int | None = None

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
