"""The sections of a ``usecase.yaml``: frozen pydantic models, every field described and defaulted."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from tidemill.errors import did_you_mean
from tidemill.expressions import columns_of
from tidemill.secrets import IN_CLEAR, literal_in_url
from tidemill.task import Metric
from tidemill.usecase.values import (
    Columns,
    Cron,
    Duration,
    Entry,
    Expression,
    FieldError,
    Moment,
    OrText,
    Size,
    Span,
    Text,
    section_from_text,
)

__all__ = [
    "ColumnRules",
    "CostRules",
    "EvaluateRules",
    "LabelFunction",
    "MonitorRules",
    "OneTarget",
    "ReportRules",
    "RetrainRules",
    "ScheduleRules",
    "ScoreRules",
    "Section",
    "ServeRules",
    "SplitRules",
    "Target",
    "TuneRules",
    "ValidateRules",
]

Weight = Annotated[float, Field(gt=0.0)]
Share = Annotated[float, Field(gt=0.0, lt=1.0)]


class Section(BaseModel):
    """A part of the file: unknown keys are refused, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_left_out(cls, said: object) -> object:
        """A field with nothing after its colon counts as left out: all of a section's lines may be comments."""
        if not isinstance(said, dict):
            return said
        known = {field.alias or name for name, field in cls.model_fields.items()}
        return {name: value for name, value in said.items() if value is not None or name not in known}


class LabelFunction(Section):
    """Gives the rows that it knows something about a label, and abstains from the others."""

    when: Expression | None = Field(
        None, description='True for the rows that it labels, such as `contains(lower(review), "refund")`.'
    )
    label: str | int | float | bool | None = Field(None, description="The label that it gives where `when` is true.")
    python: Entry | None = Field(
        None,
        description="`module:function` in the project: it takes a frame, and gives a label a row, null to abstain.",
    )

    @model_validator(mode="after")
    def _goes_together(self) -> LabelFunction:
        if (self.when is None) == (self.python is None):
            raise FieldError("when", "give `when` and a `label`, or `python`, one of the two")
        if (self.when is None) != (self.label is None):
            raise FieldError("label", "`when` and `label` go together; a `python` function gives labels itself")
        return self


class Target(Section):
    """What the model predicts."""

    column: Text | None = Field(None, description="The column that holds the target. Either this or `expression`.")
    expression: Expression | None = Field(
        None, description="An expression that makes the target, such as `arr_delay > 15`. Null in, no label out."
    )
    name: Text = Field("target", description="What the target is called, when no `column` holds it.")
    positive: str | int | float | bool | None = Field(
        None, description="Binary only: the class that counts as positive. Left out: true, 1, yes or the rarer one."
    )
    labels: dict[str, str] = Field(
        default_factory=dict, description="Names for the classes, such as `{true: late, false: on_time}`."
    )
    gain: Literal["auto", "exponential", "linear"] = Field(
        "auto",
        description="Ranking only: what a grade is worth at the top of a list. `exponential` is 2^grade - 1, for whole "
        "grades up to 31; `linear` is the grade itself. `auto`: exponential where the grades allow it.",
    )
    functions: dict[str, LabelFunction] = Field(
        default_factory=dict,
        description="Labelling functions, by name, for rows that have no target by `column` or `expression`.",
    )
    minimum_class_rows: int = Field(
        0,
        ge=0,
        description="A class with fewer rows is left out: they go to Quarantine.",
    )
    combine: Literal["model", "vote"] = Field(
        "model",
        description="How the functions' votes become one label: `model` weighs each function by how right it seems "
        "(Dawid-Skene), `vote` counts.",
    )
    minimum_confidence: float = Field(
        0.5, ge=0, lt=1, description="Rows that the functions are less sure of go to Quarantine."
    )

    @model_validator(mode="after")
    def _goes_together(self) -> Target:
        if self.column is None and self.expression is None and not self.functions:
            raise ValueError("name the target's `column`, or give an `expression` or `functions` that make it")
        for name in ("combine", "minimum_confidence"):
            if not self.functions and getattr(self, name) != type(self).model_fields[name].default:
                raise FieldError(name, "it is about labelling `functions`, and there are none")
        if self.column is not None and self.expression is not None:
            raise FieldError("expression", "the target has a `column` and an `expression`: leave one of them out")
        if len(set(self.labels.values())) < len(self.labels):
            raise FieldError("labels", "two classes have the same name: give each its own")
        return self

    @property
    def inputs(self) -> frozenset[str]:
        """The columns that it is made from: none when labelling functions alone make it."""
        if self.expression is not None:
            return columns_of(self.expression)
        return frozenset() if self.column is None else frozenset({self.column})


OneTarget = Annotated[Target, BeforeValidator(section_from_text("column")), OrText("The target's column.")]


