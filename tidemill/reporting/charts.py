"""Every chart that Tidemill draws, in one visual language, as inline SVG for :mod:`tidemill.reporting.page`.

Charts are 380 units wide, so that their letters keep their size on a phone and two stand beside each other
on a desk. Each function takes plain data and ``alt``, the words that stand for the chart, and gives SVG text.
Shares are numbers from 0 to 1 with the format ``percent``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from xml.sax.saxutils import quoteattr

from tidemill.reporting.drawing import ROW, Bar, Frame, Mark, Named, Style, frame, said, tail
from tidemill.reporting.scales import HUGE, Format, Scale, names, numbers, places, times
from tidemill.reporting.svg import COLOURS, WIDTH, Colour, Drawing, Point, wide
from tidemill.reporting.wording import count, percent, short

__all__ = [
    "Bar", "Colour", "Format", "Line", "Mark", "Shape", "Style", "bars", "histogram", "intervals", "lines", "matrix",
    "sparkline", "waterfall",
]  # fmt: skip


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

    def places(self) -> list[float]:
        """Where on the x axis its points are."""
        return [_place(at, value) for at, value in enumerate(self.x)]


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
    drawn = [value for one in series for value in [*one.y, *(one.low or ()), *(one.high or ())]]
    drawn += [mark.value for mark in marks if mark.axis == "y"]
    chart = frame(
        _across(series, marks, x_label, x_format, x_limits),
        numbers(drawn, y_format, y_label, y_limits),
        height=WIDTH * 0.92 if square else height,
        legend=[Named(one.name, one.colour, one.style) for one in series],
        marks=marks,
    )
    with chart.drawing.within(chart.left - 3, chart.top - 3, chart.right + 3, chart.bottom + 3):
        if diagonal:
            low, high = min(chart.x.low, chart.y.low), max(chart.x.high, chart.y.high)
            ends = [(chart.across(low), chart.down(low)), (chart.across(high), chart.down(high))]
            chart.drawing.line(ends, "fog", dashes="2 3")
        for one in series:
            _band(chart, one)
            _line(chart, one)
    chart.mark(marks)
    return chart.drawing.svg(chart.height, alt)


def bars(
    rows: Sequence[Bar],
    *,
    alt: str,
    x_label: str = "",
    form: Format = "number",
    marks: Sequence[Mark] = (),
) -> str:
    """Horizontal bars, the first on top, each with its value, and a whisker where it has an interval."""
    marks = [mark for mark in marks if mark.axis == "x"]
    ends = [max(0.0, row.value, row.high or 0.0) for row in rows]
    lows = [min(0.0, row.value, row.low or 0.0) for row in rows]
    scale = numbers([*ends, *lows, *(mark.value for mark in marks)], form, x_label, margin=0.02)
    scale = _with_room(scale, ends, [said(row, form) for row in rows], form)
    chart = frame(
        scale if x_label else Scale(scale.low, scale.high),
        places([row.label for row in rows], 24),
        rows=ROW * max(len(rows), 1),
        marks=marks,
        grid="",
        names="ink",
    )
    for place, (row, end) in enumerate(zip(rows, ends, strict=True)):
        start, stop = sorted((chart.across(0.0), chart.across(row.value)))
        middle = chart.down(place)
        chart.drawing.box(start, middle - 0.31 * ROW, stop - start, 0.62 * ROW, row.colour)
        if row.low is not None and row.high is not None:
            chart.drawing.line([(chart.across(row.low), middle), (chart.across(row.high), middle)], "ink", 1.1)
        chart.drawing.text(chart.across(end) + 5, middle, said(row, form), size=10.5)
    chart.upright(0.0, "muted")
    chart.mark(marks)
    return chart.drawing.svg(chart.height, alt)


def intervals(
    rows: Sequence[Bar],
    *,
    alt: str,
    x_label: str = "",
    form: Format = "number",
    marks: Sequence[Mark] = (),
) -> str:
    """A dot with its interval a row: for values that are to be compared with each other or with a mark."""
    marks = [mark for mark in marks if mark.axis == "x"]
    known = [value for row in rows for value in (row.value, row.low, row.high, row.beside) if value is not None]
    texts = [said(row, form) for row in rows]
    chart = frame(
        numbers([*known, *(mark.value for mark in marks)], form, x_label),
        places([row.label for row in rows], 24),
        rows=ROW * max(len(rows), 1),
        marks=marks,
        tail=tail(texts),
        grid="x",
        names="ink",
    )
    for place, (row, text) in enumerate(zip(rows, texts, strict=True)):
        middle = chart.down(place)
        if row.low is not None and row.high is not None:
            ends = [(chart.across(row.low), middle), (chart.across(row.high), middle)]
            chart.drawing.line(ends, row.colour, 4.5, opacity=0.32)
        if row.beside is not None:
            at = chart.across(row.beside)
            chart.drawing.line([(at, middle - 0.28 * ROW), (at, middle + 0.28 * ROW)], "muted", 1.6)
        chart.drawing.dot(chart.across(row.value), middle, 2.75, row.colour)
        chart.drawing.text(chart.right + 6, middle, text)
    chart.mark(marks)
    return chart.drawing.svg(chart.height, alt)


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
    shares = [[value / max(sum(shape.counts), 1.0) for value in shape.counts] for shape in shapes]
    most = max((max(share, default=0.0) for share in shares), default=0.0) or 1.0
    named = [edge for edge in edges if isinstance(edge, str)]
    numbered = [float(edge) for edge in edges if not isinstance(edge, str)]
    chart = frame(
        numbers(numbered, x_format, x_label, margin=0.02) if numbered else names(named, x_label),
        numbers([], "percent", y_label, (0.0, 1.08 * most)),
        height=height,
        legend=[Named(shape.name, shape.colour, "block") for shape in shapes],
        marks=marks,
    )
    with chart.drawing.within(chart.left, chart.top, chart.right, chart.bottom + 1):
        for number_of, (shape, share) in enumerate(zip(shapes, shares, strict=True)):
            if numbered:
                outline = _stairs(chart, numbered, share)
                chart.drawing.area(outline, shape.colour, 0.28)
                chart.drawing.line(outline, shape.colour, 1.5)
            else:
                _columns(chart, shape.colour, share, number_of, len(shapes))
    chart.mark(marks)
    return chart.drawing.svg(chart.height, alt)


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
    side, few = min(118.0, 270.0 / max(len(rows), 1)), len(columns) <= 6
    above = [short(name, 14 if few else 9) for name in columns]
    beside = [short(name, 16) for name in rows]
    drawing = Drawing()
    left = (18 if row_label else 4) + max((wide(name) for name in beside), default=0.0) + 6
    top = (20 if column_label else 4) + (16 if few else 8 + 0.87 * max(wide(name) for name in above))
    across = (WIDTH - 2 - left) / max(len(columns), 1)
    drawing.text((left + WIDTH) / 2, 9, short(column_label, 60), anchor="middle")
    drawing.text(8, top + side * len(rows) / 2, short(row_label, 60), anchor="middle", turned=90)
    for place, name in enumerate(above):
        x = left + across * (place + 0.5)
        drawing.text(x, top - 8, name, anchor="middle" if few else "start", turned=0 if few else 60)
    for down, line in enumerate(counts):
        drawing.text(left - 6, top + side * (down + 0.5), beside[down], anchor="end")
        for place, cell in enumerate(line):
            share, x, y = cell / max(sum(line), 1.0), left + across * place, top + side * down
            colour: Colour = "sea" if down == place else "coral"
            drawing.box(x + 0.02 * across, y + 0.04 * side, 0.96 * across, 0.92 * side, colour, 0.1 + 0.62 * share)
            if len(rows) <= 8:
                middle = x + across / 2
                drawing.text(middle, y + 0.4 * side, count(cell), colour="ink", anchor="middle")
                drawing.text(middle, y + 0.74 * side, percent(share), size=9.5, colour="ink", anchor="middle")
    return drawing.svg(top + side * len(rows) + 4, alt)


def waterfall(steps: Sequence[Bar], *, alt: str) -> str:
    """From a first total by losses (negative values) to what is left: the last step shows the sum itself.

    The first bar starts at nothing, each loss hangs where the one before ended, and the last stands on nothing.
    """
    level, most = 0.0, max(steps[0].value, 1.0)
    chart = frame(
        Scale(0.0, most * 1.01), places([step.label for step in steps], 24), rows=ROW * len(steps), grid="", names="ink"
    )
    for place, step in enumerate(steps):
        whole = place in (0, len(steps) - 1)
        level = step.value if whole else level + step.value
        start, width = (0.0, step.value) if whole else (level, -step.value)
        shown = max(width, most * 0.004) if width else 0.0
        left, right, middle = chart.across(start), chart.across(start + shown), chart.down(place)
        chart.drawing.box(left, middle - 0.31 * ROW, right - left, 0.62 * ROW, step.colour)
        text = count(step.value) if whole or not width else f"−{count(width)}"
        text = short(f"{text} · {step.note}" if step.note else text, 48)
        if start + shown <= 0.55 * most:
            chart.drawing.text(right + 5, middle, text, size=10.5)
        elif whole:
            colour: Colour = "ink" if step.colour == "tide" else "card"
            chart.drawing.text(right - 5, middle, text, size=10.5, anchor="end", colour=colour)
        else:
            chart.drawing.text(left - 5, middle, text, size=10.5, anchor="end")
    return chart.drawing.svg(chart.height, alt)


def sparkline(counts: Sequence[float], *, alt: str, colour: Colour = "sea") -> str:
    """A tiny distribution for a table's cell: one bar a count."""
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


