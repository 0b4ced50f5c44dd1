"""The report's section on where the model is good and where not: its metric on parts of the gate rows."""

from __future__ import annotations

from tidemill.evaluation.evidence import Slice
from tidemill.reporting.charts import Bar, Colour, Mark, intervals
from tidemill.reporting.material import Material
from tidemill.reporting.page import Block, Cell, Figure, Figures, Fold, Prose, Section, Table
from tidemill.reporting.wording import count, listed, metric_name, number, percent, plural, span

__all__ = ["where_it_is_good"]

_COLOURS: dict[str, Colour] = {"better": "leaf", "alike": "sea", "worse": "coral"}


def where_it_is_good(material: Material) -> Section:
    """One chart a column, and a table of everything."""
    slices = material.evidence.slices
    title = "Where it is good, and where not"
    measured = [one for one in slices if one.metric is not None]
    if not measured:
        words = "No column has few enough values to break the quality down by. Name some in `evaluate.slices`."
        return Section(title, [Prose(words)])
    columns = list(dict.fromkeys(one.column for one in measured))
    figures = [_figure(material, column, [one for one in measured if one.column == column]) for column in columns]
    worse = [one for one in measured if one.verdict == "worse"]
    lead = (
        f"{plural(len(measured), 'part')} of the gate rows, by {listed(columns)}: "
        f"{len(worse) or 'none'} clearly worse than all rows together."
    )
    blocks: list[Block] = [Prose(_reading(material)), Figures(figures, packed=True)]
    blocks.append(Fold("All parts in numbers", [_table(material)]))
    return Section(title, blocks, lead)


def _reading(material: Material) -> str:
    """How to read the charts, and what comparing parts by this metric can't say."""
    best = material.best_baseline.name
    words = (
        f"Behind each part stand its {metric_name(material.metric.name)} and its rows. Red is clearly worse than all "
        "rows "
        f"together, green clearly better, and a small upright stroke is what {best}, the best plain model, reaches "
        "there."
    )
    if material.metric.name in ("auc", "r2"):
        words += (
            f"\n\n{metric_name(material.metric.name)} within a part only counts what the model tells apart inside of "
            "it. "
            "Where the column itself carries much of the answer, every part looks worse than the whole: then the "
            "distance from the stroke says more than the colour."
        )
    return words


def _figure(material: Material, column: str, slices: list[Slice]) -> Figure:
    name = metric_name(material.metric.name)
    rows = [
        Bar(
            one.value,
            one.metric.value,
            one.metric.low,
            one.metric.high,
            note=count(one.rows),
            colour=_COLOURS[one.verdict],
            beside=one.baseline,
        )
        for one in slices
        if one.metric is not None
    ]
    chart = intervals(
        rows,
        alt=f"{name} by {column}: " + "; ".join(f"{row.label} {number(row.value, 3)}" for row in rows),
        x_label=name,
        marks=[Mark(material.metric.value, "all rows", axis="x")],
    )
    return Figure(chart, f"By `{column}`", _words(material, column, slices))


def _words(material: Material, column: str, slices: list[Slice]) -> str:
    sign = 1.0 if material.more_is_better else -1.0
    ranked = sorted(
        ((sign * one.metric.value, one) for one in slices if one.metric is not None), key=lambda pair: pair[0]
    )
    worst, best = ranked[0][1], ranked[-1][1]
    ahead = [one for one in slices if one.metric and one.baseline is not None]
    behind = [one for one in ahead if sign * ((one.metric.value if one.metric else 0.0) - (one.baseline or 0.0)) < 0]
    if len(ranked) == 1:
        return "There is only one part with enough rows."
    values = [one.metric.value for one in (best, worst) if one.metric is not None]
    words = f"Best for **{best.value}** ({number(values[0], 3)}), worst for **{worst.value}** ({number(values[1], 3)})."
    if behind:
        names = listed([f"`{one.value}`" for one in behind[:4]])
        more = f" and {len(behind) - 4} more" if len(behind) > 4 else ""
        return f"{words} For {names}{more} it is no better than {material.best_baseline.name}."
    return f"{words} It is ahead of {material.best_baseline.name} in every part."


def _table(material: Material) -> Table:
    binary = material.evidence.binary
    numbers = material.evidence.regression is not None or material.evidence.ranking is not None
    head = [
        "column",
        "value",
        "rows",
        metric_name(material.metric.name),
        "interval",
        "best baseline",
        "compared with all",
    ]
    if binary is not None:
        head.insert(3, binary.positive)
    elif numbers:
        head.insert(3, f"mean {material.evidence.target}")
    rows: list[list[Cell]] = []
    for one in material.evidence.slices:
        metric = one.metric
        row: list[Cell] = [one.column, one.value, one.rows]
        if binary is not None:
            row.append(percent(one.outcome))
        elif numbers:
            row.append(number(one.outcome))
        row += [
            number(metric.value) if metric else None,
            span(metric.low, metric.high, 3) if metric else None,
            number(one.baseline) if one.baseline is not None else None,
            one.verdict,
        ]
        rows.append(row)
    return Table(head, rows)
