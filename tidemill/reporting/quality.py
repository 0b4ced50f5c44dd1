"""The report's section on how good the model is: its metrics, then the shapes of its answers on the gate rows."""

from __future__ import annotations

from tidemill.reporting.classes import class_blocks
from tidemill.reporting.flags import flag_blocks
from tidemill.reporting.forecasts import forecast_blocks
from tidemill.reporting.language import say
from tidemill.reporting.material import Material
from tidemill.reporting.numbers import number_blocks
from tidemill.reporting.ordering import ranking_blocks
from tidemill.reporting.page import Block, Cell, Section, Table
from tidemill.reporting.wording import MISSING, count, metric_name, number, percent, rival_name, span

__all__ = ["how_good_it_is"]


def how_good_it_is(material: Material) -> Section:
    """Metrics with intervals, then the plots that fit the task."""
    evidence = material.evidence
    blocks: list[Block] = []
    if evidence.binary is not None:
        blocks += flag_blocks(material, evidence.binary)
    if evidence.multiclass is not None:
        blocks += class_blocks(evidence.multiclass)
    if evidence.regression is not None:
        blocks += number_blocks(evidence.target, evidence.regression)
    if evidence.forecast is not None:
        blocks += forecast_blocks(evidence.target, evidence.forecast)
    if evidence.ranking is not None:
        blocks += ranking_blocks(material, evidence.ranking)
    return Section(say("How good it is"), [_metrics(material), *blocks], _lead(material))


def _lead(material: Material) -> str:
    evidence = material.evidence
    drawn = {
        "rows": count(evidence.rows),
        "confidence": percent(evidence.confidence),
        "resamples": count(evidence.resamples),
    }
    if evidence.ranking is None:
        lead = say(
            "All on the {rows} gate rows. Intervals are at {confidence}, from {resamples} bootstrap resamples.", **drawn
        )
    else:
        lead = say(
            "All on the {rows} gate rows. Intervals are at {confidence}, from {resamples} bootstrap resamples of the "
            "{lists} lists.",
            **drawn,
            lists=count(evidence.ranking.queries),
        )
    if evidence.weight:
        lead += " " + say(
            "In every metric a row counts as much as `{column}` says; the pictures count rows.", column=evidence.weight
        )
    return lead


def _metrics(material: Material) -> Table:
    """Every metric of everybody; the interval only of the model itself."""
    others = material.rivals
    rows: list[list[Cell]] = []
    for own in material.evidence.challenger.metrics:
        values: list[Cell] = [f"{number(own.value)}", span(own.low, own.high)]
        for other in others:
            theirs = next((one.value for one in other.metrics if one.name == own.name), None)
            values.append(MISSING if theirs is None else number(theirs))
        rows.append([metric_name(own.name), *values])
    head = [say("metric"), say("this model"), say("interval"), *(rival_name(one.name) for one in others)]
    caption = (
        say("What a threshold decides is shown for this model only, accuracy of the others at 0.5.")
        if material.evidence.task == "binary"
        else ""
    )
    return Table(head, rows, caption)
