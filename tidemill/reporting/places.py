"""The report's section on where the model is good and where not: its metric on parts of the gate rows."""

from __future__ import annotations

from tidemill.evaluation.evidence import Slice
from tidemill.reporting.charts import Bar, Colour, Mark, intervals
from tidemill.reporting.language import say, say_plural, to_say
from tidemill.reporting.material import Material
from tidemill.reporting.page import Block, Cell, Figure, Figures, Fold, Prose, Section, Table
from tidemill.reporting.wording import count, listed, metric_name, number, percent, rival_name, span, value_name

__all__ = ["where_it_is_good"]

_COLOURS: dict[str, Colour] = {"better": "leaf", "alike": "sea", "worse": "coral"}
_VERDICTS = {
    "better": to_say("better"),
    "alike": to_say("alike"),
    "worse": to_say("worse"),
    "too few rows": to_say("too few rows"),
}


def where_it_is_good(material: Material) -> Section:
    """One chart a column, and a table of everything."""
    slices = material.evidence.slices
    title = say("Where it is good, and where not")
    measured = [one for one in slices if one.metric is not None]
    if not measured:
        words = say("No column has few enough values to break the quality down by. Name some in `evaluate.slices`.")
        return Section(title, [Prose(words)])
    columns = list(dict.fromkeys(one.column for one in measured))
    figures = [_figure(material, column, [one for one in measured if one.column == column]) for column in columns]
    blocks: list[Block] = [Prose(_reading(material)), Figures(figures, packed=True)]
    blocks.append(Fold(say("All parts in numbers"), [_table(material)]))
    return Section(title, blocks, _lead(measured, columns))


def _lead(measured: list[Slice], columns: list[str]) -> str:
    parts = say_plural(
        "{count} part of the gate rows, by {columns}.",
        "{count} parts of the gate rows, by {columns}.",
        len(measured),
        columns=listed(columns),
    )
    worse = sum(one.verdict == "worse" for one in measured)
    if not worse:
        return f"{parts} {say('No part is clearly worse than all rows together.')}"
    told = say_plural(
        "{count} is clearly worse than all rows together.", "{count} are clearly worse than all rows together.", worse
    )
    return f"{parts} {told}"


def _reading(material: Material) -> str:
    """How to read the charts, and what comparing parts by this metric can't say."""
    name = metric_name(material.metric.name)
    words = say(
        "Behind each part stand its {metric} and its rows. Red is clearly worse than all rows together, green clearly "
        "better, and a small upright stroke is what {best}, the best plain model, reaches there.",
        metric=name,
        best=rival_name(material.best_baseline.name),
    )
    if material.metric.name in ("auc", "r2"):
        words += "\n\n" + say(
            "{metric} within a part only counts what the model tells apart inside of it. Where the column itself "
            "carries "
            "much of the answer, every part looks worse than the whole: then the distance from the stroke says more "
            "than "
            "the colour.",
            metric=name,
        )
    return words


def _figure(material: Material, column: str, slices: list[Slice]) -> Figure:
    name = metric_name(material.metric.name)
    rows = [
        Bar(
            value_name(one.value),
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
    values = "; ".join(f"{row.label} {number(row.value, 3)}" for row in rows)
    chart = intervals(
        rows,
        alt=say("{metric} by {column}: {values}", metric=name, column=column, values=values),
        x_label=name,
        marks=[Mark(material.metric.value, say("all rows"), axis="x")],
    )
    return Figure(chart, say("By `{column}`", column=column), _words(material, slices))


def _words(material: Material, slices: list[Slice]) -> str:
    sign = 1.0 if material.more_is_better else -1.0
    ranked = sorted(
        ((sign * one.metric.value, one) for one in slices if one.metric is not None), key=lambda pair: pair[0]
    )
    if len(ranked) == 1:
        return say("There is only one part with enough rows.")
    worst, best = ranked[0][1], ranked[-1][1]
    words = say(
        "Best for **{best}** ({best_value}), worst for **{worst}** ({worst_value}).",
        best=value_name(best.value),
        best_value=number(best.metric.value if best.metric else None, 3),
        worst=value_name(worst.value),
        worst_value=number(worst.metric.value if worst.metric else None, 3),
    )
    return f"{words} {_behind(material, slices, sign)}"


def _behind(material: Material, slices: list[Slice], sign: float) -> str:
    """Where the best plain model is as good."""
    rival = rival_name(material.best_baseline.name)
    ahead = [one for one in slices if one.metric and one.baseline is not None]
    behind = [one for one in ahead if sign * ((one.metric.value if one.metric else 0.0) - (one.baseline or 0.0)) < 0]
    if not behind:
        return say("It is ahead of {rival} in every part.", rival=rival)
    names = [f"`{value_name(one.value)}`" for one in behind[:4]]
    if len(behind) > 4:
        names.append(say_plural("{count} more", "{count} more", len(behind) - 4))
    return say("For {parts} it is no better than {rival}.", parts=listed(names), rival=rival)


def _table(material: Material) -> Table:
    binary = material.evidence.binary
    numbers = material.evidence.regression is not None or material.evidence.ranking is not None
    name = metric_name(material.metric.name)
    head = [
        say("column"),
        say("value"),
        say("rows"),
        name,
        say("interval"),
        say("best baseline"),
        say("compared with all"),
    ]
    if binary is not None:
        head.insert(3, binary.positive)
    elif numbers:
        head.insert(3, say("mean {target}", target=material.evidence.target))
    rows: list[list[Cell]] = []
    for one in material.evidence.slices:
        metric = one.metric
        row: list[Cell] = [one.column, value_name(one.value), one.rows]
        if binary is not None:
            row.append(percent(one.outcome))
        elif numbers:
            row.append(number(one.outcome))
        row += [
            number(metric.value) if metric else None,
            span(metric.low, metric.high) if metric else None,
            number(one.baseline) if one.baseline is not None else None,
            say(_VERDICTS[one.verdict]),
        ]
        rows.append(row)
    return Table(head, rows)
