"""Every chart that Tidemill draws, in one visual language, as inline SVG for :mod:`tidemill.reporting.page`.

Charts are 380 units wide, so that their letters keep their size on a phone and two stand beside each other
on a desk. Each function takes plain data and ``alt``, the words that stand for the chart, and gives SVG text.
Shares are numbers from 0 to 1 with the format ``percent``. Imports matplotlib: import this module late.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from xml.sax.saxutils import quoteattr

import numpy as np
from matplotlib.axes import Axes

from tidemill.reporting.drawing import (
    WIDTH,
    Bar,
    Colour,
    Format,
    Mark,
    block,
    draw_marks,
    height_of,
    legend,
    make_room,
    name_columns,
    name_rows,
    name_times,
    plain,
    said,
    scale,
    sheet,
    write_column,
    write_value,
)  # fmt: skip
from tidemill.reporting.svg import COLOURS, to_svg
from tidemill.reporting.wording import count, percent

__all__ = [
    "Bar", "Colour", "Format", "Line", "Mark", "Shape", "Style", "bars", "histogram", "intervals", "lines", "matrix",
    "sparkline", "waterfall",
]  # fmt: skip

Style = Literal["line", "step", "dots", "dotted line", "dashes"]


@dataclass(frozen=True)
class Line:
    """A series. ``x`` is numbers, moments or names; ``low``/``high`` draw a band around it."""

    name: str
    x: Sequence[float] | Sequence[datetime] | Sequence[str]
    y: Sequence[float]
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None
    colour: Colour = "sea"
    style: Style = "line"


@dataclass(frozen=True)
class Shape:
    """One distribution over shared edges: ``counts`` has one number less than the edges, or one a category."""

    name: str
    counts: Sequence[float]
    colour: Colour = "sea"


def lines(
    series: Sequence[Line],
    *,
    alt: str,
    x_label: str = "",
    y_label: str = "",
    x_format: Format = "number",
    y_format: Format = "number",
    marks: Sequence[Mark] = (),
    diagonal: bool = False,
    square: bool = False,
    x_limits: tuple[float, float] | None = None,
    y_limits: tuple[float, float] | None = None,
    height: float = 240.0,
) -> str:
    """Lines, steps and dots over one x axis, each with its band. ``diagonal`` draws y = x behind them."""
    figure, axes = sheet(WIDTH * 0.92 if square else height)
    if diagonal:
        axes.axline((0, 0), slope=1, color=COLOURS["fog"], linewidth=1, linestyle=(0, (2, 3)))
    for one in series:
        _line(axes, one)
    scale(axes, "y", y_label, y_format, y_limits)
    scale(axes, "x", x_label, x_format, x_limits)
    if series and len(series[0].x) and isinstance(series[0].x[0], datetime):
        name_times(axes)
    elif series and len(series[0].x) and isinstance(series[0].x[0], str):
        name_columns(axes, [str(name) for name in series[0].x])
    draw_marks(axes, marks)
    legend(figure, axes, [(one.name, one.colour, one.style) for one in series])
    return to_svg(figure, alt)


def bars(
    rows: Sequence[Bar],
    *,
    alt: str,
    x_label: str = "",
    form: Format = "number",
    marks: Sequence[Mark] = (),
    height: float | None = None,
) -> str:
    """Horizontal bars, the first on top, each with its value, and a whisker where it has an interval."""
    figure, axes = sheet(height or height_of(rows, x_label))
    places = range(len(rows))
    axes.barh(list(places), [row.value for row in rows], height=0.62, color=[COLOURS[row.colour] for row in rows])
    for place, row in zip(places, rows, strict=True):
        if row.low is not None and row.high is not None:
            axes.plot([row.low, row.high], [place, place], color=COLOURS["ink"], linewidth=1.1, solid_capstyle="butt")
        write_value(axes, max(row.value, row.high or row.value, 0.0), place, said(row, form))
    name_rows(axes, rows)
    axes.axvline(0, color=COLOURS["muted"], linewidth=0.8)
    axes.xaxis.set_visible(bool(x_label))
    scale(axes, "x", x_label, form, None)
    axes.margins(x=0.02)
    make_room(axes, [said(row, form) for row in rows])
    draw_marks(axes, [mark for mark in marks if mark.axis == "x"])
    return to_svg(figure, alt)


def intervals(
    rows: Sequence[Bar],
    *,
    alt: str,
    x_label: str = "",
    form: Format = "number",
    marks: Sequence[Mark] = (),
    height: float | None = None,
) -> str:
    """A dot with its interval a row: for values that are to be compared with each other or with a mark."""
    figure, axes = sheet(height or height_of(rows, x_label) + (14 if marks else 0))
    for place, row in enumerate(rows):
        if row.low is not None and row.high is not None:
            axes.plot([row.low, row.high], [place, place], color=COLOURS[row.colour], linewidth=4.5, alpha=0.32)
        if row.beside is not None:
            axes.plot([row.beside] * 2, [place - 0.28, place + 0.28], color=COLOURS["muted"], linewidth=1.6)
        axes.plot([row.value], [place], "o", color=COLOURS[row.colour], markersize=5.5)
        write_column(axes, place, said(row, form))
    name_rows(axes, rows)
    scale(axes, "x", x_label, form, None)
    axes.xaxis.grid(True, color=COLOURS["line"], linewidth=0.8)
    axes.yaxis.grid(False)
    draw_marks(axes, [mark for mark in marks if mark.axis == "x"])
    return to_svg(figure, alt)


def histogram(
    edges: Sequence[float] | Sequence[str],
    shapes: Sequence[Shape],
    *,
    alt: str,
    x_label: str = "",
    y_label: str = "",
    x_format: Format = "number",
    marks: Sequence[Mark] = (),
    height: float = 220.0,
) -> str:
    """Distributions over each other, each as shares of its own rows; names instead of edges give grouped columns."""
    figure, axes = sheet(height)
    shares = [np.asarray(shape.counts, dtype=float) / max(float(np.sum(shape.counts)), 1.0) for shape in shapes]
    named = bool(len(edges)) and isinstance(edges[0], str)
    for number_of, (shape, share) in enumerate(zip(shapes, shares, strict=True)):
        colour = COLOURS[shape.colour]
        if named:
            width = 0.8 / len(shapes)
            places = np.arange(len(edges)) - 0.4 + width * (number_of + 0.5)
            axes.bar(places, share, width=width * 0.92, color=colour)
        else:
            axes.stairs(share, np.asarray(edges, dtype=float), fill=True, color=colour, alpha=0.28, linewidth=0)
            axes.stairs(share, np.asarray(edges, dtype=float), color=colour, linewidth=1.5)
    scale(
        axes, "y", y_label, "percent", (0.0, 1.08 * max((float(share.max()) for share in shares), default=1.0) or 1.0)
    )
    scale(axes, "x", x_label, x_format, None)
    if named:
        name_columns(axes, [str(name) for name in edges])
    draw_marks(axes, marks)
    legend(figure, axes, [(shape.name, shape.colour, "block") for shape in shapes])
    return to_svg(figure, alt)


def matrix(
    counts: Sequence[Sequence[float]],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    alt: str,
    row_label: str = "",
    column_label: str = "",
) -> str:
    """A table of counts, each cell as dark as its share of its row; such as truth against prediction."""
    shares = np.asarray(counts, dtype=float)
    shares = shares / np.maximum(shares.sum(axis=1, keepdims=True), 1.0)
    side = min(118.0, 270.0 / max(len(rows), 1))
    figure, axes = sheet(60.0 + side * len(rows))
    for down, line in enumerate(counts):
        for across, cell in enumerate(line):
            share = float(shares[down, across])
            box = (across - 0.48, down - 0.46)
            axes.add_patch(block(box, 0.96, 0.92, COLOURS["sea" if down == across else "coral"], 0.1 + 0.62 * share))
            if len(rows) <= 8:
                axes.text(across, down - 0.1, count(cell), ha="center", va="center", fontsize=11, color=COLOURS["ink"])
                below = (across, down + 0.24)
                axes.text(*below, percent(share), ha="center", va="center", fontsize=9.5, color=COLOURS["ink"])
    axes.set_xlim(-0.5, len(columns) - 0.5)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    few = len(columns) <= 6
    axes.set_xticks(range(len(columns)), [plain(name, 14 if few else 9) for name in columns], rotation=0 if few else 60)
    axes.set_yticks(range(len(rows)), [plain(name, 16) for name in rows])
    axes.set_xlabel(plain(column_label, 60), color=COLOURS["muted"], labelpad=6)
    axes.set_ylabel(plain(row_label, 60), color=COLOURS["muted"], labelpad=6)
    return to_svg(figure, alt)


def waterfall(steps: Sequence[Bar], *, alt: str) -> str:
    """From a first total by losses (negative values) to what is left: the last step shows the sum itself.

    The first bar starts at nothing, each loss hangs where the one before ended, and the last stands on nothing.
    """
    figure, axes = sheet(height_of(steps, ""))
    level, most = 0.0, max(steps[0].value, 1.0)
    for place, step in enumerate(steps):
        whole = place in (0, len(steps) - 1)
        level = step.value if whole else level + step.value
        start, width = (0.0, step.value) if whole else (level, -step.value)
        shown = max(width, most * 0.004) if width else 0.0
        axes.barh(place, shown, left=start, height=0.62, color=COLOURS[step.colour])
        text = count(step.value) if whole or not width else f"−{count(width)}"
        text = f"{text} · {step.note}" if step.note else text
        if start + shown <= 0.55 * most:
            write_value(axes, start + shown, place, text)
        elif whole:
            write_value(axes, shown, place, text, side="right", colour="ink" if step.colour == "tide" else "card")
        else:
            write_value(axes, start, place, text, side="right")
    name_rows(axes, steps)
    axes.set_xlim(0, most * 1.01)
    axes.xaxis.set_visible(False)
    axes.grid(False)
    return to_svg(figure, alt)


def sparkline(counts: Sequence[float], *, alt: str, colour: Colour = "sea") -> str:
    """A tiny distribution for a table's cell, drawn by hand: one bar a count."""
    most = max([*counts, 1e-12])
    wide = 84.0 / max(len(counts), 1)
    pieces = []
    for place, value in enumerate(counts):
        tall = max(22.0 * value / most, 0.8 if value else 0.0)
        pieces.append(
            f'<rect x="{place * wide:.1f}" y="{24 - tall:.1f}" width="{wide * 0.86:.1f}" height="{tall:.1f}"/>'
        )
    return (
        '<svg class="spark" viewBox="0 0 84 24" width="84" height="24" role="img" xmlns="http://www.w3.org/2000/svg" '
        f'aria-label={quoteattr(alt)} fill="var(--{colour},{COLOURS[colour]})">{"".join(pieces)}</svg>'
    )


def _line(axes: Axes, one: Line) -> None:
    colour = COLOURS[one.colour]
    x: Any = list(range(len(one.x))) if len(one.x) and isinstance(one.x[0], str) else list(one.x)
    if one.low is not None and one.high is not None:
        axes.fill_between(
            x,
            list(one.low),
            list(one.high),
            color=colour,
            alpha=0.18,
            linewidth=0,
            step="post" if one.style == "step" else None,
        )
    if one.style == "dots":
        axes.plot(x, list(one.y), "o", color=colour, markersize=4.2, alpha=0.75, markeredgewidth=0)
        return
    drawn: dict[str, Any] = {"linewidth": 2.0, "solid_capstyle": "round", "solid_joinstyle": "round"}
    if one.style == "dashes":
        drawn |= {"linewidth": 1.4, "linestyle": (0, (4, 3))}
    elif one.style == "step":
        drawn |= {"drawstyle": "steps-post"}
    elif one.style == "dotted line":
        drawn |= {"marker": "o", "markersize": 4.8}
    axes.plot(x, list(one.y), color=colour, **drawn)
