"""Promote: the gate's decision, in the ledger."""

from __future__ import annotations

from tasks.stage import stage, told
from tidemill.gate import decide
from tidemill.registry import ModelVersion, Registry
from tidemill.results import Decision
from tidemill.stages import Outcome
from tidemill.store import Store
from tidemill.usecase import UseCase

__all__ = ["promote"]


@stage("promote", timeout=600)
def promote(use_case: UseCase, store: Store, version: ModelVersion, reason: str) -> Outcome[Decision]:
    """Promote, refuse or ask a person, by the use case's gate; the ledger says why."""
    return told("promote", lambda: _decide(use_case, store, version, reason), lambda made: made.sentence)


def _decide(use_case: UseCase, store: Store, version: ModelVersion, reason: str) -> tuple[Decision, bool]:
    registry = Registry(store, use_case.name)
    champion = registry.champion()
    if champion is not None and champion.version == version.version:
        entry = next(one for one in reversed(registry.ledger()) if one.champion == version.version)
        return _decision(
            version.version, "promote", f"{version.version} is the champion: {entry.why}", entry.number
        ), True
    before = len(registry.ledger())
    action, sentence = decide(use_case, version.lineage.evaluation, champion, version.lineage.proof)
    entry = registry.decide(version.version, action, why=f"{sentence} Asked because: {reason}.")
    return _decision(version.version, action, sentence, entry.number), len(registry.ledger()) == before


def _decision(version: str, action: str, sentence: str, number: int) -> Decision:
    return Decision.model_validate(
        {
            "version": version,
            "promoted": action == "promote",
            "action": action,
            "sentence": sentence,
            "entry": f"{number:08d}",
        }
    )
