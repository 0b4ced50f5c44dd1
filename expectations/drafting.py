"""Entries of a suite before they are YAML, and how they are written: four lines each, wrapped, for a person to edit."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from expectations.suites import Purpose, Severity
from tidemill.scaffold.writing import scalar

__all__ = ["Draft", "Ends", "numbered", "rounded"]

WIDTH = 118
_SHORT = 3
_SOFT = "\v"  # where a line may end; `scalar` escapes it in texts
_PROSE = re.compile(r"^[A-Za-z][ -~]* [ -~]*\Z")


@dataclass(frozen=True)
class Draft:
    """An entry to write: what Great Expectations is told, how bad a failure is, and why it is asked."""

    type: str
    kwargs: dict[str, Any]
    severity: Severity
    note: str
    only: Purpose | None = None

    def text(self) -> str:
        """The entry's lines, indented for the list below ``expectations:``."""
        lines = [
            f"  - type: {self.type}",
            *_wrapped("    kwargs: ", flow(self.kwargs)),
            f"    severity: {self.severity}",
        ]
        if self.only:
            lines.append(f"    only: {self.only}")
        return "\n".join([*lines, f"    note: {_prose(self.note)}"])


def flow(value: object) -> str:
    """``value`` as YAML on one line, with soft breaks; texts in quotation marks where they have to be."""
    if isinstance(value, Mapping):
        return "{" + f",{_SOFT}".join(f"{scalar(str(name))}: {flow(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        glue = ", " if len(value) <= _SHORT else f",{_SOFT}"
        return "[" + glue.join(flow(one) for one in value) + "]"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return scalar(value) if isinstance(value, str) else str(value)


def _prose(text: str) -> str:
    """A note on its line: without quotation marks where YAML reads it as it is."""
    text = text.replace("\u00a0", " ")
    plain = _PROSE.match(text) and ": " not in text and " #" not in text and text[-1] not in ": "
    return text if plain else scalar(text)


def _wrapped(start: str, text: str) -> list[str]:
    lines = [start]
    for piece in text.split(_SOFT):
        glue = " " if lines[-1].endswith(",") else ""
        if glue and len(lines[-1]) + len(piece) >= WIDTH:
            lines.append(f"      {piece}")
        else:
            lines[-1] += glue + piece
    return lines


@dataclass(frozen=True)
class Ends:
    """The least and the most that a column holds, and whether it holds ``whole`` numbers only."""

    least: float
    most: float
    whole: bool

    def outward(self, low: float, high: float, margin: float) -> tuple[float | int | None, float | int | None]:
        """The range with ``margin`` on both sides, rounded outward to two of the margin's figures.

        A bound stops at 0 where all values lie on one side of it. One that is no finite number is None.
        """
        if not margin > 0:
            margin = max(abs(low), abs(high), 1.0) * 0.5
        lowest, highest = low - margin, high + margin
        if not all(map(math.isfinite, (lowest, highest, margin))):
            return None, None
        step = 10.0 ** (math.floor(math.log10(margin)) - 1)
        step = max(step, 1.0) if self.whole else step
        if step and math.isfinite(max(abs(lowest), abs(highest)) / step):
            lowest, highest = math.floor(lowest / step) * step, math.ceil(highest / step) * step
        lowest = 0.0 if self.least >= 0 > lowest else lowest
        highest = 0.0 if self.most <= 0 < highest else highest
        return rounded(lowest), rounded(highest)


def rounded(value: float) -> float | int:
    """The number without what counting in binary added to it; whole ones as such."""
    tidy = float(f"{value:.12g}")
    return int(tidy) if tidy.is_integer() and abs(tidy) < 1e15 else tidy


def numbered(value: float) -> str:
    """A number in a note: ``12,340``, ``0.0042``."""
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:,.4g}"
