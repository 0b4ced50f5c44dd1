"""Inline SVG in the page's colours, also in the dark: lines, shapes and texts, and the room that a text takes.

Each colour is a CSS variable of the page, with the light theme's colour as its fallback, so that a picture
also looks right where the page's style is absent. Texts are drawn in the reader's own font.
"""

from __future__ import annotations

import hashlib
import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal
from xml.sax.saxutils import escape, quoteattr

__all__ = ["COLOURS", "WIDTH", "Colour", "Drawing", "Point", "wide"]

Colour = Literal["ink", "muted", "line", "card", "sea", "coral", "sand", "leaf", "fog", "tide"]
Point = tuple[float, float]
WIDTH = 380.0
COLOURS: dict[Colour, str] = {
    "ink": "#1b2a34",
    "muted": "#586873",
    "line": "#e2ded4",
    "card": "#fffffe",
    "sea": "#0b6b80",
    "coral": "#c9502a",
    "sand": "#d99a26",
    "leaf": "#2f855a",
    "fog": "#9aa6ad",
    "tide": "#a9d0d8",
}
_UNSEEN = 0.2
_WIDTHS = {
    **dict.fromkeys("ijl.,:;'|!` ", 0.29),
    **dict.fromkeys('frt()[]{}/\\-"*\u00a0', 0.4),
    **dict.fromkeys("mwMW%@—…", 0.92),
    **dict.fromkeys("ABCDEFGHKNOPQRSTUVXYZ&", 0.7),
}


def wide(text: str, size: float = 11.0) -> float:
    """About how wide a text is, in the units of the picture: fonts differ, and this is a wide one."""
    return size * sum(_WIDTHS.get(letter) or _by_kind(letter) for letter in text)


def _by_kind(letter: str) -> float:
    if unicodedata.combining(letter):
        return 0.0
    return 1.0 if unicodedata.east_asian_width(letter) in "WF" else 0.63


class Drawing:
    """The pieces of one picture, :data:`WIDTH` units wide; what comes later lies over what came before.

    A piece whose place is no number is left out.
    """

    def __init__(self) -> None:
        self._pieces: list[str] = []

    def line(
        self, points: Sequence[Point], colour: Colour, width: float = 1.0, *, dashes: str = "", opacity: float = 1.0
    ) -> None:
        """A line through all points. Points that no eye could tell from a straight line are left out."""
        self._path(points, f'fill="none" stroke="{_paint(colour)}" stroke-width="{_said(width)}"', dashes, opacity)

    def area(self, points: Sequence[Point], colour: Colour, opacity: float = 1.0) -> None:
        """What the points go around, filled."""
        self._path(points, f'fill="{_paint(colour)}"', "", opacity)

    def box(self, left: float, top: float, width: float, height: float, colour: Colour, opacity: float = 1.0) -> None:
        """A filled rectangle."""
        self._add(
            (left, top, width, height),
            f'<rect x="{_said(left)}" y="{_said(top)}" width="{_said(width)}" height="{_said(height)}" '
            f'fill="{_paint(colour)}"{_seen(opacity)}/>',
        )

    def dot(self, x: float, y: float, radius: float, colour: Colour, opacity: float = 1.0) -> None:
        """A filled circle."""
        self._add(
            (x, y),
            f'<circle cx="{_said(x)}" cy="{_said(y)}" r="{_said(radius)}" fill="{_paint(colour)}"{_seen(opacity)}/>',
        )

    def text(
        self,
        x: float,
        y: float,
        said: str,
        *,
        size: float = 11.0,
        colour: Colour = "muted",
        anchor: Literal["start", "middle", "end"] = "start",
        turned: float = 0.0,
    ) -> None:
        """A text whose middle is at the height ``y``; ``turned`` degrees against the clock around that point."""
        where = f' text-anchor="{anchor}"' if anchor != "start" else ""
        turn = f' transform="rotate({_said(-turned)} {_said(x)} {_said(y)})"' if turned else ""
        self._add(
            (x, y),
            f'<text x="{_said(x)}" y="{_said(y + 0.35 * size)}" font-size="{_said(size)}" fill="{_paint(colour)}"'
            f"{where}{turn}>{escape(said)}</text>",
        )

    @contextmanager
    def within(self, left: float, top: float, right: float, bottom: float) -> Iterator[None]:
        """Of what is drawn in the block, what lies inside of these edges is seen."""
        before, self._pieces = self._pieces, []
        yield
        body = "".join(self._pieces)
        mark = f"c{hashlib.sha256(f'{left} {top} {right} {bottom} {body}'.encode()).hexdigest()[:8]}"
        edges = f'x="{_said(left)}" y="{_said(top)}" width="{_said(right - left)}" height="{_said(bottom - top)}"'
        clipped = f'<clipPath id="{mark}"><rect {edges}/></clipPath><g clip-path="url(#{mark})">{body}</g>'
        self._pieces = [*before, *([clipped] if body else [])]

    def svg(self, height: float, alt: str) -> str:
        """The picture, ``height`` units tall, with ``alt`` as what a screen reader says."""
        return (
            f'<svg viewBox="0 0 {_said(WIDTH)} {_said(height)}" role="img" aria-label={quoteattr(alt)} '
            f'stroke-linejoin="round" xmlns="http://www.w3.org/2000/svg">{"".join(self._pieces)}</svg>'
        )

    def _path(self, points: Sequence[Point], style: str, dashes: str, opacity: float) -> None:
        seen = _seen_points(points)
        if len(seen) < 2:
            return
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        steps = " ".join(f"{_said(x)} {_said(y)}" for x, y in seen)
        places = [place for point in seen for place in point]
        self._add(places, f'<path d="M{steps}" {style}{dashed}{_seen(opacity)}/>')

    def _add(self, places: Sequence[float], piece: str) -> None:
        if all(math.isfinite(place) for place in places):
            self._pieces.append(piece)


def _seen_points(points: Sequence[Point]) -> list[Point]:
    """Without the points that lie within :data:`_UNSEEN` of the line between those that are kept (Douglas, Peucker)."""
    kept = {0, len(points) - 1}
    spans = [(0, len(points) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        (x, y), (to_x, to_y) = points[first], points[last]
        across, down = to_x - x, to_y - y
        length = math.hypot(across, down)
        far, place = max(
            (
                abs(across * (points[at][1] - y) - down * (points[at][0] - x)) / length
                if length
                else math.dist(points[at], points[first]),
                at,
            )
            for at in range(first + 1, last)
        )
        if far > _UNSEEN:
            kept.add(place)
            spans += [(first, place), (place, last)]
    return [points[at] for at in sorted(kept)] if points else []


def _paint(colour: Colour) -> str:
    return f"var(--{colour},{COLOURS[colour]})"


def _seen(opacity: float) -> str:
    return f' opacity="{opacity:g}"' if opacity < 1 else ""


def _said(number: float) -> str:
    return re.sub(r"^-0$", "0", f"{number:.1f}".removesuffix(".0"))