class ColumnRules(Section):
    """Which columns the model may see, and as what."""

    forbid: Columns = Field((), description="Columns that are not known when a prediction is asked for.")
    ignore: Columns = Field((), description="Columns to leave out of the model for any other reason.")
    allow: Columns = Field((), description="Columns that the leak check must not exclude.")
    types: dict[str, Literal["number", "category", "time", "boolean", "text", "pixels"]] = Field(
        default_factory=dict,
        description="What a column is, where the inferred type is wrong. `text` is read by its words; `pixels` are "
        "lists of numbers, as many in each row.",
    )
    personal: dict[str, Literal["allow", "leave_out", "not_personal"]] = Field(
        default_factory=dict,
        description="What the scan for personal data must take your word for: `allow` lets the model read the column "
        "(reports mask it all the same), `leave_out` names one that the scan does not see, `not_personal` one that it "
        "takes for personal and is not.",
    )

    monotone: dict[str, Literal["increasing", "decreasing"]] = Field(
        default_factory=dict,
        description="Columns that predictions may only rise with, or only fall with, all others being equal.",
    )
    interactions: tuple[Columns, ...] = Field(
        (),
        description="Groups of columns that may act together, such as `[[age, income], [region]]`. Columns in none "
        "of the groups act by themselves.",
    )

    @model_validator(mode="after")
    def _goes_together(self) -> ColumnRules:
        for name in self.allow:
            if name in self.forbid:
                raise FieldError("allow", f"`{name}` is under `forbid` too: leave it in one of them")
        for name in self.monotone:
            if self.types.get(name, "number") in ("category", "time"):
                raise FieldError(
                    ("monotone", name),
                    f"a {self.types[name]} has no more and no less: leave it out, or make it a number",
                )
        return self


class ValidateRules(Section):
    """How the data is judged before anything is trained or scored."""

    suite: Text | None = Field(None, description="The suite's file. Left out: `expectations/<name>.yaml` if present.")
    leak_auc: Share = Field(
        0.90, description="A column that alone separates the target better than this AUC (or R2) is taken for a leak."
    )
    allow: tuple[Literal["duplicates", "time_order"], ...] = Field(
        (),
        description="Traps that would stop the run, and that you have looked at: `duplicates` across the split, "
        "`time_order` (the time alone tells the target).",
    )


class SplitRules(Section):
    """Which rows are trained on and which are the gate's."""

    by: Literal["auto", "time", "group", "query", "random"] = Field(
        "auto",
        description="`auto`: by time when there is a time column, else by group, else by query, else at random. "
        "Whichever it is, a query is never cut apart.",
    )
    train_until: Moment | None = Field(
        None, description="Rows before this moment train. Left out: the oldest rows, up to `gate_share`."
    )
    gate_until: Moment | None = Field(
        None, description="Rows from `train_until` to before this moment are the gate's; later ones stay unseen."
    )
    gate_share: Share = Field(0.2, description="Share of the rows for the gate, where no dates are given.")
    minimum_rows: int = Field(50, ge=10, description="Fewest rows that each side must have.")

    @model_validator(mode="after")
    def _goes_together(self) -> SplitRules:
        if self.gate_until is not None and self.train_until is not None and self.gate_until <= self.train_until:
            raise FieldError("gate_until", "it must be later than `train_until`: the gate's rows lie between the two")
        for name in ("train_until", "gate_until"):
            if getattr(self, name) is not None and self.by in ("group", "query", "random"):
                raise FieldError(name, f"a moment divides rows by time, and `by` says {self.by}: leave one of them out")
        return self


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


class EvaluateRules(Section):
    """How the model is judged on the gate rows."""

    confidence: Share = Field(0.95, description="Level of the bootstrap intervals.")
    resamples: int = Field(500, ge=100, le=10_000, description="Bootstrap resamples.")
    slices: Columns | None = Field(
        None, description="Columns to break the quality down by. Left out: the categories with few levels."
    )


class ReportRules(Section):
    """How reports are written."""

    language: Text = Field(
        "en", description="The language of reports and model cards: `en`, `id`, or another that there is a file for."
    )

    @model_validator(mode="after")
    def _is_spoken(self) -> ReportRules:
        from tidemill.reporting.language import languages

        known = languages()
        if self.language not in known:
            raise FieldError(
                "language",
                f"there is no translation into `{self.language}`{did_you_mean(self.language, known)}: write one of "
                f"{', '.join(known)}",
            )
        return self


class ScoreRules(Section):
    """Batch scoring."""

    batch_rows: int = Field(50_000, ge=1, description="Rows held in memory at a time.")
    input: Text | None = Field(
        None, description="What the scheduled scoring reads. Left out: rows newer than the gate's."
    )


class ServeRules(Section):
    """The REST service."""

    reload_seconds: float = Field(5.0, gt=0, description="How often the service looks for a new champion.")
    max_rows: int = Field(10_000, ge=1, description="Most rows in one request.")


class MonitorRules(Section):
    """What is watched, and when somebody is told."""

    window: Span = Field(timedelta(days=30), description="How much time one monitoring window covers.")
    label_delay: Duration = Field(timedelta(0), description="How long after a row's time its label is known.")
    drift_warn: float = Field(0.1, gt=0, description="Population stability index of a column that is worth a warning.")
    drift_page: float = Field(
        0.25, gt=0, description="Population stability index of the prediction that pages someone."
    )
    quality_margin: float = Field(
        0.02, ge=0, description="How much worse than on the gate rows the measured metric may get, in its own units."
    )

    @model_validator(mode="after")
    def _goes_together(self) -> MonitorRules:
        if self.drift_page < self.drift_warn:
            raise FieldError("drift_page", f"it is below `drift_warn`, {self.drift_warn:g}: paging comes after warning")
        return self


class RetrainRules(Section):
    """When training starts by itself."""

    on: Literal["never", "warn", "page"] = Field("page", description="The level of alarm that starts a retraining.")
    cooldown: Duration = Field(timedelta(days=7), description="Least time between two retrainings.")


class ScheduleRules(Section):
    """Cron lines (UTC) for the deployments. Left out: that flow runs only when asked."""

    collecting: Cron | None = Field(
        None, description="When to collect, beside what each training, scoring and monitoring collects by itself."
    )
    training: Cron | None = Field(None, description="When to train, such as `0 3 1 * *`.")
    scoring: Cron | None = Field(None, description="When to score.")
    monitoring: Cron | None = Field(None, description="When to monitor.")
