"""What a person's answer, or nobody's in time, makes of a version that waited."""

from __future__ import annotations

from collections.abc import Sequence

from tidemill.gate.deciding import Ruling
from tidemill.registry import LedgerEntry
from tidemill.said import Said, to_say

__all__ = ["answered"]


def answered(entry: LedgerEntry, asked: Sequence[Said], *, overruled: bool = False) -> Ruling:
    """The ruling that ``entry`` of the ledger is; ``asked`` is what the gate said: outcome, then reasons.

    ``overruled`` tells that the gate had refused.
    """
    reason = Said(text="{reason}", values={"reason": entry.why})
    if entry.action in ("approve", "promote"):
        text = to_say("Promoted by {who}, against the gate") if overruled else to_say("Approved by {who}")
        return Ruling(action="promote", said=(Said(text=text, values={"who": entry.who}), reason, *asked[1:]))
    return Ruling(action="refuse", said=(Said(text="Rejected by {who}", values={"who": entry.who}), reason))
