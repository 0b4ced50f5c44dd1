"""Quarantine: the rows that a training's stages refused, to look at, to mend and to bring back."""

from __future__ import annotations

from tidemill.quarantine.exporting import export
from tidemill.quarantine.holding import Held, Holding, holding
from tidemill.quarantine.replaying import Replayed, replay
from tidemill.quarantine.summing import Reason, Summary, summary

__all__ = ["Held", "Holding", "Reason", "Replayed", "Summary", "export", "holding", "replay", "summary"]
