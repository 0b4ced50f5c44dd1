"""The report's part on numbers and counts: predicted against observed, residuals, and what intervals hold."""

from __future__ import annotations

from tidemill.evaluation.evidence import Regression
from tidemill.reporting.charts import Line, Mark, Shape, histogram, lines
from tidemill.reporting.language import say, to_say
from tidemill.reporting.page import Block, Figure, Figures
from tidemill.reporting.wording import number, percent

__all__ = ["number_blocks"]

_WAYS = {
    "constant": to_say("They are as wide for every row, by the errors on validation rows."),
    "scaled": to_say("They grow with the errors that are usual for predictions of that size."),
    "quantile": to_say("Their ends are predicted for each row, and corrected by what they missed on validation rows."),
}


def number_blocks(target: str, shapes: Regression) -> list[Block]:
    """The two plots, side by side."""
    return [Figures([_observed(target, shapes), _residuals(shapes)])]


def _observed(target: str, shapes: Regression) -> Figure:
    bins = shapes.calibration
    said = "; ".join(
        say(
            "{predicted} predicted, {observed} observed",
            predicted=number(one.predicted, 3),
            observed=number(one.observed, 3),
        )
        for one in bins
    )
    chart = lines(
        [
            Line(
                say("observed"),
                [one.predicted for one in bins],
                [one.observed for one in bins],
                [one.low for one in bins],
                [one.high for one in bins],
                style="dotted line",
            )
        ],
        alt=said,
        x_label=say("predicted {target}", target=target),
        y_label=say("observed {target}", target=target),
        diagonal=True,
        square=True,
    )
    words = say(
        "Rows in bins by their prediction: the line is what happened on average, the band holds eight in ten rows. "
        "On the "
        "dotted line, as much happened as was predicted."
    )
    return Figure(chart, say("Predicted against observed"), words)


def _residuals(shapes: Regression) -> Figure:
    half = number(shapes.errors["50%"], 3)
    chart = histogram(
        shapes.residuals.edges,
        [Shape(say("rows"), shapes.residuals.counts["rows"], "sea")],
        alt=say("Distribution of errors; half are smaller than {half}", half=half),
        x_label=say("error: predicted minus observed"),
        y_label=say("share of rows"),
        marks=[Mark(0.0, say("no error"), axis="x")],
        height=350,
    )
    words = say(
        "Half of the errors are smaller than **{half}**, and 95 % are smaller than {most}.",
        half=half,
        most=number(shapes.errors["95%"], 3),
    )
    return Figure(chart, say("How large the errors are (residuals)"), f"{words} {_intervals(shapes)}")


def _intervals(shapes: Regression) -> str:
    """How wide the predicted intervals are, and what they hold."""
    held = {"width": number(shapes.width, 3), "share": percent(shapes.covered), "meant": percent(shapes.coverage)}
    if shapes.covered_low is None or shapes.covered_high is None:
        words = say(
            "The predicted intervals are {width} wide and hold the truth for **{share}** of the rows (meant: {meant}).",
            **held,
        )
    else:
        words = say(
            "The predicted intervals are {width} wide and hold the truth for **{share}** of the rows, {low} to {high} "
            "(meant: {meant}).",
            **held,
            low=percent(shapes.covered_low),
            high=percent(shapes.covered_high),
        )
    way = _WAYS.get(shapes.way)
    return words if way is None else f"{words} {say(way)}"
