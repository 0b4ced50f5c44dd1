"""The parts of the report on pairs that act together, and on what the model loses without a column."""

from __future__ import annotations

from datetime import UTC, datetime

from tidemill.evaluation.evidence import Evidence, LeftOut, Piece, Shuffled, TwoWay
from tidemill.reporting.charts import Bar, Colour, Line, Mark, bars, intervals, lines
from tidemill.reporting.language import say, say_plural
from tidemill.reporting.page import Block, Figure, Figures, Notice, Prose
from tidemill.reporting.wording import count, listed, metric_name, number, percent, signed, value_name

__all__ = ["acting_together", "counter_checks"]

_SHOWN = 20
_COLOURS: tuple[Colour, ...] = ("sea", "coral", "sand")


def counter_checks(evidence: Evidence) -> list[Block]:
    """What the metric loses when columns are shuffled, and when those that lose nothing are left out."""
    if not evidence.shuffled:
        return []
    blocks: list[Block] = [_shuffled(evidence)]
    return [*blocks, _left_out(evidence, evidence.left_out)] if evidence.left_out else blocks


def acting_together(evidence: Evidence, unit: str) -> list[Block]:
    """The strongest pairs, and how two of them work; ``unit`` is what contributions are in."""
    if evidence.interaction_rows == 0:
        return [
            Prose(
                say(
                    "Which pairs of columns act together was not looked for: with so many columns or such deep trees "
                    "it would take too long."
                )
            )
        ]
    if not evidence.interactions:
        return []
    return [Figures([_pairs(evidence, unit), *(_two_way(one, unit) for one in evidence.two_way)], packed=True)]


def _shuffled(evidence: Evidence) -> Figure:
    found = evidence.shuffled[:_SHOWN]
    rows = [
        Bar(_names(one), one.loss.value, one.loss.low, one.loss.high, colour="sea" if one.loss.low > 0 else "fog")
        for one in found
    ]
    name = metric_name(evidence.metric)
    words = say(
        "A cross-check on {rows} gate rows: the values of one column are dealt out anew among the rows, and the model "
        "answers again. This is how much {metric} gets worse. Columns that nearly repeat each other are dealt out "
        "together. Grey is what may be nothing at all.",
        rows=count(evidence.shuffled_rows),
        metric=name,
    )
    idle = sum(one.loss.low <= 0 for one in evidence.shuffled)
    if idle:
        words += " " + say_plural(
            "{count} column or group of columns may be worth nothing.",
            "{count} columns or groups of columns may be worth nothing.",
            idle,
        )
    alt = "; ".join(f"{row.label} {number(row.value, 2)}" for row in rows)
    marks = [Mark(0.0, "", axis="x")]
    return Figure(
        intervals(rows, alt=alt, form="signed", marks=marks), say("What the model loses without a column"), words
    )


def _left_out(evidence: Evidence, one: LeftOut) -> Notice:
    change = {
        "metric": metric_name(evidence.metric),
        "value": signed(-one.loss.value, 2),
        "low": signed(-one.loss.high, 2),
        "high": signed(-one.loss.low, 2),
        "rows": count(one.rows),
    }
    names = listed([f"`{name}`" for name in one.columns])
    if one.loss.low <= 0:
        title = say("Could be left out: {columns}", columns=names)
    else:
        title = say("Worth something together: {columns}", columns=names)
    text = say(
        "Two boosters were fitted on {rows} training rows, one with all columns and one without these: {metric} "
        "changes by {value} ({low} to {high}), where above 0 is better.",
        **change,
    )
    return Notice("good" if one.loss.low <= 0 else "plain", title, text)


def _names(one: Shuffled) -> str:
    return ", ".join(one.columns)


def _pairs(evidence: Evidence, unit: str) -> Figure:
    rows = [Bar(" × ".join(one.columns), one.mean) for one in evidence.interactions]
    words = say(
        "How much two columns move an answer together, beyond what each does by itself, on average over {rows} gate "
        "rows (exact Shapley interactions of the trees), in {unit}.",
        rows=count(evidence.interaction_rows or 0),
        unit=unit,
    )
    if evidence.interaction_share < 1.0:
        words += " " + say(
            "Taken from the first trees, {share} of all: they weigh most, and all of them would take too long.",
            share=percent(evidence.interaction_share),
        )
    alt = "; ".join(f"{row.label} {number(row.value, 2)}" for row in rows)
    return Figure(bars(rows, alt=alt), say("Which columns act together"), words)


def _two_way(one: TwoWay, unit: str) -> Figure:
    title = say("How `{x}` and `{by}` work together", x=one.x, by=one.by)
    words = say(
        "What the two add together, over `{x}`, for rows of like `{by}`. Lines that run side by side would say that "
        "each works by itself.",
        x=one.x,
        by=one.by,
    )
    alt = say("Together by {x}, one line each for {sides}", x=one.x, sides=listed([side.label for side in one.sides]))
    drawn = [_line(one, place, label) for place, label in enumerate(side.label for side in one.sides)]
    chart = lines(drawn, alt=alt, x_label=one.x, y_label=say("adds ({unit})", unit=unit), marks=[Mark(0.0, "")])
    return Figure(chart, title, words)


def _line(one: TwoWay, place: int, label: str) -> Line:
    """A side's line: over numbers, moments, or the levels that the first side has."""
    numbers = one.kind in ("number", "time")
    pieces = [piece for piece in one.sides[place].pieces if not numbers or piece.x is not None]
    if not numbers:
        order = [piece.label for piece in one.sides[0].pieces]
        pieces = sorted((piece for piece in pieces if piece.label in order), key=lambda piece: order.index(piece.label))
    return Line(
        f"{one.by} {value_name(label)}",
        _places(one, pieces),
        [piece.mean for piece in pieces],
        colour=_COLOURS[place],
        style="dotted line",
    )


def _places(one: TwoWay, pieces: list[Piece]) -> list[float] | list[datetime] | list[str]:
    if one.kind == "time":
        return [datetime.fromtimestamp(piece.x or 0.0, UTC) for piece in pieces]
    return (
        [piece.x or 0.0 for piece in pieces] if one.kind == "number" else [value_name(piece.label) for piece in pieces]
    )
