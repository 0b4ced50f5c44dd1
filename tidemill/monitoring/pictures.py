"""The monitoring report's charts, with the words under them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tidemill.monitoring.drift import USUAL_FACTOR
from tidemill.monitoring.records import ColumnDrift, DriftReport, Level
from tidemill.monitoring.reference import Reference
from tidemill.profile import ColumnProfile
from tidemill.reporting.charts import Bar, Colour, Line, Mark, Shape, histogram, intervals, lines
from tidemill.reporting.language import in_words, say
from tidemill.reporting.page import Figure
from tidemill.reporting.wording import metric_name, month, number, percent, sentence
from tidemill.results import Interval

__all__ = ["column_pictures", "movement_picture", "promise_picture", "quality_picture"]

MOST_ROWS = 14
MOST_COLUMNS = 5
FEW_WINDOWS = 5
_COLOURS: dict[Level | None, Colour] = {"page": "coral", "warn": "coral", "note": "sand", None: "sea"}


def quality_picture(history: Sequence[DriftReport]) -> Figure | None:
    """The metric by window, measured and estimated, against the gate's; None where there is nothing to draw."""
    measured = [(one, one.quality.measured) for one in history if one.quality.measured is not None]
    estimated = [(one, one.quality.estimated) for one in history if one.quality.estimated is not None]
    if not measured and not estimated:
        return None
    proven = history[-1].quality.proven
    name = metric_name(proven.name)
    alt = say(
        "{metric} by window, measured and estimated, against {proven} on the gate rows",
        metric=name,
        proven=number(proven.value, 3),
    )
    mark = Mark(proven.value, say("gate"), axis="x")
    if len(history) > FEW_WINDOWS:
        series = [_line(say("measured"), measured, "sea"), _line(say("estimated"), estimated, "sand")]
        drawn = [one for one in series if one is not None]
        svg = lines(drawn, alt=alt, y_label=name, marks=[Mark(proven.value, say("gate"))])
    else:
        rows = [Bar(say("gate rows"), proven.value, proven.low, proven.high, colour="muted")]
        rows += [
            Bar(f"{_short(report)} {word}", one.value, one.low, one.high, colour=colour)
            for report in history
            for word, one, colour in _both(report)
        ]
        svg = intervals(rows, alt=alt, x_label=name, marks=[mark])
    words = say(
        "Measured on labels that have arrived; estimated from the probabilities alone. Both with the interval that 95 "
        "of 100 such windows would be in."
    )
    return Figure(svg, say("{metric} by window", metric=name), words)


def promise_picture(history: Sequence[DriftReport]) -> Figure | None:
    """Binary only: the share of positives that came, against the share that the probabilities promised."""
    known = [(one, one.quality.balance) for one in history if one.quality.balance is not None][-MOST_ROWS:]
    if not known:
        return None
    rows = [
        Bar(_short(report), one.came.value, one.came.low, one.came.high, beside=one.promised) for report, one in known
    ]
    alt = say("The share of positive rows by window, and the share that the probabilities promised")
    last = known[-1][1]
    words = say(
        "In the newest window {came} of rows were positive; the probabilities promised {promised} (the stroke). Where "
        "the stroke lies outside the interval, the probabilities rank rows as well as they do, but are too low or too "
        "high.",
        came=percent(last.came.value),
        promised=percent(last.promised),
    )
    return Figure(intervals(rows, alt=alt, form="percent"), say("Promised and come"), words)


def movement_picture(report: DriftReport, limit: float) -> Figure:
    """The columns that moved most, with what is usual for each."""
    drifts = [*([report.prediction] if report.prediction is not None else []), *report.columns]
    shown = sorted(drifts, key=lambda one: -one.movement)[:MOST_ROWS]
    rows = [
        Bar(
            one.name,
            one.movement,
            colour=_COLOURS[one.level],
            beside=USUAL_FACTOR * one.usual if one.usual is not None else None,
        )
        for one in shown
    ]
    svg = intervals(
        rows,
        alt=say("How far each column moved from training, and how far it may by its own past"),
        x_label=say("population stability index, less noise"),
        marks=[Mark(limit, say("limit"), axis="x")],
    )
    words = say(
        "The dot is how far the column moved from training; the stroke is how far it may, by what training's own "
        "windows did. A dot beyond both the limit and its stroke is a warning."
    )
    return Figure(svg, say("How far columns moved"), words)


def column_pictures(report: DriftReport, reference: Reference, masked: Mapping[str, str]) -> list[Figure]:
    """The distributions of the prediction and of the columns that have the most to say, training beside the window.

    ``masked`` are columns with personal data: their bins have numbers for names.
    """
    ranked = sorted(report.columns, key=lambda one: (one.level not in ("page", "warn"), -one.movement))
    chosen = [one for one in ranked if one.level is not None][:MOST_COLUMNS]
    figures = []
    if report.prediction is not None and any(report.prediction.counts):
        figures.append(_picture(report.prediction, reference.prediction, say("gate rows"), False))
    for one in chosen:
        if any(one.counts):
            figures.append(_picture(one, reference.profile.column(one.name), say("training"), one.name in masked))
    return figures


def _picture(drift: ColumnDrift, column: ColumnProfile, before: str, masked: bool) -> Figure:
    names = (
        [say("part {place}", place=place) for place in range(1, len(column.counts) + 1)]
        if masked
        else _bin_names(column)
    )
    svg = histogram(
        names,
        [Shape(before, column.counts, "fog"), Shape(say("this window"), drift.counts, _COLOURS[drift.level])],
        alt=say("The distribution of {column}: {before} and this window", column=drift.name, before=before),
    )
    said = "; ".join(in_words(one.said) if one.said else one.words for one in drift.findings)
    return Figure(svg, f"`{drift.name}`", sentence(said) if said else say("As before, within what is usual."))


def _bin_names(column: ColumnProfile) -> list[str]:
    if column.kind != "number":
        return [*column.levels, say("others")]
    if not column.edges:
        return [number(column.low, 3)]
    edges = [number(edge, 3) for edge in column.edges]
    return [*(f"≤ {edge}" for edge in edges), f"> {edges[-1]}"]


def _both(report: DriftReport) -> list[tuple[str, Interval, Colour]]:
    quality = report.quality
    both: list[tuple[str, Interval | None, Colour]] = [
        (say("measured"), quality.measured, "sea"),
        (say("estimated"), quality.estimated, "sand"),
    ]
    return [(word, one, colour) for word, one, colour in both if one is not None]


def _line(name: str, found: Sequence[tuple[DriftReport, Interval]], colour: Colour) -> Line | None:
    if not found:
        return None
    return Line(
        name,
        [report.window.since or report.created for report, _ in found],
        [one.value for _, one in found],
        [one.low for _, one in found],
        [one.high for _, one in found],
        colour=colour,
    )


def _short(report: DriftReport) -> str:
    start = report.window.since or report.created
    return f"{start.day} {month(start)} {start.year}"
