"""What the report says of a forecast: in words, in time, and hour by hour."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from tests.unit.forecasting.rides import fitted, rides
from tidemill.evaluation.evidence import Forecast
from tidemill.evaluation.field import Field, Racer
from tidemill.evaluation.forecasts import forecast_shape
from tidemill.reporting.forecasts import forecast_blocks, skill_sentence
from tidemill.reporting.page import Figure, Figures


@pytest.fixture(scope="module")
def shape() -> Forecast:
    """The model is 1 off at every hour but 5, where it is 7 off; the seasonal naive forecast is 4 off."""
    frame = rides(40)
    target = frame["rides"].to_numpy()
    answers = target + np.where(frame["at"].dt.hour == 5, 7.0, 1.0)
    racers = (Racer("this model", "challenger", answers), Racer("seasonal naive (7d)", "baseline", target - 4.0))
    field = Field("regression", "rmse", target, racers)
    return forecast_shape(fitted(frame).forecaster.plan, field, frame["at"], answers - 2.0, answers + 2.0)


def test_the_error_is_told_by_the_hour_and_beside_the_naive_forecast(shape: Forecast) -> None:
    assert shape.by == "hour"
    assert {one.period: one.error for one in shape.periods} == pytest.approx(
        {f"{hour:02d}": 7.0 if hour == 5 else 1.0 for hour in range(24)}
    )
    assert shape.error == pytest.approx(1.25)
    assert shape.naive_error == pytest.approx(4.0)
    said = skill_sentence("rides", shape)
    assert re.search(
        r"misses `rides` by \*\*1\.25\*\*\. That is \*\*69.% less\*\* than repeating the same time 7 days before", said
    )
    assert "MASE" in said


def test_the_lines_are_means_over_stretches_of_whole_steps(shape: Forecast) -> None:
    assert len(shape.newest.at) == 7 * 24
    assert shape.newest.every == 3600.0
    assert len(shape.window.at) <= 150
    assert shape.window.every % 3600.0 == 0
    assert np.diff(shape.window.at) == pytest.approx(shape.window.every)
    frame = rides(40)
    last = frame[frame["at"] == frame["at"].max()]["rides"].mean()
    assert shape.newest.actual[-1] == pytest.approx(last, rel=1e-4)
    assert pd.Timestamp(shape.newest.at[-1], unit="s", tz="UTC") == frame["at"].max()


def test_every_picture_says_in_words_what_it_shows(shape: Forecast) -> None:
    figures = []
    for block in forecast_blocks("rides", shape):
        figures += block.figures if isinstance(block, Figures) else [block] if isinstance(block, Figure) else []
    assert len(figures) == 3
    assert all("<svg" in figure.svg and figure.words for figure in figures)
    assert any("largest at **05** (7" in figure.words for figure in figures)