def _place(at: int, value: object) -> float:
    """A number's place is itself, a moment's its second; names stand in their order."""
    if isinstance(value, datetime):
        return value.timestamp()
    return float(value) if isinstance(value, int | float) else float(at)


def _across(
    series: Sequence[Line], marks: Sequence[Mark], label: str, form: Format, limits: tuple[float, float] | None
) -> Scale:
    """The x axis of lines: the first of them says of what kind it is."""
    first = series[0].x[0] if series and len(series[0].x) else None
    if isinstance(first, str):
        return names([str(name) for name in series[0].x], label)
    if isinstance(first, datetime):
        return times([at for one in series for at in one.x if isinstance(at, datetime)], label)
    known = [place for one in series for place in one.places()] + [mark.value for mark in marks if mark.axis == "x"]
    return numbers(known, form, label, limits)


def _with_room(scale: Scale, ends: Sequence[float], texts: Sequence[str], form: Format) -> Scale:
    """The axis widened so that each text fits behind the end of its bar."""
    drawn, high = WIDTH * 0.62, scale.high
    for end, text in zip(ends, texts, strict=True):
        bar = max(drawn - wide(text, 10.5) - 8, 0.3 * drawn)
        high = max(high, scale.low + (end - scale.low) * drawn / bar) if abs(end) < HUGE else high
    return numbers([], form, scale.label, (scale.low, high))


