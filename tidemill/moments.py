"""Moments: aware, and in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime

__all__ = ["in_utc"]


def in_utc(value: date) -> datetime:
    """A moment as an aware UTC time: without an offset it is UTC, and a date is its first moment.

    Raises OverflowError for one that leaves the years 1 to 9999 by that.
    """
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
