"""The report's section on what drives the model: which columns move its answers, and how."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime

from tidemill.evaluation.evidence import Dependence, Evidence, Importance, Piece
from tidemill.reporting.charts import Bar, Line, Mark, bars, intervals, lines
from tidemill.reporting.counterchecks import acting_together, counter_checks
from tidemill.reporting.language import say, say_plural, to_say
from tidemill.reporting.material import Material
from tidemill.reporting.page import Block, Cell, Figure, Figures, Fold, Section, Table
from tidemill.reporting.wording import count, listed, number, percent, signed, value_name

__all__ = ["unit_name", "what_drives_it"]

_SHOWN = 14
_UNITS = {
    "binary": to_say("log-odds"),
    "multiclass": to_say("log-odds of the predicted class"),
    "regression": to_say("the target's unit"),
    "count": to_say("logarithm of the expected count"),
    "ranking": to_say("the score's own unit"),
}


def what_drives_it(material: Material) -> Section:
    """Importances, then how the strongest columns work."""
    evidence, title = material.evidence, say("What drives it")
    strong = [one for one in evidence.importances if one.mean > 0]
    if not strong:
        return Section(title, [], say("No column moves the model's answers."))
    figures = [_dependence(material, one) for one in evidence.dependence]
    blocks: list[Block] = [_importance(material)]
    blocks += counter_checks(evidence)
    blocks += [Figures(figures, packed=True)] if figures else []
    blocks += acting_together(evidence, unit_name(evidence))
    rows: list[list[Cell]] = [[one.column, percent(one.share), number(one.mean, 3)] for one in evidence.importances]
    caption = say("Mean absolute contribution, in {unit}", unit=unit_name(evidence))
    table = Table([say("column"), say("share"), say("moves by")], rows, caption)
    blocks.append(Fold(say("All columns in numbers"), [table]))
    return Section(title, blocks, _lead(strong))


def unit_name(evidence: Evidence) -> str:
    """What contributions are in."""
    known = _UNITS.get(evidence.task)
    return evidence.contribution_unit if known is None else say(known)


def _lead(strong: Sequence[Importance]) -> str:
    """The columns that make up the first half of what moves answers."""
    half, share = 0, 0.0
    while share < 0.5 and half < len(strong):
        share += strong[half].share
        half += 1
    names = listed([f"`{one.column}`" for one in strong[:half]])
    return say_plural(
        "{names} makes up {share} of what moves the model's answers.",
        "{names} make up {share} of what moves the model's answers.",
        half,
        names=names,
        share=percent(share),
    )


def _importance(material: Material) -> Figure:
    evidence = material.evidence
    rows = [Bar(one.column, one.share) for one in evidence.importances[:_SHOWN]]
    rest = evidence.importances[_SHOWN:]
    if rest:
        label = say_plural("{count} other", "{count} others", len(rest))
        rows.append(Bar(label, sum(one.share for one in rest), colour="fog"))
    chart = bars(rows, alt="; ".join(f"{row.label} {percent(row.value)}" for row in rows), form="percent")
    words = say(
        "The model's answer for a row is a sum of what each column adds or takes away. This is how much each column "
        "moves "
        "answers on average, over {rows} gate rows (exact Shapley values of the trees).",
        rows=count(evidence.explained_rows),
    )
    idle = sum(one.share < 0.01 for one in evidence.importances)
    if idle:
        words += " " + say_plural(
            "{count} column does next to nothing.",
            "{count} columns do next to nothing.",
            idle,
        )
    words += "\n\n" + say("It says what the model goes by, not what causes what.")
    return Figure(chart, say("Which columns move the answers"), words)


def _dependence(material: Material, one: Dependence) -> Figure:
    title = say("How `{column}` works", column=one.column)
    words = _words(material, one.pieces)
    chart = _by_level(material, one) if one.kind in ("category", "boolean") else _by_value(material, one)
    return Figure(chart, title, words)


def _by_level(material: Material, one: Dependence) -> str:
    rows = [
        Bar(value_name(piece.label), piece.mean, piece.low, piece.high, colour="coral" if piece.mean > 0 else "sea")
        for piece in one.pieces
    ]
    marks = [Mark(0.0, say("no effect"), axis="x")]
    return intervals(rows, alt=_alt(one), x_label=unit_name(material.evidence), form="signed", marks=marks)


def _by_value(material: Material, one: Dependence) -> str:
    pieces = [piece for piece in one.pieces if piece.x is not None]
    x = [piece.x or 0.0 for piece in pieces]
    moments = [datetime.fromtimestamp(value, UTC) for value in x]
    line = Line(
        one.column,
        moments if one.kind == "time" else x,
        [piece.mean for piece in pieces],
        [piece.low for piece in pieces],
        [piece.high for piece in pieces],
        style="dotted line",
    )
    return lines(
        [line],
        alt=_alt(one),
        x_label=one.column,
        y_label=say("adds ({unit})", unit=unit_name(material.evidence)),
        marks=[Mark(0.0, "")],
    )


def _alt(one: Dependence) -> str:
    values = "; ".join(f"{value_name(piece.label)} {signed(piece.mean, 2)}" for piece in one.pieces)
    return say("Contribution of {column}: {values}", column=one.column, values=values)


def _words(material: Material, pieces: tuple[Piece, ...]) -> str:
    known = [piece for piece in pieces if piece.label != "missing"]
    most, least = max(known, key=lambda piece: piece.mean), min(known, key=lambda piece: piece.mean)
    binary = material.evidence.binary
    ends = {
        "most": _name(most),
        "by": _odds(material, most.mean),
        "least": _name(least),
        "back": _odds(material, least.mean),
    }
    words = (
        say(
            "Pushes most towards `{positive}` at **{most}** ({by}), and most the other way at **{least}** ({back}).",
            positive=binary.positive,
            **ends,
        )
        if binary
        else say("Pushes most up at **{most}** ({by}), and most the other way at **{least}** ({back}).", **ends)
    )
    missing = next((piece for piece in pieces if piece.label == "missing"), None)
    if missing is not None:
        words += " " + say("Missing values count, too ({by}).", by=_odds(material, missing.mean))
    return f"{words} " + say("The band holds eight in ten rows; where it is wide, other columns play along.")


def _name(piece: Piece) -> str:
    """The piece's value as a person reads it."""
    plain = piece.x is not None and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", piece.label)
    return number(piece.x, 3) if plain else piece.label


def _odds(material: Material, mean: float) -> str:
    """Log-odds as a factor of the odds, which is easier to picture."""
    if material.evidence.binary is None:
        return signed(mean, 3)
    return say("odds × {factor}", factor=number(math.exp(mean), 3)).replace(" ", "\u00a0")
