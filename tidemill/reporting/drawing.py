"""The house's style for charts: the frame with its axes, marks and legend, for :mod:`tidemill.reporting.charts`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from tidemill.reporting.scales import Format, Scale
from tidemill.reporting.svg import WIDTH, Colour, Drawing, wide
from tidemill.reporting.wording import count, number, percent, seconds_text, short, signed

__all__ = ["ROW", "Bar", "Frame", "Mark", "Named", "Style", "frame", "said", "tail"]

Style = Literal["line", "step", "dots", "dotted line", "dashes", "block"]
ROW = 24.0
_EDGE = 4.0
_TICK = 5.0
_LETTERS = 11.0
_SMALL = 10.5
_LEGEND = 17.0
_HANDLE = 20.0
_GAP = 14.0
_TILT = 40.0
_DASHES = "4.4 3.3"
_FORMATS: dict[Format, Callable[[float], str]] = {
    "number": lambda value: number(value, 3),
    "percent": percent,
    "count": count,
    "signed": signed,
    "seconds": seconds_text,
}


@dataclass(frozen=True)
class Mark:
    """A straight line across the chart at a value of one axis, such as a threshold, with a word on it."""

    value: float
    label: str
    axis: Literal["x", "y"] = "y"
    colour: Colour = "muted"


@dataclass(frozen=True)
class Bar:
    """A row of a chart of bars or intervals. ``note`` stands behind the value; ``beside`` is another value, as a "
    "stroke."""

    label: str
    value: float
    low: float | None = None
    high: float | None = None
    note: str = ""
    colour: Colour = "sea"
    beside: float | None = None


@dataclass(frozen=True)
class Named:
    """An entry of the legend."""

    name: str
    colour: Colour
    style: Style


@dataclass(frozen=True)
class Frame:
    """Where a chart's values lie in its picture."""

    drawing: Drawing
    x: Scale
    y: Scale
    left: float
    top: float
    right: float
    bottom: float
    height: float

    def across(self, value: float) -> float:
        """Where a value of the x axis is."""
        return self.left + self.x.share(value) * (self.right - self.left)

    def down(self, value: float) -> float:
        """Where a value of the y axis is."""
        return self.bottom - self.y.share(value) * (self.bottom - self.top)

    def upright(self, value: float, colour: Colour, width: float = 0.8, *, dashes: str = "") -> None:
        """A line from the top to the bottom."""
        at = self.across(value)
        self.drawing.line([(at, self.top), (at, self.bottom)], colour, width, dashes=dashes)

    def level(self, value: float, colour: Colour, width: float = 0.8, *, dashes: str = "") -> None:
        """A line from the left to the right."""
        at = self.down(value)
        self.drawing.line([(self.left, at), (self.right, at)], colour, width, dashes=dashes)

    def mark(self, marks: Sequence[Mark]) -> None:
        """Dashed lines across the chart, each with its word."""
        for mark in marks:
            if not (self.x if mark.axis == "x" else self.y).holds(mark.value):
                continue
            text, at = short(mark.label, 40), self.across(mark.value) if mark.axis == "x" else self.down(mark.value)
            if mark.axis == "x":
                self.upright(mark.value, mark.colour, 1.1, dashes=_DASHES)
                left = self.x.share(mark.value) > 0.6
                place, anchor = (at - 4 if left else at + 4, self.top - 6), "end" if left else "start"
            else:
                self.level(mark.value, mark.colour, 1.1, dashes=_DASHES)
                place, anchor = (self.right, at - 8), "end"
            if text:
                self.drawing.text(
                    *place, text, size=_SMALL, colour=mark.colour, anchor="end" if anchor == "end" else "start"
                )


