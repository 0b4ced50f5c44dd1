"""What the ledger's entries come to: the champion, what was live before it, and what waits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from tidemill.registry.ledger import Written
from tidemill.registry.records import LedgerEntry

__all__ = ["Standing", "changes_champion", "standing"]

Status = Literal["registered", "waiting", "promoted", "approved", "rejected", "refused"]

_STATUS: dict[str, Status] = {
    "register": "registered",
    "wait": "waiting",
    "promote": "promoted",
    "approve": "approved",
    "reject": "rejected",
    "refuse": "refused",
}


@dataclass
class Standing:
    """Where the ledger has come to.

    ``live`` holds the champions, oldest first, as a stack: a rollback takes the last ones off. ``decided`` is the last
    entry of each version that holds, ``hashes`` are those of the first. ``void`` holds the keys of entries that had
    no effect, because another writer's entry of the same moment came first in the order.
    """

    live: list[str] = field(default_factory=list)
    status: dict[str, Status] = field(default_factory=dict)
    decided: dict[str, LedgerEntry] = field(default_factory=dict)
    hashes: dict[str, dict[str, str]] = field(default_factory=dict)
    void: set[str] = field(default_factory=set)

    @property
    def champion(self) -> str | None:
        """The version that is live, or None."""
        return self.live[-1] if self.live else None

    @property
    def before(self) -> list[str]:
        """What was champion before the present one, the newest first, each once."""
        return [name for name in dict.fromkeys(reversed(self.live[:-1])) if name != self.champion]


def changes_champion(entry: LedgerEntry) -> bool:
    """Whether the entry says who is champion."""
    return entry.action in ("promote", "approve", "rollback")


def standing(entries: Iterable[Written]) -> Standing:
    """Replay the ledger. The same entries give the same standing to every reader."""
    now = Standing()
    for written in entries:
        entry = written.entry
        if not _holds(now, entry):
            now.void.add(written.key)
            continue
        now.hashes.setdefault(entry.version, entry.hashes)
        if entry.action == "rollback":
            now.live.pop()
            while entry.format > 1 and now.champion != entry.version:
                now.live.pop()
            continue
        if changes_champion(entry) and now.champion != entry.version:
            now.live.append(entry.version)
        if entry.action != "register" or entry.version not in now.status:
            now.status[entry.version] = _STATUS[entry.action]
        now.decided[entry.version] = entry
    return now


def _holds(now: Standing, entry: LedgerEntry) -> bool:
    """Whether the entry still means something at its place: it may have met another of the same moment."""
    if entry.action in ("approve", "reject") and now.status.get(entry.version) != "waiting":
        return False
    if entry.action == "rollback" and not (entry.version in now.live[:-1] if entry.format > 1 else len(now.live) > 1):
        return False
    stated = changes_champion(entry) and (entry.format > 1 or entry.action == "rollback")
    return not stated or now.champion == entry.previous
