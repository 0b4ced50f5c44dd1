"""One value of a row at a time, as its column's kind is read."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tidemill.learning.columns import HOURS, MICROSECONDS_AN_HOUR, TimePart
from tidemill.moments import in_utc
from tidemill.usecase.cleaning import Bounds

__all__ = [
    "OddValue",
    "Row",
    "Scalar",
    "as_number",
    "as_number_but",
    "as_time",
    "as_time_elsewhere",
    "bounded",
    "time_part_of",
]

Scalar = str | int | float | bool | list[Any] | None
Row = Mapping[str, Scalar]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ](?:[01]\d|2[0-3]):\d\d(?::\d\d(?:\.(?:\d{3}|\d{6}))?)?(?:Z|[+-]\d\d:\d\d)?)?", re.ASCII
)


class OddValue(Exception):  # noqa: N818 - no error: it asks for the longer way
    """A value that only the general code can read."""


def bounded(numbers: list[float], bounds: Bounds, fill: object) -> list[float]:
    """See :func:`tidemill.cleaning.mending.beyond`."""
    low = -math.inf if bounds.low is None else bounds.low
    high = math.inf if bounds.high is None else bounds.high
    if bounds.then == "refuse":
        return numbers
    put = [min(max(one, low), high) if bounds.then == "clip" else math.nan for one in numbers]
    return [a if low <= a <= high or a == fill or math.isnan(a) else b for a, b in zip(numbers, put, strict=True)]


def as_number_but(missing: frozenset[float], value: Scalar) -> float:
    """A number of a column where some numbers, the ``missing`` ones, say that there is none."""
    number = as_number(value)
    return math.nan if number in missing else number


def as_number(value: Scalar) -> float:
    """A number; not-a-number where there is none. Raises OddValue for text."""
    if value is None:
        return math.nan
    if isinstance(value, str | list):
        raise OddValue
    try:
        number = float(value)
    except OverflowError:
        raise OddValue from None
    return number if math.isfinite(number) else math.nan


def as_time_elsewhere(value: Scalar) -> datetime | None:
    """A time of a column with formats of its own: text is for the general code."""
    if isinstance(value, str):
        raise OddValue
    return as_time(value)


def as_time(value: Scalar) -> datetime | None:
    """A moment in UTC, out of text as ISO 8601 writes it. Raises OddValue for whatever else."""
    if value is None:
        return None
    if isinstance(value, str) and _ISO.fullmatch(value):
        try:
            return in_utc(datetime.fromisoformat(value))
        except (ValueError, OverflowError):
            pass
    raise OddValue


def time_part_of(part: TimePart, at: datetime | None, reference: datetime | None) -> float:
    """See :func:`tidemill.learning.columns.time_part`."""
    if at is None or reference is None:
        return math.nan
    if part == "hours before":
        return (reference - at) // timedelta(microseconds=1) / MICROSECONDS_AN_HOUR
    if part == "days since 1970":
        return (at - EPOCH) // timedelta(microseconds=1) / (HOURS * MICROSECONDS_AN_HOUR)
    if part == "hour":
        since = timedelta(hours=at.hour, minutes=at.minute, seconds=at.second, microseconds=at.microsecond)
        return since // timedelta(microseconds=1) / MICROSECONDS_AN_HOUR
    days = {"weekday": at.weekday(), "day of month": at.day, "day of year": at.timetuple().tm_yday}
    return float(days[part])
