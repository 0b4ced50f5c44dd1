"""Every chart that Tidemill draws, in one visual language, as inline SVG for :mod:`tidemill.reporting.page`.

Charts are 380 units wide, so that their letters keep their size on a phone and two stand beside each other
on a desk. Each function takes plain data and ``alt``, the words that stand for the chart, and gives SVG text.
Shares are numbers from 0 to 1 with the format ``percent``. Imports matplotlib: import this module late.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from xml.sax.saxutils import quoteattr

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from tidemill.reporting.svg import COLOURS, to_svg
from tidemill.reporting.wording import count, number, percent, short, signed

__all__ = [
    "Bar",
    "Colour",
    "Format",
    "Line",
    "Mark",
    "Shape",
    "bars",
    "histogram",
    "intervals",
    "lines",
    "matrix",
    "sparkline",
    "waterfall",
]

Colour = Literal["ink", "muted", "line", "sea", "coral", "sand", "leaf", "fog", "tide"]
Format = Literal["number", "percent", "count", "signed"]
WIDTH = 380.0
_FORMATS: dict[Format, Callable[[float], str]] = {
    "number": lambda value: number(value, 3),
    "percent": percent,
    "count": count,
    "signed": signed,
}


@dataclass(frozen=True)
class Line:
    """A series. ``x`` is numbers, moments or names; ``low``/``high`` draw a band around it."""

    name: str
    x: Sequence[float] | Sequence[datetime] | Sequence[str]
    y: Sequence[float]
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None
    colour: Colour = "sea"
    style: Literal["line", "step", "dots", "dotted line", "dashes"] = "line"


@dataclass(frozen=True)
class Mark:
    """A straight line across the chart at a value of one axis, such as a threshold, with a word on it."""

    value: float
    label: str
    axis: Literal["x", "y"] = "y"
    colour: Colour = "muted"


@dataclass(frozen=True)
class Bar:
    """A row of a chart of bars or intervals. ``note`` stands behind the value; ``part`` fills a share of the bar."""

    label: str
    value: float
    low: float | None = None
    high: float | None = None
    note: str = ""
    colour: Colour = "sea"


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
    figure, axes = _sheet(WIDTH * 0.92 if square else height)
    if diagonal:
        axes.axline((0, 0), slope=1, color=COLOURS["fog"], linewidth=1, linestyle=(0, (2, 3)))
    for one in series:
        _line(axes, one)
    _axis(axes, "y", y_label, y_format, y_limits)
    _axis(axes, "x", x_label, x_format, x_limits)
    if series and len(series[0].x) and isinstance(series[0].x[0], datetime):
        locator = AutoDateLocator(minticks=3, maxticks=6)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))
    elif series and len(series[0].x) and isinstance(series[0].x[0], str):
        _names(axes, [str(name) for name in series[0].x])
    _marks(axes, marks)
    _legend(figure, axes, [(one.name, one.colour, one.style) for one in series])
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
    figure, axes = _sheet(height or _tall(rows, x_label))
    places = np.arange(len(rows))
    axes.barh(places, [row.value for row in rows], height=0.62, color=[COLOURS[row.colour] for row in rows])
    for place, row in zip(places, rows, strict=True):
        if row.low is not None and row.high is not None:
            axes.plot([row.low, row.high], [place, place], color=COLOURS["ink"], linewidth=1.1, solid_capstyle="butt")
        _value(axes, max(row.value, row.high or row.value, 0.0), place, _said(row, form))
    _rows(axes, rows)
    axes.axvline(0, color=COLOURS["muted"], linewidth=0.8)
    axes.xaxis.set_visible(bool(x_label))
    _axis(axes, "x", x_label, form, None)
    axes.margins(x=0.02)
    _room(axes, [_said(row, form) for row in rows])
    _marks(axes, [mark for mark in marks if mark.axis == "x"])
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
    figure, axes = _sheet(height or _tall(rows, x_label) + (14 if marks else 0))
    for place, row in enumerate(rows):
        if row.low is not None and row.high is not None:
            axes.plot([row.low, row.high], [place, place], color=COLOURS[row.colour], linewidth=4.5, alpha=0.32)
        axes.plot([row.value], [place], "o", color=COLOURS[row.colour], markersize=5.5)
        _value(axes, row.value if row.high is None else max(row.high, row.value), place, _said(row, form))
    _rows(axes, rows)
    _axis(axes, "x", x_label, form, None)
    axes.xaxis.grid(True, color=COLOURS["line"], linewidth=0.8)
    axes.yaxis.grid(False)
    _room(axes, [_said(row, form) for row in rows])
    _marks(axes, [mark for mark in marks if mark.axis == "x"])
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
    figure, axes = _sheet(height)
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
    _axis(axes, "y", y_label, "percent", (0.0, 1.08 * max((float(share.max()) for share in shares), default=1.0) or 1.0))
    _axis(axes, "x", x_label, x_format, None)
    if named:
        _names(axes, [str(name) for name in edges])
    _marks(axes, marks)
    _legend(figure, axes, [(shape.name, shape.colour, "block") for shape in shapes])
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
    side = min(62.0, 260.0 / max(len(rows), 1))
    figure, axes = _sheet(60.0 + side * len(rows))
    for down, line in enumerate(counts):
        for across, cell in enumerate(line):
            share = float(shares[down, across])
            box = (across - 0.48, down - 0.46)
            axes.add_patch(_patch(box, 0.96, 0.92, COLOURS["sea" if down == across else "coral"], 0.1 + 0.62 * share))
            if len(rows) <= 8:
                axes.text(across, down - 0.1, count(cell), ha="center", va="center", fontsize=10.5, color=COLOURS["ink"])
                said = f"{percent(share)}"
                axes.text(across, down + 0.24, said, ha="center", va="center", fontsize=8.5, color=COLOURS["ink"])
    axes.set_xlim(-0.5, len(columns) - 0.5)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    few = len(columns) <= 6
    axes.set_xticks(range(len(columns)), [_plain(name, 14 if few else 9) for name in columns], rotation=0 if few else 60)
    axes.set_yticks(range(len(rows)), [_plain(name, 16) for name in rows])
    axes.set_xlabel(_plain(column_label, 60), color=COLOURS["muted"], labelpad=6)
    axes.set_ylabel(_plain(row_label, 60), color=COLOURS["muted"], labelpad=6)
    return to_svg(figure, alt)


def waterfall(steps: Sequence[Bar], *, alt: str) -> str:
    """From a first total by losses (negative values) to what is left: the last step shows the sum itself.

    The first bar starts at nothing, each loss hangs where the one before ended, and the last stands on nothing.
    """
    figure, axes = _sheet(_tall(steps, ""))
    level, most = 0.0, max(steps[0].value, 1.0)
    for place, step in enumerate(steps):
        whole = place in (0, len(steps) - 1)
        start, width = (0.0, step.value) if whole else (level + step.value, -step.value)
        level = step.value if whole else start
        shown = max(width, most * 0.004) if width else 0.0
        axes.barh(place, shown, left=start, height=0.62, color=COLOURS[step.colour])
        said = f"{count(step.value) if whole or not step.value else '−' + count(width)}{'  ' + step.note if step.note else ''}"
        inside = start + shown > 0.62 * most
        at, side = (start, "right") if inside and not whole else (start + shown, "left")
        if whole and inside:
            at, side = start + shown, "right"
        _value(axes, at, place, said, side=side, colour="card" if whole and inside else "muted")
    _rows(axes, steps)
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
        pieces.append(f'<rect x="{place * wide:.1f}" y="{24 - tall:.1f}" width="{wide * 0.86:.1f}" height="{tall:.1f}"/>')
    return (
        f'<svg class="spark" viewBox="0 0 84 24" width="84" height="24" role="img" aria-label={quoteattr(alt)} '
        f'fill="var(--{colour},{COLOURS[colour]})">{"".join(pieces)}</svg>'
    )


def _sheet(height: float) -> tuple[Figure, Axes]:
    """An empty chart in the house's style: no frame, light lines behind, muted letters."""
    figure = Figure(figsize=(WIDTH / 72, height / 72), layout="constrained", facecolor="none")
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02)  # type: ignore[union-attr, call-arg]
    axes = figure.add_subplot()
    axes.set_facecolor("none")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(COLOURS["fog"])
    axes.tick_params(length=0, labelsize=10, labelcolor=COLOURS["muted"], pad=5)
    axes.yaxis.grid(True, color=COLOURS["line"], linewidth=0.8)
    axes.set_axisbelow(True)
    return figure, axes


