"""The report's part on several classes: which are taken for which, and whether probabilities can be believed."""

from __future__ import annotations

from tidemill.evaluation.evidence import Multiclass
from tidemill.reporting.charts import matrix
from tidemill.reporting.flags import reliability
from tidemill.reporting.language import say
from tidemill.reporting.page import Block, Cell, Figure, Figures, Table
from tidemill.reporting.wording import MISSING, number, percent

__all__ = ["class_blocks"]


def class_blocks(shapes: Multiclass) -> list[Block]:
    """Truth by prediction, calibration, and a table of the classes."""
    rows: list[list[Cell]] = [
        [
            one.label,
            one.rows,
            *(MISSING if value is None else percent(value) for value in (one.precision, one.recall)),
            MISSING if one.auc is None else number(one.auc),
        ]
        for one in shapes.classes
    ]
    head = [say("class"), say("rows"), say("precision"), say("recall"), say("AUC against the rest")]
    return [Figures([_confusion(shapes), _calibration(shapes)]), Table(head, rows)]


def _confusion(shapes: Multiclass) -> Figure:
    known = [one for one in shapes.classes if one.recall is not None]
    hardest = min(known, key=lambda one: one.recall or 0.0, default=None)
    chart = matrix(
        shapes.confusion,
        shapes.shown,
        shapes.shown,
        alt=say("Truth by prediction, a row a true class"),
        row_label=say("what it was"),
        column_label=say("what the model said"),
    )
    words = say("Each row is a true class; the darker the diagonal, the better.")
    if hardest is not None:
        words += " " + say(
            "The hardest is `{class_name}`: **{share}** of its rows are named rightly.",
            class_name=hardest.label,
            share=percent(hardest.recall),
        )
    return Figure(chart, say("Which classes are taken for which"), words)


def _calibration(shapes: Multiclass) -> Figure:
    words = say(
        "Rows by the probability of the class that was named, and the share that was named rightly. On average it is "
        "off "
        "by **{error} points**.",
        error=number(100 * shapes.calibration_error, 2),
    )
    chart = reliability(shapes.calibration, say("share that was named rightly"))
    return Figure(chart, say("Can its probabilities be believed?"), words)
