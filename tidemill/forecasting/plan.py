"""What is made of the past for each row, fixed once by the training rows and stored with the Model."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from tidemill.cleaning import Kind
from tidemill.results import Record
from tidemill.usecase.forecasting import Statistic
from tidemill.usecase.values import Duration, duration_text

__all__ = ["Memory", "Plan", "Window", "ticks"]

SEASONS_BACK = 4


class Window(Record):
    """A stretch of the target's past that ends ``gap`` before a row, and what is said of it."""

    span: Duration
    statistics: tuple[Statistic, ...]


class Memory(Record):
    """The stored tail of every series: a Parquet file beside ``model.json``, its sha256, and its newest moment."""

    file: str
    sha256: str
    rows: int
    until: datetime


class Plan(Record):
    """How a row at time t is completed by what was known ``gap`` before.

    ``gap`` is the horizon and the time that labels take to ripen. A looked-up value is the newest one in the
    step (``every``) that ends at the moment looked for, so a gap in a series stays a gap. ``lagged`` are the
    columns that are not known in advance, with their kinds; ``naive`` is the season that the seasonal naive
    forecast repeats, ``naive_error`` its mean absolute error on the training rows. ``memory`` is None until
    the Model is stored.
    """

    time: str
    series: tuple[str, ...]
    target: str
    horizon: Duration
    gap: Duration
    every: Duration
    lags: tuple[Duration, ...]
    windows: tuple[Window, ...]
    seasons: tuple[Duration, ...]
    lagged: dict[str, Kind]
    timezone: str | None
    kinds: dict[str, Kind]
    naive: Duration | None
    naive_error: float | None
    memory: Memory | None = None

    @property
    def local_time(self) -> str | None:
        """The column that holds a row's time by the clock of ``timezone``."""
        return None if self.timezone is None else f"{self.time} in {self.timezone}"

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that every row must bring: whose it is, and when."""
        return (*self.series, self.time)

    @property
    def reach(self) -> timedelta:
        """How far before a row its past goes."""
        spans = [*self.lags, *(self.gap + window.span for window in self.windows)]
        spans += [one for season in self.seasons for one in self.season_lags(season)]
        return max(spans, default=self.gap) + self.every

    @property
    def columns(self) -> dict[str, Kind]:
        """The columns that are made, in order, with their kinds."""
        made: dict[str, Kind] = {self.lag_name(lag): "number" for lag in self.lags}
        for window in self.windows:
            made |= {self.window_name(window, statistic): "number" for statistic in window.statistics}
        made |= {self.season_name(season): "number" for season in self.seasons}
        for name, kind in self.lagged.items():
            made[self.lagged_name(name)] = "category" if kind == "category" else "number"
        if self.local_time is not None:
            made[self.local_time] = "time"
        return made

    def made_of(self, name: str) -> str:
        """The user's column that one of :attr:`columns` is made of."""
        lagged = {self.lagged_name(one): one for one in self.lagged}
        return self.time if name == self.local_time else lagged.get(name, self.target)

    def season_lags(self, season: timedelta) -> tuple[timedelta, ...]:
        """The same time in the newest seasons that are known."""
        first = max(-(-self.gap // season), 1)
        return tuple(season * count for count in range(first, first + SEASONS_BACK))

    def lag_name(self, lag: timedelta) -> str:
        """The column of the target's value ``lag`` before."""
        return f"{self.target} {duration_text(lag)} before"

    def window_name(self, window: Window, statistic: Statistic) -> str:
        """The column of a statistic of a window."""
        return f"{self.target}, {statistic} of {duration_text(window.span)} until {duration_text(self.gap)} before"

    def season_name(self, season: timedelta) -> str:
        """The column of the mean at the same time of the newest seasons."""
        return f"{self.target}, mean at the same time of {SEASONS_BACK} x {duration_text(season)}"

    def lagged_name(self, name: str) -> str:
        """The column of what another column was when the forecast is made."""
        return f"{name} {duration_text(self.gap)} before"


def ticks(spans: Sequence[timedelta] | timedelta) -> NDArray[np.int64]:
    """Spans as whole microseconds."""
    return np.asarray(spans, dtype="timedelta64[us]").astype(np.int64)
