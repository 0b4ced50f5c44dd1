"""The report's part on a forecast: what happened beside what was predicted, and whether it beats repeating the past."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tidemill.evaluation.evidence import Forecast, Track
from tidemill.reporting.charts import Line, lines
from tidemill.reporting.language import say
from tidemill.reporting.page import Block, Figure, Figures, Prose
from tidemill.reporting.wording import duration_words, number, percent
from tidemill.usecase.values import duration_text

__all__ = ["forecast_blocks", "skill_sentence"]


def skill_sentence(target: str, shape: Forecast) -> str:
    """How much better than the seasonal naive forecast it is, in plain words."""
    said = [
        say("On average a prediction misses `{target}` by **{error}**.", target=target, error=number(shape.error, 3))
    ]
    if shape.naive_error:
        gain = 1.0 - shape.error / shape.naive_error
        beside = {
            "share": percent(abs(gain)),
            "season": duration_words(str(shape.season)),
            "naive": number(shape.naive_error, 3),
        }
        said.append(
            say(
                "That is **{share} less** than repeating the same time {season} before ({naive}: the seasonal naive "
                "forecast, which needs no model).",
                **beside,
            )
            if gain >= 0
            else say(
                "That is **{share} more** than repeating the same time {season} before ({naive}: the seasonal naive "
                "forecast, which needs no model).",
                **beside,
            )
        )
    if shape.scaled_error is not None:
        said.append(
            say(
                "The mean absolute scaled error (MASE) is {error}; below 1 is better than that naive forecast was on "
                "the "
                "training rows.",
                error=number(shape.scaled_error, 3),
            )
        )
    said.append(
        say("Every row was predicted from what was known {horizon} before.", horizon=duration_words(shape.horizon))
    )
    return " ".join(said)


def forecast_blocks(target: str, shape: Forecast) -> list[Block]:
    """A line in words, the whole window and its newest week, and the error hour by hour."""
    newest = say(
        "What happened and what was predicted {horizon} before, the mean of all series over {every} each. The band "
        "is the "
        "mean of the predicted intervals.",
        horizon=duration_words(shape.horizon),
        every=_each(shape.newest),
    )
    whole = say(
        "Means over {every} each. Where the lines part for long, the level moved faster than the model could follow.",
        every=_each(shape.window),
    )
    return [
        Prose(skill_sentence(target, shape)),
        Figure(_track(target, shape.newest, intervals=True), say("The newest week of the gate window"), newest),
        Figures(
            [
                Figure(_track(target, shape.window, intervals=False), say("The whole gate window"), whole),
                _periods(target, shape),
            ]
        ),
    ]


def _each(track: Track) -> str:
    return duration_words(duration_text(timedelta(seconds=track.every)))


def _track(target: str, track: Track, *, intervals: bool) -> str:
    at = [datetime.fromtimestamp(moment, UTC) for moment in track.at]
    band = (track.low, track.high) if intervals else (None, None)
    series = [
        Line(say("predicted"), at, track.predicted, *band),
        Line(say("actual"), at, track.actual, colour="coral"),
    ]
    if track.naive and not intervals:
        series.append(Line(say("seasonal naive"), at, track.naive, colour="fog", style="dashes"))
    alt = say(
        "{target} over time: on average {mean} happened and {guess} was predicted",
        target=target,
        mean=number(sum(track.actual) / len(track.actual), 3),
        guess=number(sum(track.predicted) / len(track.predicted), 3),
    )
    return lines(series, alt=alt, y_label=target, height=300.0 if intervals else 240.0)


def _periods(target: str, shape: Forecast) -> Figure:
    names = [one.period for one in shape.periods]
    series = [Line(say("this model"), names, [one.error for one in shape.periods], style="dotted line")]
    naive = [one.naive_error for one in shape.periods if one.naive_error is not None]
    if len(naive) == len(names):
        series.append(Line(say("seasonal naive"), names, naive, colour="fog", style="dashes"))
    worst = max(shape.periods, key=lambda one: one.error)
    largest = {"error": number(worst.error, 3), "period": worst.period}
    hourly = shape.by == "hour"
    chart = lines(
        series,
        alt=say("Mean absolute error by period: the largest is {error} at {period}", **largest),
        x_label=say("hour of the day") if hourly else say("weekday"),
        y_label=say("mean absolute error of {target}", target=target),
    )
    words = say(
        "The error is largest at **{period}** ({error}). All steps up to the horizon are answered from equally old "
        "values, so the error does not grow with the step.",
        **largest,
    )
    title = say("The error by hour of the day") if hourly else say("The error by weekday")
    return Figure(chart, title, words)
