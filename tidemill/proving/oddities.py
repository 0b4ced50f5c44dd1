"""What values a column is made odd by: missing, never seen, far out, whole numbers and broken ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tidemill.cleaning import Kind

__all__ = ["Oddity", "Value", "oddities"]

Value = None | bool | int | float | str | datetime

NEVER_SEEN = "a level that nobody has seen"
LARGE = 2**53 + 1
FAR = -1e30
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
FAR_AHEAD = datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC)


@dataclass(frozen=True)
class Oddity:
    """A value in place of a row's own, what it is in words, and its number: 0 is the most telling of a column."""

    number: int
    what: str
    value: Value


def oddities(name: str, kind: Kind, pixels: bool, seen: Sequence[Value]) -> list[Oddity]:
    """Those of one column; ``seen`` are the values that its rows have."""
    found = [("missing", None), *([] if pixels else _of(kind, seen))]
    return [Oddity(number, what, value) for number, (what, value) in enumerate(found)]


def _of(kind: Kind, seen: Sequence[Value]) -> Iterator[tuple[str, Value]]:
    if kind == "category":
        yield "never seen", NEVER_SEEN
        known = next((value for value in seen if isinstance(value, str) and value), None)
        if known is not None:
            yield "between spaces", f" {known} "
            yield "in capitals", known.upper()
    elif kind == "boolean":
        yield "true", True
        yield "false", False
    elif kind == "time":
        yield "long ago", LONG_AGO
        yield "far ahead", FAR_AHEAD
    else:
        numbers = [float(value) for value in seen if isinstance(value, int | float)]
        yield "far beyond the others", 1000.0 * max((abs(number) for number in numbers), default=1.0) + 0.5
        yield "a whole number", round(numbers[0]) if numbers else 1
        yield "a large whole number", LARGE
        yield "an extreme number", FAR
