"""What writing an entry needs: the champion that it is decided against, who decides, and what was said before."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from tidemill.errors import OvertakenError
from tidemill.registry.ledger import Written
from tidemill.registry.records import Action, LedgerEntry
from tidemill.registry.standing import Standing

__all__ = ["FOUND", "Against", "drafted", "first", "last", "user", "why_not_waiting"]

FOUND = "the one that is found first"
"""Stands for whichever version is champion when the ledger is first read."""


class Against:
    """The champion that a decision is made against: the one that was named, or the one that was found first."""

    def __init__(self, use_case: str, champion: str | None) -> None:
        self._use_case = use_case
        self._champion = champion

    def check(self, now: Standing) -> None:
        """Raise OvertakenError when another version is the champion by ``now``."""
        if self._champion == FOUND:
            self._champion = now.champion
        if self._champion != now.champion:
            raise OvertakenError(
                f"the champion of `{self._use_case}` changed meanwhile from {self._champion or 'none'} to "
                f"{now.champion or 'none'}: nothing was done. Look at `tidemill models {self._use_case}`, and "
                "decide anew"
            )


def drafted(
    now: Standing,
    action: Action,
    version: str,
    why: str,
    who: str | None,
    hashes: dict[str, str],
    *,
    automatic: bool = False,
) -> LedgerEntry:
    """An entry for the place that ``now`` is; the ledger gives it its number, its time and its parent."""
    changes = action in ("promote", "approve", "rollback")
    return LedgerEntry(
        number=0,
        action=action,
        version=version,
        previous=now.champion,
        champion=version if changes else now.champion,
        who=who or user(),
        when=datetime.now(UTC),
        why=why,
        automatic=automatic,
        hashes=hashes,
        parent="",
    )


def why_not_waiting(now: Standing, version: str) -> str:
    """Why a version does not wait, in words."""
    entry = now.decided.get(version)
    if entry is None or entry.action == "register":
        return "the gate has not decided on it yet"
    said = {"approve": "approved", "reject": "rejected", "refuse": "refused", "promote": "promoted"}
    text = f"it was {said.get(entry.action, entry.action)} by {entry.who} on {entry.when:%Y-%m-%d %H:%M} UTC"
    if entry.action == "reject" and entry.automatic:
        text = f"{text}, as {entry.why}"
    return f"{text}. Use `tidemill promote` to overrule that" if entry.action in ("reject", "refuse") else text


def first(entries: Sequence[Written], wanted: Callable[[LedgerEntry], bool]) -> Written | None:
    """The first entry that is ``wanted``."""
    return next((written for written in entries if wanted(written.entry)), None)


def last(entries: Sequence[Written], now: Standing, wanted: Callable[[LedgerEntry], bool]) -> Written | None:
    """The last entry that is ``wanted``, of those that hold."""
    holding = (written for written in reversed(entries) if written.key not in now.void)
    return next((written for written in holding if wanted(written.entry)), None)


def user() -> str:
    """Who decides: ``TIDEMILL_USER``, which names a person where all share one account, or this process's user."""
    try:
        return os.environ.get("TIDEMILL_USER") or getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
