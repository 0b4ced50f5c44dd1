"""The section that says what tuning may spend and what it goes by, with what answers cost."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from tidemill.secrets import IN_CLEAR, literal_in_url
from tidemill.task import Metric
from tidemill.usecase.section import Section, Share
from tidemill.usecase.values import FieldError, Size, Text

__all__ = ["CostRules", "TuneRules"]

Weight = Annotated[float, Field(gt=0.0)]


class Costs(Section):
    """What a wrong answer costs, a row."""

    false_positive: float = Field(ge=0, description="The positive class is said, and it is the other.")
    false_negative: float = Field(ge=0, description="The positive class is missed.")


class Gains(Section):
    """What a right answer brings, a row, in the unit of the costs."""

    true_positive: float = Field(0.0, ge=0, description="The positive class is said, rightly.")
    true_negative: float = Field(0.0, ge=0, description="The other class is said, rightly.")


class CostRules(Section):
    """Cuts the probability where a row is expected to cost least."""

    costs: Costs = Field(description=Costs.__doc__ or "")
    gains: Gains = Field(default_factory=Gains, description=Gains.__doc__ or "")

    @model_validator(mode="after")
    def _says_something(self) -> CostRules:
        if not self.of_missing or not self.of_raising:
            raise FieldError("costs", "both mistakes must cost something, or there is nothing to weigh")
        return self

    @property
    def of_missing(self) -> float:
        """What missing a positive loses, beside finding it."""
        return self.costs.false_negative + self.gains.true_positive

    @property
    def of_raising(self) -> float:
        """What a false alarm loses, beside keeping silent."""
        return self.costs.false_positive + self.gains.true_negative


class TuneRules(Section):
    """What tuning may spend, and on what."""

    budget: float = Field(60.0, gt=0, description="Seconds for the whole of tuning and the final fit.")
    trials: int | None = Field(
        None, ge=1, description="Stop after this many trials, whatever the clock says: a run that repeats exactly."
    )
    metric: Metric = Field(
        "auto",
        description="What tuning and the gate go by. `auto`: auc, log_loss (several classes), rmse or "
        "poisson_deviance (counts).",
    )
    pairs: bool = Field(
        False,
        description="Try differences and ratios of the strongest numbers, and keep those that pay on validation rows. "
        "They rarely do, and finding out takes some seconds.",
    )
    most_boosters: int = Field(
        20, ge=1, description="Most boosters that the model averages: more are steadier, and take longer to answer."
    )
    latency_ms: float | None = Field(
        None, gt=0, description="Milliseconds that answering one row may take: the model averages no more than fits."
    )
    size_mb: float | None = Field(
        None, gt=0, description="Megabytes that the model's files may take, roughly: it averages no more than fits."
    )
    threads: int | None = Field(None, ge=1, description="Threads to use. Left out: all that the machine offers.")
    memory: Size | None = Field(
        None,
        description="Memory that tuning and training may take, such as `6GB`; rows that do not fit are streamed. "
        "Left out: what the machine and its container have to spare.",
    )
    threshold: Literal["auto", "f1", "accuracy", "balanced_accuracy", "mcc"] | Share | CostRules = Field(
        "auto",
        description="Binary only: where to cut the probability: a number, what it makes best on validation rows, or "
        "the `costs` that it makes least. `auto` is the metric where that needs a cut, else f1.",
    )
    class_weights: Literal["balanced"] | dict[str, Weight] | None = Field(
        None,
        description="Classification only: how much a row counts while trees are grown, by its class: `balanced`, or "
        "a number a class. Probabilities stay honest: they are calibrated, and judged, without.",
    )
    intervals: Literal["auto", "conformal", "quantile"] = Field(
        "auto",
        description="Regression and counts: how intervals are made. `conformal` sizes them by what errors were on "
        "validation rows, `quantile` boosts both ends and then corrects them so; `auto` takes the narrower.",
    )
    coverage: Share = Field(0.9, description="Regression and counts: the share of rows that intervals are to hold.")
    storage: Text | None = Field(
        None,
        description="Where several processes or machines share the study: a path for Optuna's journal file (a relative "
        "one starts at the use case's folder), or a PostgreSQL database, `postgresql://tuner:${DB_PASSWORD}@host/optuna`"
        ". Left out: the study is in the lake, for one process at a time.",
    )

    @model_validator(mode="after")
    def _storage_is_one(self) -> TuneRules:
        if self.storage is None or "://" not in self.storage:
            return self
        if not self.storage.startswith(("postgresql://", "postgresql+psycopg2://", "${")):
            raise FieldError(
                "storage", "it is a path for a journal file, or the URL of a PostgreSQL database, `postgresql://…`"
            )
        literal = literal_in_url(self.storage)
        if literal is not None:
            raise FieldError("storage", IN_CLEAR.format(literal))
        return self
