"""The stored windows of a use case, and when an alarm began."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import ValidationError

from tidemill.errors import UserError
from tidemill.monitoring.records import FORMAT, LEVELS, Alarm, DriftReport, Span
from tidemill.store import Store

__all__ = ["began", "folder", "keep", "past", "stored_windows"]


def folder(use_case: str, version: str, span: Span, now: datetime) -> str:
    """The lake's folder of a window: its start (or the moment of the run, without time) and the version's model.

    The end is not part of it: a window that grows as rows arrive stays one window.
    """
    start = span.since or now
    midnight = (start.hour, start.minute, start.second, start.microsecond) == (0, 0, 0, 0)
    named = f"{start:%Y%m%d}" if midnight else f"{start:%Y%m%dT%H%M%S}"
    return f"{use_case}/monitoring/{named}-{version.rsplit('-', 1)[-1]}"


def keep(store: Store, report: DriftReport) -> str:
    """Store a window's verdict, in place of an earlier one of the same window; gives its key."""
    key = f"{folder(report.use_case, report.version, report.window, report.created)}/monitoring.json"
    store.write_json(key, report.model_dump(mode="json"))
    return key


def stored_windows(store: Store, use_case: str) -> list[DriftReport]:
    """Every stored window of the use case, oldest first. Raises UserError for one of a newer format, or damaged."""
    keys = [key for key in store.list(f"{use_case}/monitoring") if key.endswith("/monitoring.json")]
    return sorted((_parsed(store, key) for key in keys), key=_start)


def past(stored: Sequence[DriftReport], version: str, span: Span, now: datetime) -> list[DriftReport]:
    """The version's windows that ended before ``span`` began (or ``now``, without time), oldest first."""
    start = span.since or now
    return [one for one in stored if one.version == version and (one.window.until or one.created) <= start]


def began(alarm: Alarm, earlier: Sequence[DriftReport], start: datetime | None) -> datetime | None:
    """The start of the first window of the unbroken row of windows, up to now, that had this alarm.

    The same alarm is one of the same kind that shares a column (or has none), at this level or above;
    a note may have been anything.
    """
    first = start
    for report in reversed(earlier):
        if not any(_same(alarm, one) for one in report.alarms):
            break
        first = report.window.since or report.created
    return first


def _same(alarm: Alarm, other: Alarm) -> bool:
    shared = set(alarm.columns) & set(other.columns) or not (alarm.columns or other.columns)
    least = "note" if alarm.level == "note" else "warn"
    return alarm.kind == other.kind and bool(shared) and LEVELS.index(other.level) >= LEVELS.index(least)


def _start(report: DriftReport) -> datetime:
    return report.window.since or report.created


def _parsed(store: Store, key: str) -> DriftReport:
    said = store.read_json(key)
    stored = said.get("format") if isinstance(said, dict) else None
    if isinstance(stored, int) and stored > FORMAT:
        raise UserError(
            f"{store.url_of(key)} has format {stored}; this Tidemill reads up to {FORMAT}: upgrade Tidemill"
        )
    try:
        return DriftReport.model_validate(said)
    except ValidationError as error:
        field = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise UserError(f"{store.url_of(key)} is damaged at `{field}`: remove it, and run monitoring again") from None
