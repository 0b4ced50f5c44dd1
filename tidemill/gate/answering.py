"""What a person's answer, or nobody's in time, makes of a version that waited."""

from __future__ import annotations

from collections.abc import Sequence

from tidemill.gate.deciding import Ruling
from tidemill.registry import LedgerEntry
from tidemill.said import Said

__all__ = ["answered"]


def answered(entry: LedgerEntry, asked: Sequence[Said]) -> Ruling:
    """The ruling that ``entry`` of the ledger is; ``asked`` is what the gate said: outcome, then reasons."""
    reason = Said(text="{reason}", values={"reason": entry.why})
    if entry.action in ("approve", "promote"):
        by = Said(text="Approved by {who}", values={"who": entry.who})
        return Ruling(action="promote", said=(by, reason, *asked[1:]))
    return Ruling(action="refuse", said=(Said(text="Rejected by {who}", values={"who": entry.who}), reason))
