"""What is made of the past: by time, never ahead, and the same for a row alone as among all."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.forecasting.rides import fitted, make_use_case, rides
from tidemill.forecasting import Forecaster, History

ALL = {
    "horizon": "24h",
    "lags": ["24h", "30h", "7d"],
    "rolling": {"6h": ["mean", "std", "min", "max"], "3d": ["mean"]},
    "seasons": ["1d", "7d"],
}


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    """Rows of up to three series with gaps, off the hour too, in any order."""
    count = draw(st.integers(60, 160))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    stations = random.choice(["a", "b", "c"][: draw(st.integers(1, 3))], count)
    minutes = random.choice(60 * 24 * 12, count, replace=False)
    if draw(st.booleans()):
        minutes = minutes // 60 * 60
    frame = pd.DataFrame(
        {
            "at": pd.Timestamp("2024-03-01", tz="UTC").as_unit("us") + pd.to_timedelta(minutes, unit="m"),
            "station": stations,
            "holiday": random.uniform(size=count) < 0.2,
            "wind": np.where(random.uniform(size=count) < 0.2, np.nan, random.normal(size=count)),
            "sky": random.choice(["clear", "rain"], count),
            "rides": random.normal(size=count) * 10.0 ** random.integers(-3, 6),
        }
    )
    return frame.drop_duplicates(["station", "at"], ignore_index=True)


def forecaster(frame: pd.DataFrame, **forecast: object) -> Forecaster:
    return fitted(frame, make_use_case(forecast={**ALL, "every": "1h", **forecast})).forecaster


def made(completed: pd.DataFrame, of: Forecaster) -> pd.DataFrame:
    return completed[list(of.plan.columns)].reset_index(drop=True)


@settings(deadline=None, max_examples=12)
@given(tables(), st.integers(0, 10**6), st.sampled_from([None, "America/New_York"]))
def test_nothing_stamped_after_the_origin_is_read(frame: pd.DataFrame, pick: int, timezone: str | None) -> None:
    whole = forecaster(frame, timezone=timezone)
    row = frame.iloc[[pick % len(frame)]]
    origin = row["at"].iloc[0] - timedelta(hours=24)
    other = frame.copy()
    later = other["at"] > origin
    other.loc[later, "rides"] = other.loc[later, "rides"] * -3.0 + 1e6
    other.loc[later, "wind"] = -99.0
    other.loc[later, "sky"] = "storm"
    changed = forecaster(other, timezone=timezone)
    asked = row.drop(columns=["rides", "wind", "sky"])
    pd.testing.assert_frame_equal(
        made(whole.completed(asked), whole), made(changed.completed(asked), whole), check_exact=True
    )
    earlier = frame[~later]
    if len(earlier):
        known = History.of(_seen(whole, earlier), whole.plan)
        only = Forecaster(whole.plan, known, make_use_case().clean)
        pd.testing.assert_frame_equal(
            made(only.completed(asked), whole), made(whole.completed(asked), whole), check_exact=True
        )


@settings(deadline=None, max_examples=12)
@given(tables(), st.sampled_from([None, "Europe/Berlin"]))
def test_a_row_alone_gets_what_it_gets_among_all(frame: pd.DataFrame, timezone: str | None) -> None:
    whole = forecaster(frame, timezone=timezone)
    asked = frame.drop(columns=["rides", "wind", "sky"])
    together = made(whole.completed(asked), whole)
    alone = pd.concat([whole.completed(asked.iloc[[place]]) for place in range(0, len(asked), 5)], ignore_index=True)
    pd.testing.assert_frame_equal(made(alone, whole), together.iloc[::5].reset_index(drop=True), check_exact=True)


@settings(deadline=None, max_examples=8)
@given(tables())
def test_the_stored_tail_is_enough_for_later_rows(frame: pd.DataFrame) -> None:
    whole = forecaster(frame)
    plan, data = whole.stored()
    tail = Forecaster(plan, History.from_parquet(data, plan), make_use_case().clean)
    after = frame["at"].max() + pd.to_timedelta(np.arange(1, 49), unit="h")
    asked = pd.DataFrame({"at": np.tile(after, 2), "station": np.repeat(["a", "new"], 48)})
    pd.testing.assert_frame_equal(tail.completed(asked), whole.completed(asked), check_exact=True)
    assert whole.stored()[1] == data == tail.stored()[1]
    assert plan.memory is not None
    assert plan.memory.rows <= len(frame)


def _seen(of: Forecaster, frame: pd.DataFrame):  # type: ignore[no-untyped-def]
    from tidemill.forecasting.seen import Seen

    return Seen.of_frame(frame, of.plan, make_use_case().clean)


def test_values_are_those_of_the_moment_and_gaps_stay_gaps() -> None:
    frame = rides(30)
    gone = (frame["station"] == "north") & (frame["at"] == pd.Timestamp("2024-01-28 05:00", tz="UTC"))
    whole = forecaster(frame[~gone])
    asked = pd.DataFrame({"at": pd.to_datetime(["2024-01-29 05:00", "2024-01-29 06:00"], utc=True), "station": "north"})
    values = whole.completed(asked)
    north = frame[frame["station"] == "north"].set_index("at")["rides"]
    assert np.isnan(values["rides 1d before"].iloc[0])
    assert values["rides 1d before"].iloc[1] == north["2024-01-28 06:00+00:00"]
    assert values["rides 30h before"].iloc[1] == north["2024-01-28 00:00+00:00"]
    assert values["rides 7d before"].tolist() == north["2024-01-22 05:00+00:00":"2024-01-22 06:00+00:00"].tolist()
    window = north["2024-01-28 00:30+00:00":"2024-01-28 06:00+00:00"].drop(pd.Timestamp("2024-01-28 05:00", tz="UTC"))
    for statistic, value in {
        "mean": window.mean(),
        "std": window.std(ddof=0),
        "min": window.min(),
        "max": window.max(),
    }.items():
        assert values[f"rides, {statistic} of 6h until 1d before"].iloc[1] == pytest.approx(value)
    weeks = [north[f"2024-01-{day:02d} 06:00+00:00"] for day in (22, 15, 8, 1)]
    assert values["rides, mean at the same time of 4 x 7d"].iloc[1] == pytest.approx(np.mean(weeks))


def test_a_new_series_has_no_past_and_is_no_error() -> None:
    whole = forecaster(rides(20))
    asked = pd.DataFrame({"at": pd.to_datetime(["2024-01-21"], utc=True), "station": ["west"]})
    numbers = whole.completed(asked)[list(whole.plan.columns)]
    assert numbers.isna().all(axis=None)


def test_a_lag_of_days_keeps_the_time_by_the_clock_across_daylight_saving() -> None:
    """New York's clocks went forward on 2024-03-10: 09:00 there is 14:00 UTC before, 13:00 UTC after."""
    at = pd.date_range("2024-02-01", "2024-03-20", freq="h", tz="UTC", unit="us", inclusive="left")
    frame = pd.DataFrame({"at": at, "station": "a", "holiday": False, "rides": np.arange(len(at), dtype=float)})
    hours = pd.Series(frame["rides"].to_numpy(), index=at)
    asked = pd.DataFrame({"at": pd.to_datetime(["2024-03-11 13:00", "2024-03-14 13:00"], utc=True), "station": "a"})
    local = forecaster(frame, timezone="America/New_York").completed(asked)
    plain = forecaster(frame).completed(asked)
    assert plain["rides 7d before"].tolist() == [hours["2024-03-04 13:00+00:00"], hours["2024-03-07 13:00+00:00"]]
    assert local["rides 7d before"].tolist() == [hours["2024-03-04 14:00+00:00"], hours["2024-03-07 14:00+00:00"]]
    assert local["at in America/New_York"].dt.hour.tolist() == [9, 9]


