"""How many rows Quarantine holds, by stage, rule and reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from tidemill.collecting.replays import Replays
from tidemill.quarantine.exporting import REFERENCE, quarantined
from tidemill.quarantine.holding import holding
from tidemill.store import Store
from tidemill.usecase.schema import UseCase

__all__ = ["Reason", "Summary", "summary"]


@dataclass(frozen=True)
class Reason:
    """Rows that one stage refused by one rule for one reason."""

    stage: str
    rule: str
    reason: str
    rows: int


@dataclass(frozen=True)
class Summary:
    """What the newest training refused, most rows first; ``replayed`` of those rows have been brought back."""

    reasons: tuple[Reason, ...]
    replayed: int
    when: datetime


def summary(store: Store, use_case: UseCase) -> Summary:
    """Count what Quarantine holds. Raises UserError when nothing was collected yet."""
    found = holding(store, use_case.name)
    back = Replays(store, use_case.name).replayed()
    counts: Counter[tuple[str, str, str]] = Counter()
    replayed = 0
    for frame in quarantined(store, use_case, found):
        counts.update(zip(frame["_stage"], frame["_rule"], frame["_reason"], strict=True))
        replayed += int(frame[REFERENCE].isin(back).sum())
    reasons = tuple(Reason(*named, rows) for named, rows in counts.most_common())
    return Summary(reasons, replayed, found.when)
