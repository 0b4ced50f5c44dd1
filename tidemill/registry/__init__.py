"""Versions of models, the champion, and the ledger of every decision about them."""

from __future__ import annotations

from tidemill.registry.records import Action, LedgerEntry, ModelVersion
from tidemill.registry.registry import Registry

__all__ = ["Action", "LedgerEntry", "ModelVersion", "Registry"]
