"""The report's part on a forecast: what happened beside what was predicted, and whether it beats repeating the past."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tidemill.evaluation.evidence import Forecast, Track
from tidemill.reporting.charts import Line, lines
from tidemill.reporting.page import Block, Figure, Figures, Prose
from tidemill.reporting.wording import number, percent
from tidemill.usecase.values import duration_text

__all__ = ["forecast_blocks", "skill_sentence"]


def skill_sentence(target: str, shape: Forecast) -> str:
    """How much better than the seasonal naive forecast it is, in plain words."""
    text = f"On average a prediction misses `{target}` by **{number(shape.error, 3)}**"
    if shape.naive_error:
        gain = 1.0 - shape.error / shape.naive_error
        way = f"**{percent(abs(gain))} {'less' if gain >= 0 else 'more'}**"
        text += (
            f", {way} than repeating the same time {shape.season} before ({number(shape.naive_error, 3)}: the seasonal "
            "naive forecast, which needs no model)"
        )
    if shape.scaled_error is not None:
        text += f". The mean absolute scaled error (MASE) is {number(shape.scaled_error, 3)}; below 1 is better"
        text += " than that naive forecast was on the training rows"
    return f"{text}. Every row was predicted from what was known {shape.horizon} before."


def forecast_blocks(target: str, shape: Forecast) -> list[Block]:
    """A line in words, the whole window and its newest week, and the error hour by hour."""
    return [
        Prose(skill_sentence(target, shape)),
        Figure(
            _track(target, shape.newest, intervals=True),
            "The newest week of the gate window",
            f"What happened and what was predicted {shape.horizon} before, the mean of all series"
            f"{_each(shape.newest)}. The band is the mean of the predicted intervals.",
        ),
        Figures(
            [
                Figure(
                    _track(target, shape.window, intervals=False),
                    "The whole gate window",
                    f"Means{_each(shape.window)}. Where the lines part for long, the level moved faster than the "
                    "model could follow.",
                ),
                _periods(target, shape),
            ]
        ),
    ]


def _each(track: Track) -> str:
    return f" over {duration_text(timedelta(seconds=track.every))} each"


def _track(target: str, track: Track, *, intervals: bool) -> str:
    at = [datetime.fromtimestamp(moment, UTC) for moment in track.at]
    band = (track.low, track.high) if intervals else (None, None)
    series = [Line("predicted", at, track.predicted, *band), Line("actual", at, track.actual, colour="coral")]
    if track.naive and not intervals:
        series.append(Line("seasonal naive", at, track.naive, colour="fog", style="dashes"))
    mean = sum(track.actual) / len(track.actual)
    guess = sum(track.predicted) / len(track.predicted)
    alt = f"{target} over time: on average {number(mean, 3)} happened and {number(guess, 3)} was predicted"
    return lines(series, alt=alt, y_label=target, height=300.0 if intervals else 240.0)


def _periods(target: str, shape: Forecast) -> Figure:
    names = [one.period for one in shape.periods]
    series = [Line("this model", names, [one.error for one in shape.periods], style="dotted line")]
    naive = [one.naive_error for one in shape.periods if one.naive_error is not None]
    if len(naive) == len(names):
        series.append(Line("seasonal naive", names, naive, colour="fog", style="dashes"))
    worst = max(shape.periods, key=lambda one: one.error)
    what = "hour of the day" if shape.by == "hour" else "weekday"
    chart = lines(
        series,
        alt=f"Mean absolute error by {what}: the largest is {number(worst.error, 3)} at {worst.period}",
        x_label=what,
        y_label=f"mean absolute error of {target}",
    )
    words = (
        f"The error is largest at **{worst.period}** ({number(worst.error, 3)}). All steps up to the horizon are "
        "answered from equally old values, so the error does not grow with the step."
    )
    return Figure(chart, f"The error by {what}", words)