def _line(axes: Axes, one: Line) -> None:
    colour = COLOURS[one.colour]
    x: Any = list(range(len(one.x))) if len(one.x) and isinstance(one.x[0], str) else list(one.x)
    if one.low is not None and one.high is not None:
        step = "post" if one.style == "step" else None
        axes.fill_between(x, list(one.low), list(one.high), color=colour, alpha=0.18, linewidth=0, step=step)
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


def _axis(axes: Axes, which: Literal["x", "y"], label: str, form: Format, limits: tuple[float, float] | None) -> None:
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10], integer=form == "count"))
    axis.set_major_formatter(FuncFormatter(lambda value, _: _tick(axes, which, form, value)))
    if limits is not None:
        (axes.set_xlim if which == "x" else axes.set_ylim)(limits)
    if not label:
        return
    if which == "x":
        axes.set_xlabel(_plain(label, 70), color=COLOURS["muted"], fontsize=10, labelpad=6)
    else:
        axes.set_title(_plain(label, 70), color=COLOURS["muted"], fontsize=10, loc="left", pad=8)


def _tick(axes: Axes, which: Literal["x", "y"], form: Format, value: float) -> str:
    """A tick's text, with as many decimals as tell it from its neighbours."""
    low, high = axes.get_xlim() if which == "x" else axes.get_ylim()
    step = abs(high - low) / 5
    if form == "count" or (form != "percent" and step >= 1):
        return count(value).replace("-", "−")
    scale = 100.0 if form == "percent" else 1.0
    decimals = max(0, int(np.ceil(-np.log10(max(step * scale, 1e-9)) + 0.3)))
    text = f"{value * scale:.{min(decimals, 6)}f}".replace("-", "−")
    return f"{text} %" if form == "percent" else text


