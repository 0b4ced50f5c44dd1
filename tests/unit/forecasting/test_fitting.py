"""What the plan is fitted to be, and what is said when there can be none."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from tests.unit.forecasting.rides import fitted, make_use_case, rides
from tidemill.errors import UserError


def test_hours_have_days_and_weeks() -> None:
    plan = fitted(rides(60)).forecaster.plan
    assert plan.every == timedelta(hours=1)
    assert plan.seasons == (timedelta(days=1), timedelta(days=7))
    assert min(plan.lags) == timedelta(hours=24)
    assert timedelta(days=28) in plan.lags
    assert plan.naive == timedelta(days=7)
    assert plan.reach <= timedelta(days=30)


def test_days_have_weeks_and_a_short_past_has_fewer_seasons() -> None:
    days = rides(100).groupby(["station", pd.Grouper(key="at", freq="D")], as_index=False)["rides"].sum()
    plan = fitted(days.assign(holiday=False)).forecaster.plan
    assert plan.every == timedelta(days=1)
    assert plan.seasons == (timedelta(days=7),)
    short = fitted(rides(9), make_use_case()).forecaster.plan
    assert short.seasons == (timedelta(days=1),)


def test_labels_that_ripen_late_move_every_lag_further_back() -> None:
    plan = fitted(rides(30), make_use_case(monitor={"label_delay": "12h"})).forecaster.plan
    assert plan.gap == min(plan.lags) == timedelta(hours=36)


def test_lags_and_windows_as_asked() -> None:
    asked = make_use_case(forecast={"lags": ["48h", "24h"], "rolling": {"3d": ["max"]}, "seasons": []})
    plan = fitted(rides(30), asked).forecaster.plan
    assert list(plan.columns)[:3] == ["rides 1d before", "rides 2d before", "rides, max of 3d until 1d before"]


@pytest.mark.parametrize(
    ("change", "forecast", "said"),
    [
        (lambda frame: frame, {"series": ["stations"]}, "forecast.series: there is no column `stations`.*`station`"),
        (lambda frame: frame, {"known": ["holidays"]}, "forecast.known: there is no column `holidays`.*`holiday`"),
        (
            lambda frame: frame,
            {"series": []},
            r"rows 0 and 1 .* both have `rides` at 2024-01-01 00:00:00 UTC: keep one",
        ),
        (lambda frame: frame, {"horizon": "90d"}, "forecast.horizon: 90d is longer than what the training rows cover"),
        (
            lambda frame: frame.assign(station=frame["station"].where(frame.index != 5)),
            {},
            "forecast.series: 1 of 480 training rows have nothing in `station`",
        ),
        (
            lambda frame: pd.concat([frame, frame.iloc[[7]].assign(rides=-1.0)], ignore_index=True),
            {},
            "rows 7 and 480 .* of the series `south` both have `rides` at 2024-01-01 03:00:00 UTC",
        ),
        (
            lambda frame: frame.assign(
                at=frame["at"]
                + pd.to_timedelta(np.random.default_rng(1).choice(3600, len(frame), replace=False), unit="s")
            ),
            {},
            "forecast.every: the steps within a series are uneven .* such as `every: 1h`",
        ),
    ],
)
def test_what_can_not_be_a_forecast(change, forecast, said) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UserError, match=said):
        fitted(change(rides(10)), make_use_case(forecast=forecast))


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"time": None}, "a forecast needs the time of each row"),
        ({"forecast": {"lags": ["12h"]}}, "`12h` would look ahead"),
        ({"forecast": {"lags": ["24h"]}, "monitor": {"label_delay": "1h"}}, "known 1h after that. Write `25h`"),
        ({"split": {"by": "random"}}, "a forecast is judged on later rows"),
        ({"task": "binary"}, "a forecast is of numbers"),
        ({"target": {"expression": "rides > 3"}}, "name the `column` that holds it"),
        ({"forecast": {"known": ["rides"]}}, "`rides` is what is predicted"),
        ({"forecast": {"known": ["station"]}}, "`station` is under `series`"),
        ({"forecast": {"timezone": "Europe/Atlantis"}}, "`Europe/Atlantis` is no time zone"),
        ({"forecast": {"rolling": {"7x": ["mean"]}}}, "a duration is a number and one of"),
    ],
)
def test_what_the_schema_refuses(sections, said) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValidationError, match=said):
        make_use_case(**sections)
