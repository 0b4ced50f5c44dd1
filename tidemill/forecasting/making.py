"""The columns that are made of the past: lags, rolling windows, seasonal means, the local clock. By time alone.

No value stamped later than ``gap`` before a row is read for it. Every number hangs on the values that it is made
of and on nothing else (no running totals), so that a row answered alone, from a stored tail, gets the very
bits that it got among all rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidemill.forecasting.history import History, Past
from tidemill.forecasting.plan import Plan, ticks
from tidemill.forecasting.seen import Integers, Seen
from tidemill.usecase.forecasting import Statistic

__all__ = ["local", "looked_up", "made_columns", "season_values"]

DAY = timedelta(days=1)
Doubles = NDArray[np.float64]


def made_columns(plan: Plan, seen: Seen, history: History) -> dict[str, NDArray[Any]]:
    """A value a row for each of ``plan.columns``; missing where the past is not known, as for a new series."""
    rows = len(seen)
    made: dict[str, NDArray[Any]] = {
        name: np.full(rows, None, dtype=object) if kind == "category" else np.full(rows, np.nan)
        for name, kind in plan.columns.items()
        if kind != "time"
    }
    origins: Integers = seen.times - int(ticks(plan.gap))
    moments = {lag: _before(plan, seen.times, lag) for lag in _lags(plan)}
    for key, own in seen.by_series(np.arange(rows)):
        past = history.get(key)
        if past is not None:
            looked_for = {lag: at[own] for lag, at in moments.items()}
            for name, column in _of_series(plan, past, origins[own], looked_for).items():
                made[name][own] = column
    if plan.local_time is not None and plan.timezone is not None:
        made[plan.local_time] = local(seen.times, plan.timezone)
    return made


def season_values(plan: Plan, seen: Seen, history: History, season: timedelta) -> Doubles:
    """The target at the same time of the newest season that is known and has a value; else missing."""
    found = np.full(len(seen), np.nan)
    lags = plan.season_lags(season)
    moments = [_before(plan, seen.times, lag) for lag in lags]
    for key, own in seen.by_series(np.arange(len(seen))):
        past = history.get(key)
        if past is None:
            continue
        for at in moments:
            empty = own[np.isnan(found[own])]
            found[empty] = looked_up(plan, past, at[empty])[0]
    return found


def looked_up(plan: Plan, past: Past, moments: Integers) -> tuple[Doubles, Integers]:
    """The target's value at each moment, or the newest in the step before it, and its place (-1: there is none)."""
    places = np.searchsorted(past.times, moments, side="right") - 1
    there = places >= 0
    there[there] = moments[there] - past.times[places[there]] < int(ticks(plan.every))
    places = np.where(there, places, -1)
    return np.where(there, past.values[places] if len(past.values) else np.nan, np.nan), places


def local(times: Integers, timezone: str) -> NDArray[Any]:
    """Moments as the clock on the wall says them, as datetime64."""
    return np.asarray(_wall(times, timezone), dtype="datetime64[us]")


def _lags(plan: Plan) -> list[timedelta]:
    seasonal = [lag for season in plan.seasons for lag in plan.season_lags(season)]
    return list(dict.fromkeys([*plan.lags, *seasonal]))


def _of_series(
    plan: Plan, past: Past, origins: Integers, moments: Mapping[timedelta, Integers]
) -> dict[str, NDArray[Any]]:
    values = {lag: looked_up(plan, past, at)[0] for lag, at in moments.items()}
    made: dict[str, NDArray[Any]] = {plan.lag_name(lag): values[lag] for lag in plan.lags}
    for window in plan.windows:
        stop = np.searchsorted(past.times, origins, side="right")
        start = np.searchsorted(past.times, origins - int(ticks(window.span)), side="right")
        for statistic in window.statistics:
            made[plan.window_name(window, statistic)] = _statistic(statistic, past.values, start, stop)
    for season in plan.seasons:
        made[plan.season_name(season)] = _mean([values[lag] for lag in plan.season_lags(season)])
    places = looked_up(plan, past, origins)[1]
    for name, kind in plan.lagged.items():
        column = past.others[name][places]
        missing: Any = None if kind == "category" else np.nan
        made[plan.lagged_name(name)] = np.where(places >= 0, column, missing)
    return made


def _before(plan: Plan, times: Integers, lag: timedelta) -> Integers:
    """The moments ``lag`` before; whole days by the clock of the time zone, but never later than may be known."""
    plain: Integers = times - int(ticks(lag))
    if plan.timezone is None or lag % DAY:
        return plain
    earlier = pd.DatetimeIndex(_wall(times, plan.timezone) - np.timedelta64(lag))
    zone = ZoneInfo(plan.timezone)
    first = np.ones(len(times), dtype=bool)
    aware = earlier.tz_localize(zone, ambiguous=first, nonexistent="shift_forward")
    moments = np.asarray(aware.as_unit("us").asi8, dtype=np.int64)
    return np.minimum(moments, times - int(ticks(plan.gap)))


def _wall(times: Integers, timezone: str) -> NDArray[np.datetime64]:
    aware = pd.DatetimeIndex(times.view("datetime64[us]")).tz_localize("UTC").tz_convert(ZoneInfo(timezone))
    return np.asarray(aware.tz_localize(None), dtype="datetime64[us]")


def _statistic(statistic: Statistic, values: Doubles, start: Integers, stop: Integers) -> Doubles:
    """Of the values from ``start`` to before ``stop``, for each pair; missing where there is none."""
    filled = stop > start
    found = np.full(len(start), np.nan)
    if not filled.any():
        return found
    bounds = np.column_stack([start[filled], stop[filled]]).ravel()
    count = stop[filled] - start[filled]
    if statistic in ("min", "max"):
        of = np.minimum if statistic == "min" else np.maximum
        found[filled] = of.reduceat(np.append(values, values[-1]), bounds)[::2]
        return found
    padded = np.append(values, 0.0)
    mean = np.add.reduceat(padded, bounds)[::2] / count
    if statistic == "mean":
        found[filled] = mean
        return found
    squares = np.add.reduceat(padded**2, bounds)[::2] / count
    found[filled] = np.sqrt(np.maximum(squares - mean**2, 0.0))
    return found


def _mean(columns: list[Doubles]) -> Doubles:
    """The mean of what is there, row by row; missing where nothing is."""
    known = np.zeros(len(columns[0]))
    total = np.zeros(len(columns[0]))
    for column in columns:
        there = ~np.isnan(column)
        known += there
        total += np.where(there, column, 0.0)
    return np.where(known > 0, total / np.maximum(known, 1.0), np.nan)
