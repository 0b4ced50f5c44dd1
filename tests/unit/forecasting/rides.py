"""Hourly rides of two stations, with a daily and a weekly rhythm: what the forecasting tests start from."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tidemill.forecasting import Fitted, fit_forecast
from tidemill.learning.columns import kind_of
from tidemill.usecase.schema import UseCase

__all__ = ["fitted", "make_use_case", "rides"]


def make_use_case(*, forecast: dict[str, object] | None = None, **sections: object) -> UseCase:
    said = {
        "name": "rides",
        "sources": {"rows": {"url": "rides.csv"}},
        "target": {"column": "rides"},
        "time": "at",
        "tune": {"threads": 1},
        "evaluate": {"resamples": 100},
        "forecast": {"horizon": "24h", "series": ["station"], "known": ["holiday"], **(forecast or {})},
        **sections,
    }
    return UseCase.model_validate(said)


def rides(days: int = 60, *, stations: tuple[str, ...] = ("north", "south"), seed: int = 4) -> pd.DataFrame:
    """Rows in order of time; `wind` is measured and not known in advance, `holiday` is."""
    random = np.random.default_rng(seed)
    at = pd.date_range("2024-01-01", periods=days * 24, freq="h", tz="UTC", unit="us")
    frames = []
    for place, station in enumerate(stations):
        rhythm = 20 + 10 * np.sin(at.hour.to_numpy() / 24 * 2 * np.pi) + 8 * (at.day_of_week.to_numpy() < 5)
        holiday = at.day.to_numpy() == 17
        level = np.repeat(np.cumsum(random.normal(scale=1.5, size=days)), 24)
        noise = random.normal(scale=2.0, size=len(at))
        frames.append(
            pd.DataFrame(
                {
                    "at": at,
                    "station": station,
                    "holiday": holiday,
                    "wind": np.round(random.gamma(2, 3, len(at)), 1),
                    "sky": random.choice(["clear", "rain"], len(at)),
                    "rides": np.round((place + 1) * rhythm * np.where(holiday, 0.5, 1.0) + level + noise, 2),
                }
            )
        )
    return pd.concat(frames).sort_values("at", kind="stable", ignore_index=True)


def fitted(frame: pd.DataFrame, use_case: UseCase | None = None) -> Fitted:
    kinds = {str(name): kind_of(frame[name]) for name in frame.columns}
    return fit_forecast(frame, use_case or make_use_case(), kinds, {})
