"""How a forecast fared in time: against what happened, against the seasonal naive forecast, and hour by hour."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pandas as pd

from tidemill.evaluation.curves import rounded
from tidemill.evaluation.evidence import Forecast, PeriodError, Track
from tidemill.evaluation.field import Field
from tidemill.evaluation.resampling import Doubles
from tidemill.forecasting import Plan
from tidemill.forecasting.making import local
from tidemill.usecase.values import duration_text

__all__ = ["NAIVE", "forecast_shape"]

NAIVE = "seasonal naive"
_POINTS = 150
_NEWEST_POINTS = 200
_DAY = 86_400_000_000
_NEWEST = timedelta(days=7)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def forecast_shape(plan: Plan, field: Field, times: pd.Series, low: Doubles, high: Doubles) -> Forecast:
    """``times`` are the gate rows' moments, ``low`` and ``high`` the ends of their predicted intervals."""
    at = times.to_numpy(dtype="datetime64[us]").astype(np.int64)
    naive = next((racer.answers for racer in field.racers if racer.name.startswith(NAIVE)), None)
    values = {"actual": field.target, "predicted": field.challenger.answers, "low": low, "high": high}
    if naive is not None:
        values["naive"] = naive
    errors = np.abs(field.challenger.answers - field.target)
    theirs = None if naive is None else np.abs(naive - field.target)
    newest = at > at.max() - int(_NEWEST / timedelta(microseconds=1))
    step = int(plan.every / timedelta(microseconds=1))
    error = float(errors.mean())
    return Forecast(
        horizon=duration_text(plan.horizon),
        season=duration_text(plan.naive) if plan.naive else None,
        error=error,
        naive_error=None if theirs is None else float(theirs.mean()),
        scaled_error=error / plan.naive_error if plan.naive_error else None,
        window=_track(at, values, step, _POINTS),
        newest=_track(at[newest], {name: column[newest] for name, column in values.items()}, step, _NEWEST_POINTS),
        by="hour" if plan.every < timedelta(days=1) else "weekday",
        periods=_periods(plan, at, errors, theirs),
    )


def _track(at: np.ndarray, values: dict[str, Doubles], step: int, most: int) -> Track:
    """Means over all series of stretches of whole steps, so many that at most ``most`` cover the time."""
    start = int(at.min())
    wide = step * max(-(-(int(at.max()) - start + step) // (step * most)), 1)
    if wide > _DAY // 4:  # whole days, or the hours of the day would show as waves
        wide = -(-wide // _DAY) * _DAY
    frame = pd.DataFrame({**values, "_place": (at - start) // wide}).groupby("_place", sort=True).mean()
    moments = (start + frame.index.to_numpy() * wide) / 1e6
    return Track(
        at=rounded(moments, 12),
        every=wide / 1e6,
        actual=rounded(frame["actual"].to_numpy()),
        predicted=rounded(frame["predicted"].to_numpy()),
        low=rounded(frame["low"].to_numpy()),
        high=rounded(frame["high"].to_numpy()),
        naive=rounded(frame["naive"].to_numpy()) if "naive" in frame else (),
    )


def _periods(plan: Plan, at: np.ndarray, errors: Doubles, theirs: Doubles | None) -> tuple[PeriodError, ...]:
    """The mean absolute error in each hour of the day, or on each weekday, by the clock that the forecast goes by."""
    clock = pd.DatetimeIndex(local(at, plan.timezone or "UTC"))
    hourly = plan.every < timedelta(days=1)
    place = np.asarray(clock.hour if hourly else clock.day_of_week)
    names: Sequence[str] = [f"{hour:02d}" for hour in range(24)] if hourly else _DAYS
    return tuple(
        PeriodError(
            period=names[number],
            rows=int((place == number).sum()),
            error=float(errors[place == number].mean()),
            naive_error=None if theirs is None else float(theirs[place == number].mean()),
        )
        for number in np.unique(place)
    )
