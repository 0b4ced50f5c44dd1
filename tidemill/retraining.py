"""When a use case was last retrained by itself, so that alarms can't start a loop."""

from __future__ import annotations

from datetime import datetime, timedelta

from tidemill.errors import UserError
from tidemill.store import Store

__all__ = ["FORMAT", "Retrainings"]

FORMAT = 1


class Retrainings:
    """The record of retrainings of one use case, one small object each."""

    def __init__(self, store: Store, use_case: str) -> None:
        self.store = store
        self.prefix = f"{use_case}/retrainings"

    def begin(self, now: datetime, reason: str, until: datetime | None) -> None:
        """Record that a retraining starts. ``now`` is UTC."""
        self.store.write_json(
            f"{self.prefix}/{now:%Y%m%dT%H%M%S%f}.json",
            {
                "format": FORMAT,
                "started": now.isoformat(),
                "reason": reason,
                "until": until.isoformat() if until else None,
            },
        )

    def last(self) -> datetime | None:
        """When the newest retraining started, or None. Raises UserError for a record of a newer format."""
        keys = self.store.list(self.prefix)
        if not keys:
            return None
        said = self.store.read_json(keys[-1])
        if said["format"] > FORMAT:
            raise UserError(
                f"{self.store.url_of(keys[-1])} has format {said['format']}; this Tidemill reads up to {FORMAT}: "
                "upgrade it"
            )
        return datetime.fromisoformat(said["started"])

    def cooling(self, cooldown: timedelta, now: datetime) -> datetime | None:
        """Until when no retraining may start, or None when one may start ``now``."""
        last = self.last()
        return last + cooldown if last is not None and last + cooldown > now else None
