"""How an alarm reaches Prefect, whose automations start a retraining, or a message to somebody."""

from __future__ import annotations

from datetime import datetime

from prefect.events import emit_event

from tidemill.monitoring.records import Alarm
from tidemill.usecase import UseCase

__all__ = ["raise_alarm"]


def raise_alarm(use_case: UseCase, alarm: Alarm, version: str, until: datetime | None) -> None:
    """Emit the event `tidemill.alarm`; ``until`` is the end of the rows that it is about."""
    emit_event(
        "tidemill.alarm",
        resource={
            "prefect.resource.id": f"tidemill.usecase.{use_case.name}",
            "prefect.resource.name": use_case.name,
            "tidemill.level": alarm.level,
            "tidemill.kind": alarm.kind,
        },
        payload={
            "level": alarm.level,
            "what": alarm.what,
            "columns": list(alarm.columns),
            "advice": alarm.advice,
            "version": version,
            "until": until.isoformat() if until else None,
        },
    )
