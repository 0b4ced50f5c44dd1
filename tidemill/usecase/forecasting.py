"""The section `forecast` of a ``usecase.yaml``: what may be known of the past when a row is predicted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, model_validator

from tidemill.usecase.section import Section
from tidemill.usecase.values import Columns, FieldError, Span, Text, duration_text, parse_duration

__all__ = ["ForecastRules", "Statistic"]

Statistic = Literal["mean", "std", "min", "max"]


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"`{value}` is no time zone that is known here: write one such as `Europe/Berlin`") from None
    return value


_Spans = tuple[Span, ...]


class ForecastRules(Section):
    """Predict each row from what was known `horizon` before its time: lags and rolling windows of the target."""

    horizon: Span = Field(
        description="How far ahead: a row at time t is predicted from values stamped t - `horizon` or earlier, "
        "so that one model answers every step up to the horizon."
    )
    series: Columns = Field(
        (), description="Columns that name a series, such as a station. Left out: the rows are one series."
    )
    every: Span | None = Field(
        None, description="The step between two rows of a series. Left out: the usual one in the training rows."
    )
    lags: Literal["auto"] | _Spans = Field(
        "auto",
        description="How long before a row the target is looked up, each at least the horizon. `auto`: the newest "
        "three steps that are known, and the same time one to four seasons before.",
    )
    rolling: Literal["auto"] | dict[str, tuple[Statistic, ...]] = Field(
        "auto",
        description="Windows of the target that end `horizon` before the row, each with its statistics: mean, std, "
        "min, max. `auto`: by the seasons.",
    )
    seasons: Literal["auto"] | _Spans = Field(
        "auto",
        description="After how long the target repeats itself. `auto`: a day and a week for steps shorter than a day, "
        "a week and a year for days, a year for longer steps, as far as the rows reach.",
    )
    calendar: bool = Field(
        True, description="Whether the model reads the hour, the weekday and the day of the month and year."
    )
    timezone: Annotated[Text, AfterValidator(_zone)] | None = Field(
        None,
        description="Whose clock people live by, such as `America/New_York`: the calendar is read from it, and a lag "
        "of whole days is the same time by that clock, across daylight saving. Left out: UTC.",
    )
    known: Columns = Field(
        (),
        description="Columns that are known before the row's time, such as a holiday or a planned price. All others "
        "enter only as they were `horizon` before the row.",
    )

    @model_validator(mode="after")
    def _goes_together(self) -> ForecastRules:
        for name in self.known:
            if name in self.series:
                raise FieldError("known", f"`{name}` is under `series`, and known anyway: leave it out here")
        for text in self.rolling if isinstance(self.rolling, dict) else ():
            try:
                positive = parse_duration(text) > timedelta(0)
            except ValueError as problem:
                raise FieldError(("rolling", text), str(problem)) from None
            if not positive:
                raise FieldError(("rolling", text), "a window must be longer than nothing, such as `7d`")
        return self

    def check_lags(self, delay: timedelta) -> None:
        """Raise FieldError for a lag that the forecast could not know: labels ripen ``delay`` after their row."""
        least = self.horizon + delay
        for lag in self.lags if isinstance(self.lags, tuple) else ():
            if lag < least:
                after = f" and its values are known {duration_text(delay)} after that" if delay else ""
                raise FieldError(
                    ("forecast", "lags"),
                    f"`{duration_text(lag)}` would look ahead: the forecast is made {duration_text(self.horizon)} "
                    f"before the row{after}. Write `{duration_text(least)}` or longer, or shorten the horizon",
                )

    def check_columns(self, time: str | None, target: Sequence[str]) -> None:
        """Raise FieldError for what can't be a series or known."""
        for field in ("series", "known"):
            for name in getattr(self, field):
                if name in target:
                    raise FieldError(("forecast", field), f"`{name}` is what is predicted: take it out")
                if name == time:
                    raise FieldError(("forecast", field), f"`{name}` is the time, which is known anyway: take it out")
