"""The report's section on what drives the model: which columns move its answers, and how."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

from tidemill.evaluation.evidence import Dependence, Piece
from tidemill.reporting.charts import Bar, Line, Mark, bars, intervals, lines
from tidemill.reporting.material import Material
from tidemill.reporting.page import Block, Cell, Figure, Figures, Fold, Section, Table
from tidemill.reporting.wording import count, listed, number, percent, plural, signed

__all__ = ["what_drives_it"]

_SHOWN = 14


def what_drives_it(material: Material) -> Section:
    """Importances, then how the strongest columns work."""
    evidence = material.evidence
    strong = [one for one in evidence.importances if one.mean > 0]
    if not strong:
        return Section("What drives it", [], "No column moves the model's answers.")
    half, share = 0, 0.0
    while share < 0.5 and half < len(strong):
        share += strong[half].share
        half += 1
    names = listed([f"`{one.column}`" for one in strong[:half]])
    lead = f"{names} {'makes' if half == 1 else 'make'} up {percent(share)} of what moves the model's answers."
    figures = [_dependence(material, one) for one in evidence.dependence]
    blocks: list[Block] = [_importance(material)]
    blocks += [Figures(figures, packed=True)] if figures else []
    rows: list[list[Cell]] = [[one.column, percent(one.share), number(one.mean, 3)] for one in evidence.importances]
    caption = f"Mean absolute contribution, in {evidence.contribution_unit}"
    blocks.append(Fold("All columns in numbers", [Table(["column", "share", "moves by"], rows, caption)]))
    return Section("What drives it", blocks, lead)


def _importance(material: Material) -> Figure:
    evidence = material.evidence
    shown = evidence.importances[:_SHOWN]
    rows = [Bar(one.column, one.share) for one in shown]
    rest = evidence.importances[_SHOWN:]
    if rest:
        rows.append(Bar(f"{plural(len(rest), 'other')}", sum(one.share for one in rest), colour="fog"))
    chart = bars(rows, alt="; ".join(f"{row.label} {percent(row.value)}" for row in rows), form="percent")
    idle = sum(one.share < 0.01 for one in evidence.importances)
    words = (
        "The model's answer for a row is a sum of what each column adds or takes away. This is how much each column "
        "moves "
        f"answers on average, over {count(evidence.explained_rows)} gate rows (exact Shapley values of the trees)."
    )
    if idle:
        words += f" {plural(idle, 'column')} {'does' if idle == 1 else 'do'} next to nothing and could be left out."
    words += "\n\nIt says what the model goes by, not what causes what."
    return Figure(chart, "Which columns move the answers", words)


def _dependence(material: Material, one: Dependence) -> Figure:
    unit = material.evidence.contribution_unit
    words = _words(material, one.pieces)
    title = f"How `{one.column}` works"
    if one.kind in ("category", "boolean"):
        rows = [
            Bar(piece.label, piece.mean, piece.low, piece.high, colour="coral" if piece.mean > 0 else "sea")
            for piece in one.pieces
        ]
        said = "; ".join(f"{row.label} {row.value:+.2f}" for row in rows)
        marks = [Mark(0.0, "no effect", axis="x")]
        alt = f"Contribution of {one.column}: {said}"
        return Figure(intervals(rows, alt=alt, x_label=unit, form="signed", marks=marks), title, words)
    pieces = [piece for piece in one.pieces if piece.x is not None]
    x = [piece.x or 0.0 for piece in pieces]
    moments = [datetime.fromtimestamp(value, UTC) for value in x]
    chart = lines(
        [
            Line(
                one.column,
                moments if one.kind == "time" else x,
                [piece.mean for piece in pieces],
                [piece.low for piece in pieces],
                [piece.high for piece in pieces],
                style="dotted line",
            )
        ],
        alt=f"Contribution of {one.column}: " + "; ".join(f"{piece.label} {piece.mean:+.2f}" for piece in pieces),
        x_label=one.column,
        y_label=f"adds ({unit})",
        marks=[Mark(0.0, "")],
    )
    return Figure(chart, title, words)


def _words(material: Material, pieces: tuple[Piece, ...]) -> str:
    known = [piece for piece in pieces if piece.label != "missing"]
    most, least = max(known, key=lambda piece: piece.mean), min(known, key=lambda piece: piece.mean)
    binary = material.evidence.binary
    towards = f"towards `{binary.positive}`" if binary else "up"
    words = (
        f"Pushes most {towards} at **{_name(most)}**{_odds(material, most.mean)}, "
        f"and most the other way at **{_name(least)}**{_odds(material, least.mean)}."
    )
    missing = next((piece for piece in pieces if piece.label == "missing"), None)
    if missing is not None:
        words += f" Missing values count, too{_odds(material, missing.mean)}."
    return f"{words} The band holds eight in ten rows; where it is wide, other columns play along."


def _name(piece: Piece) -> str:
    """The piece's value as a person reads it."""
    plain = piece.x is not None and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", piece.label)
    return number(piece.x, 3) if plain else piece.label


def _odds(material: Material, mean: float) -> str:
    """Log-odds as a factor of the odds, which is easier to picture."""
    if material.evidence.binary is None:
        return f" ({signed(mean, 3)})"
    return f" (odds\u00a0×\u00a0{number(math.exp(mean), 3)})"