def _band(chart: Frame, one: Line) -> None:
    if one.low is None or one.high is None:
        return
    step = one.style == "step"
    for upper in _runs(chart, one, one.high, one.low, step=step):
        lower = [(x, y) for x, _, y in upper]
        chart.drawing.area([*((x, y) for x, y, _ in upper), *reversed(lower)], one.colour, 0.18)


def _line(chart: Frame, one: Line) -> None:
    dots = {"dots": (2.1, 0.75), "dotted line": (2.4, 1.0)}.get(one.style)
    for run in _runs(chart, one, one.y, one.y, step=one.style == "step"):
        points = [(x, y) for x, y, _ in run]
        if one.style != "dots":
            width, dashes = (1.4, "5.6 4.2") if one.style == "dashes" else (2.0, "")
            chart.drawing.line(points, one.colour, width, dashes=dashes)
        for x, y in points if dots else ():
            chart.drawing.dot(x, y, dots[0], one.colour, dots[1])  # type: ignore[index]


def _runs(
    chart: Frame, one: Line, upper: Sequence[float], lower: Sequence[float], *, step: bool
) -> Iterator[list[tuple[float, float, float]]]:
    """The places of the points, x and both y, cut where a value is not known."""
    run: list[tuple[float, float, float]] = []
    for x, high, low in zip(one.places(), upper, lower, strict=True):
        if not (math.isfinite(x) and math.isfinite(high) and math.isfinite(low)):
            yield run
            run = []
            continue
        at = chart.across(x)
        if step and run:
            run.append((at, *run[-1][1:]))
        run.append((at, chart.down(high), chart.down(low)))
    yield run


def _stairs(chart: Frame, edges: Sequence[float], shares: Sequence[float]) -> list[Point]:
    outline = [(chart.across(edges[0]), chart.bottom)]
    for (left, right), share in zip(pairwise(edges), shares, strict=True):
        outline += [(chart.across(left), chart.down(share)), (chart.across(right), chart.down(share))]
    return [*outline, (chart.across(edges[-1]), chart.bottom)]


def _columns(chart: Frame, colour: Colour, shares: Sequence[float], number_of: int, among: int) -> None:
    width = 0.8 / among
    for place, share in enumerate(shares):
        left = chart.across(place - 0.4 + width * (number_of + 0.04))
        right = chart.across(place - 0.4 + width * (number_of + 0.96))
        chart.drawing.box(left, chart.down(share), right - left, chart.bottom - chart.down(share), colour)