def test_at_the_change_of_clocks_a_day_ago_never_lies_within_the_horizon() -> None:
    """At 09:00 on the day that lost an hour, 09:00 of the day before was only 23 hours ago."""
    at = pd.date_range("2024-02-01", "2024-03-20", freq="h", tz="UTC", unit="us", inclusive="left")
    frame = pd.DataFrame({"at": at, "station": "a", "holiday": False, "rides": np.arange(len(at), dtype=float)})
    asked = pd.DataFrame({"at": pd.to_datetime(["2024-03-10 13:00"], utc=True), "station": "a"})
    local = forecaster(frame, timezone="America/New_York").completed(asked)
    assert local["rides 1d before"].iloc[0] == pd.Series(frame["rides"].to_numpy(), index=at)["2024-03-09 13:00+00:00"]


def test_columns_not_known_in_advance_are_read_as_they_were() -> None:
    frame = rides(20)
    result = fitted(frame)
    completed = result.forecaster.completed(frame)
    north = completed[completed["station"] == "north"].reset_index(drop=True)
    assert north["wind 1d before"].iloc[24:].tolist() == north["wind"].iloc[:-24].tolist()
    assert north["sky 1d before"].iloc[24:].tolist() == north["sky"].iloc[:-24].tolist()
    assert set(result.excluded) == {"wind", "sky"}
    assert "read as it was 1d before" in result.excluded["wind"]


def test_fresh_rows_hold_over_what_is_remembered_and_say_nothing_of_what_they_lack() -> None:
    frame = rides(20)
    whole = forecaster(frame)
    asked = pd.DataFrame({"at": pd.to_datetime(["2024-01-21 05:00"], utc=True), "station": ["north"]})
    fresh = pd.DataFrame({"at": pd.to_datetime(["2024-01-20 05:00"], utc=True), "station": ["north"], "rides": [777.0]})
    before = whole.completed(asked)
    for after in (whole.remembering([fresh]).completed(asked), whole.completed(pd.concat([fresh, asked])).iloc[[1]]):
        assert after["rides 1d before"].iloc[0] == 777.0 != before["rides 1d before"].iloc[0]
        assert after["wind 1d before"].iloc[0] == before["wind 1d before"].iloc[0]
    assert whole.completed(asked).equals(before)
