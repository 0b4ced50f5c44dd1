"""Versions of models, the champion, and the ledger of every decision about them."""

from __future__ import annotations

from tidemill.registry.champions import Answering
from tidemill.registry.records import Action, LedgerEntry, ModelVersion, asked_because, sentence_of
from tidemill.registry.registry import Line, Registry

__all__ = ["Action", "Answering", "LedgerEntry", "Line", "ModelVersion", "Registry", "asked_because", "sentence_of"]
