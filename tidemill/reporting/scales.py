"""A chart's axes: from where to where they go, and what stands at which place, for :mod:`tidemill.reporting.charts`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from tidemill.reporting.language import say_number
from tidemill.reporting.wording import month, percent_of, short

__all__ = ["HUGE", "Format", "Scale", "names", "numbers", "places", "times"]

Format = Literal["number", "percent", "count", "signed", "seconds"]
_MOST = 5
HUGE = 1e150  # no axis goes as far as this
"""What is larger makes no axis."""
_MOST_TIMES = 6
_STEPS = [
    *(timedelta(seconds=step) for step in (1, 5, 15, 30)),
    *(timedelta(minutes=step) for step in (1, 5, 15, 30)),
    *(timedelta(hours=step) for step in (1, 3, 6, 12)),
    *(timedelta(days=step) for step in (1, 2, 4, 7, 14)),
]
_DAY = timedelta(days=1)
_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 6000)
_MONDAY = datetime(1970, 1, 5, tzinfo=UTC)


@dataclass(frozen=True)
class Scale:
    """An axis from ``low`` to ``high``, with the texts at its ticks, and its name."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...] = ()
    label: str = ""
    tilted: bool = False

    def share(self, value: float) -> float:
        """Which part of the way from ``low`` to ``high`` the value is at."""
        return (value - self.low) / (self.high - self.low)

    def holds(self, value: float) -> bool:
        """Whether the value is on the axis."""
        return -1e-9 <= self.share(value) <= 1 + 1e-9


def numbers(
    values: Iterable[float],
    form: Format,
    label: str = "",
    limits: tuple[float, float] | None = None,
    *,
    margin: float = 0.05,
) -> Scale:
    """An axis for all the values, or within ``limits``; ticks are round, with as many decimals as they need."""
    low, high = limits or _around(values, margin)
    low, high = (low, high) if high > low else _around([low], margin)
    ticks = _round_ticks(low, high, whole=form == "count")
    texts = _texts(ticks, form, high - low)
    return Scale(low, high, tuple(zip(ticks, texts, strict=True)), label)


def times(values: Sequence[datetime], label: str = "") -> Scale:
    """An axis of seconds since 1970, with its ticks at full hours, days or months."""
    low, high = _around([value.timestamp() for value in values], 0.05)
    first, last = datetime.fromtimestamp(low, UTC), datetime.fromtimestamp(high, UTC)
    return Scale(low, high, tuple((at.timestamp(), text) for at, text in _moments(first, last)), label)


def names(texts: Sequence[str], label: str = "") -> Scale:
    """An axis of names, each at its number, tilted where they would touch each other."""
    most = 8 if len(texts) > 5 else 14
    tilted = len(texts) > 4 and max((len(text) for text in texts), default=0) > 36 / len(texts)
    cut = [short(text, 16 if tilted else most) for text in texts]
    return Scale(-0.5, max(len(texts), 1) - 0.5, tuple((float(at), text) for at, text in enumerate(cut)), label, tilted)


def places(texts: Sequence[str], most: int) -> Scale:
    """An axis of rows, the first on top, each with its name."""
    ticks = tuple((float(place), short(text, most)) for place, text in enumerate(texts))
    return Scale(max(len(texts), 1) - 0.5, -0.5, ticks)


def _around(values: Iterable[float], margin: float) -> tuple[float, float]:
    known = [value for value in values if abs(value) < HUGE] or [0.0, 1.0]
    low, high = min(known), max(known)
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        room = 0.05 * (abs(low) or 1.0)
        low, high = low - room, high + room
    return low - margin * (high - low), high + margin * (high - low)


def _round_ticks(low: float, high: float, *, whole: bool) -> list[float]:
    least = (high - low) / _MOST
    size = 10.0 ** math.floor(math.log10(least))
    fitting = (factor * size for factor in (1, 2, 2.5, 5, 10, 20, 25, 50, 100, 1000, 10_000))
    enough = (one for one in fitting if one >= least * (1 - 1e-9))
    step = next((one for one in enough if not whole or (one >= 1 and one.is_integer())), 1.0)
    return [at * step for at in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _texts(ticks: Sequence[float], form: Format, span: float) -> list[str]:
    """Ticks' texts, all with the decimals that the ticks need."""
    factor = 100.0 if form == "percent" else 1.0
    close = 1e-6 * factor * span
    shown = [factor * tick for tick in ticks]
    decimals = next((few for few in range(7) if all(abs(round(one, few) - one) <= close for one in shown)), 7)
    comma = "," if max((abs(one) for one in shown), default=0.0) >= 10_000 else ""
    texts = [say_number(f"{one + 0.0:{comma}.{decimals}f}".replace("-", "−")) for one in shown]
    return [percent_of(text) for text in texts] if form == "percent" else texts


def _moments(first: datetime, last: datetime) -> Iterator[tuple[datetime, str]]:
    step = next((one for one in _STEPS if (last - first) / one <= _MOST_TIMES), None)
    if step is None:
        yield from _months(first, last)
        return
    for number in range(math.ceil((first - _MONDAY) / step), math.floor((last - _MONDAY) / step) + 1):
        at = _MONDAY + number * step
        if (at.hour, at.minute, at.second) == (0, 0, 0) or step >= _DAY:
            yield at, f"{at.day} {month(at)}"
        else:
            yield at, f"{at:%H:%M}" if step >= timedelta(minutes=1) else f"{at:%H:%M:%S}"


def _months(first: datetime, last: datetime) -> Iterator[tuple[datetime, str]]:
    """Months by their names, January by its year."""
    from_month, to_month = 12 * first.year + first.month, 12 * last.year + last.month - 1
    step = next((one for one in _MONTHS if (to_month - from_month) / one <= _MOST_TIMES), _MONTHS[-1])
    for number in range(math.ceil(from_month / step) * step, to_month + 1, step):
        at = datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)
        yield at, f"{at.year}" if at.month == 1 else month(at)
