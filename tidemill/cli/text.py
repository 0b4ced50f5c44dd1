"""How results look on a terminal or in a pipe: aligned columns, and nothing that a width could break."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tidemill.results import Interval

__all__ = ["clock", "facts", "interval", "minute", "plural", "table"]


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows under heads, each column as wide as its widest cell; the last one is not padded."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    return "\n".join([click.style(_line(heads, widths), bold=True), *(_line(row, widths) for row in rows)])


def facts(pairs: Sequence[tuple[str, str]]) -> str:
    """Names and what is to be said of them, one pair a line, indented by two."""
    width = max(len(name) for name, _ in pairs)
    return "\n".join(f"  {name:<{width}}  {said}" for name, said in pairs)


def interval(found: Interval) -> str:
    """A measured value with its interval, such as ``auc 0.6601 (0.6554 to 0.6648)``."""
    return f"{found.name} {found.value:.4f} ({found.low:.4f} to {found.high:.4f})"


def minute(moment: datetime) -> str:
    """A UTC moment to the minute."""
    return f"{moment:%Y-%m-%d %H:%M}"


def plural(how_many: int, one: str, more: str | None = None) -> str:
    """``1 row``, ``2 rows``, ``1,200 people``."""
    return f"{how_many:,} {one if how_many == 1 else more or one + 's'}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip()


def clock(seconds: float) -> str:
    """Seconds as a person reads them: ``4.2 s``, ``48 s`` or ``3:05``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60}:{whole % 60:02d}"