def frame(
    x: Scale,
    y: Scale,
    *,
    height: float | None = None,
    rows: float = 0.0,
    legend: Sequence[Named] = (),
    marks: Sequence[Mark] = (),
    tail: float = 0.0,
    grid: Literal["x", "y", ""] = "y",
    names: Colour = "muted",
) -> Frame:
    """An empty chart with its axes: ``height`` units tall, or as tall as it takes for ``rows`` units of values.

    Args:
        legend: what is told apart by colour; nothing is said of one alone.
        tail: how much room the texts behind the right edge take.
        grid: the axis whose ticks have lines behind them. With ``y`` the bottom has a line too.
        names: the colour of the texts on the left.
    """
    drawing = Drawing()
    top = _legend(drawing, [one for one in legend if one.name])
    if y.label:
        drawing.text(_EDGE / 2, top + 7, short(y.label, 70))
        top += 20
    top += 15 if any(mark.axis == "x" and mark.label for mark in marks) else _TICK if y.ticks else 0
    under = _under(x)
    tall = rows or (height or 0.0) - top - under
    left = _EDGE / 2 + max((wide(text) + 1 + _TICK for _, text in y.ticks), default=0.0)
    if x.tilted:
        left = max(left, wide(x.ticks[0][1]) * math.cos(math.radians(_TILT)) - WIDTH / len(x.ticks) / 2)
    last = max((wide(text) / 2 for value, text in x.ticks if x.share(value) > 0.9), default=0.0)
    right = WIDTH - max(tail + _EDGE / 2, 0 if x.tilted or (x.ticks and x.low == -0.5) else last, _EDGE)
    made = Frame(drawing, x, y, left, top, right, top + tall, top + tall + under)
    _axes(made, grid, names)
    return made


def said(row: Bar, form: Format) -> str:
    """What stands behind a row: its value and its note, in at most 48 letters."""
    return short(f"{_FORMATS[form](row.value)}{' · ' + row.note if row.note else ''}", 48)


def tail(texts: Sequence[str]) -> float:
    """How much room the longest of the texts takes behind the right edge."""
    return max((wide(text) + 6 for text in texts), default=0.0)


def _under(x: Scale) -> float:
    """How much room the texts under the chart take."""
    room = _EDGE
    if x.tilted:
        room += _TICK + 8 + max(wide(text) for _, text in x.ticks) * math.sin(math.radians(_TILT))
    elif x.ticks:
        room += _TICK + _LETTERS
    return room + (18 if x.label else 0)


def _axes(made: Frame, grid: str, names: Colour) -> None:
    drawing = made.drawing
    for value, text in made.y.ticks:
        if grid == "y":
            made.level(value, "line")
        drawing.text(made.left - _TICK, made.down(value), text, anchor="end", colour=names)
    for value, text in made.x.ticks:
        if grid == "x":
            made.upright(value, "line")
        if made.x.tilted:
            drawing.text(made.across(value), made.bottom + _TICK + 5, text, anchor="end", turned=_TILT)
        else:
            drawing.text(made.across(value), made.bottom + _TICK + 5, text, anchor="middle")
    if grid == "y":
        drawing.line([(made.left, made.bottom), (made.right, made.bottom)], "fog", 0.8)
    if made.x.label:
        drawing.text(
            (made.left + made.right) / 2, made.height - _EDGE - 5, short(made.x.label, 70), anchor="middle"
        )  # fmt: skip


def _legend(drawing: Drawing, entries: Sequence[Named]) -> float:
    """Names of the series above the chart, when there is more than one to tell apart; gives where it ends."""
    if len(entries) < 2:
        return _EDGE
    names = [short(entry.name, 30) for entry in entries]
    columns = 2 if sum(map(len, names)) > 34 else len(names)
    rows = math.ceil(len(names) / columns)
    left = _EDGE / 2
    for first in range(0, len(names), rows):
        for row, (entry, name) in enumerate(
            zip(entries[first : first + rows], names[first : first + rows], strict=True)
        ):
            middle = _EDGE + _LEGEND * (row + 0.5)
            _handle(drawing, left, middle, entry)
            drawing.text(left + _HANDLE, middle, name, colour="ink")
        left += _HANDLE + _GAP + max(wide(name) for name in names[first : first + rows])
    return _EDGE + _LEGEND * rows + 4


def _handle(drawing: Drawing, left: float, middle: float, entry: Named) -> None:
    if entry.style == "block":
        drawing.box(left, middle - 4, 14, 8, entry.colour, 0.75)
    elif entry.style == "dots":
        drawing.dot(left + 7, middle, 2.5, entry.colour)
    else:
        dashes = "6 4" if entry.style == "dashes" else ""
        drawing.line([(left, middle), (left + 14, middle)], entry.colour, 2, dashes=dashes)
