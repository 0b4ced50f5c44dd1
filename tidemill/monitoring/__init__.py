"""Monitoring: windows of new rows judged against what the version was trained on and proven by."""

from __future__ import annotations

from tidemill.monitoring.history import stored_windows
from tidemill.monitoring.records import Alarm, ColumnDrift, DriftReport, Monitored, Quality, Span, Window
from tidemill.monitoring.watching import watch
from tidemill.monitoring.windows import arrived_labels, cut, watched_since

__all__ = [
    "Alarm",
    "ColumnDrift",
    "DriftReport",
    "Monitored",
    "Quality",
    "Span",
    "Window",
    "arrived_labels",
    "cut",
    "stored_windows",
    "watch",
    "watched_since",
]
