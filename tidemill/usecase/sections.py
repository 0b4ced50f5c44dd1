"""The short sections of a ``usecase.yaml``, from columns to schedules."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field, model_validator

from tidemill.errors import did_you_mean
from tidemill.usecase.section import Section, Share
from tidemill.usecase.values import Columns, Cron, Duration, FieldError, Moment, Span, Text

__all__ = [
    "ColumnRules",
    "EvaluateRules",
    "MonitorRules",
    "ReportRules",
    "RetrainRules",
    "ScheduleRules",
    "ScoreRules",
    "ServeRules",
    "SplitRules",
    "ValidateRules",
]


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