def _names(axes: Axes, names: Sequence[str]) -> None:
    most = 8 if len(names) > 5 else 14
    tilted = len(names) > 4 and max((len(name) for name in names), default=0) > 36 / len(names)
    axes.set_xticks(
        range(len(names)),
        [_plain(name, 16 if tilted else most) for name in names],
        rotation=40 if tilted else 0,
        ha="right" if tilted else "center",
        rotation_mode="anchor" if tilted else "default",
    )


def _rows(axes: Axes, rows: Sequence[Bar]) -> None:
    axes.set_yticks(range(len(rows)), [_plain(row.label, 24) for row in rows])
    axes.tick_params(axis="y", labelcolor=COLOURS["ink"])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.yaxis.grid(False)
    axes.spines["bottom"].set_visible(False)


def _tall(rows: Sequence[Bar], x_label: str) -> float:
    return 24.0 * max(len(rows), 1) + (44.0 if x_label else 14.0)


def _said(row: Bar, form: Format) -> str:
    return f"{_FORMATS[form](row.value)}{'  ' + row.note if row.note else ''}"


def _value(
    axes: Axes, at: float, place: float, said: str, *, side: str = "left", colour: str = "muted"
) -> None:
    axes.annotate(
        _plain(said, 48),
        (at, place),
        xytext=(5 if side == "left" else -5, 0),
        textcoords="offset points",
        ha=side,
        va="center",
        fontsize=9.5,
        color=COLOURS[colour],
        annotation_clip=False,
    )


def _room(axes: Axes, said: Sequence[str]) -> None:
    """Widen the x axis so that the longest value's text fits to the right of the widest bar."""
    low, high = axes.get_xlim()
    letters = max((len(text) for text in said), default=0) * 5.6 + 8
    drawn = WIDTH * 0.68
    axes.set_xlim(low, low + (high - low) * drawn / max(drawn - letters, drawn * 0.3))


def _marks(axes: Axes, marks: Sequence[Mark]) -> None:
    for mark in marks:
        colour = COLOURS[mark.colour]
        if mark.axis == "x":
            axes.axvline(mark.value, color=colour, linewidth=1.1, linestyle=(0, (4, 3)))
            low, high = axes.get_xlim()
            right = mark.value > low + 0.6 * (high - low)
            axes.annotate(
                _plain(mark.label, 40), (mark.value, 1.0), xycoords=("data", "axes fraction"), xytext=(-4 if right else 4, 1),
                textcoords="offset points", ha="right" if right else "left", va="bottom", fontsize=9.5, color=colour,
            )  # fmt: skip
        else:
            axes.axhline(mark.value, color=colour, linewidth=1.1, linestyle=(0, (4, 3)))
            axes.annotate(
                _plain(mark.label, 40), (1.0, mark.value), xycoords=("axes fraction", "data"), xytext=(0, 3),
                textcoords="offset points", ha="right", va="bottom", fontsize=9.5, color=colour,
            )  # fmt: skip


def _legend(figure: Figure, axes: Axes, entries: Sequence[tuple[str, Colour, str]]) -> None:
    """Names of the series above the chart, when there is more than one to tell apart."""
    named = [entry for entry in entries if entry[0]]
    if len(named) < 2:
        return
    handles = [_handle(colour, style) for _, colour, style in named]
    figure.legend(
        handles,
        [_plain(name, 30) for name, _, _ in named],
        loc="outside upper left",
        ncols=2 if sum(len(name) for name, _, _ in named) > 34 else len(named),
        frameon=False,
        fontsize=10,
        labelcolor=COLOURS["ink"],
        handlelength=1.3,
        handletextpad=0.5,
        columnspacing=1.3,
        borderaxespad=0.1,
        borderpad=0.1,
    )


def _handle(colour: Colour, style: str) -> Any:
    from matplotlib.lines import Line2D

    if style == "block":
        return _patch((0, 0), 1, 1, COLOURS[colour], 0.75)
    if style == "dots":
        return Line2D([], [], marker="o", linestyle="", markersize=5, color=COLOURS[colour])
    return Line2D([], [], color=COLOURS[colour], linewidth=2, linestyle=(0, (3, 2)) if style == "dashes" else "-")


def _patch(corner: tuple[float, float], wide: float, tall: float, colour: str, alpha: float) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle(corner, wide, tall, facecolor=colour, alpha=alpha, linewidth=0)


def _plain(text: str, most: int) -> str:
    """A text that matplotlib shows as it is: one line, cut to ``most`` letters, no mathematics in dollars."""
    return short(text, most).replace("\\", "\\\\").replace("$", r"\$") if "$" in text else short(text, most)
