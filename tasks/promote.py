"""Promote: the gate's decision, in the ledger."""

from __future__ import annotations

from datetime import UTC, datetime

from tasks.stage import stage, told
from tasks.who import this_run
from tidemill.errors import OvertakenError
from tidemill.gate import Ruling, answered, rule
from tidemill.registry import LedgerEntry, ModelVersion, Registry, asked_because
from tidemill.results import Decision
from tidemill.stages import Outcome
from tidemill.store import Store
from tidemill.usecase import UseCase

__all__ = ["decision_of", "promote"]


@stage("promote", timeout=600)
def promote(use_case: UseCase, store: Store, version: ModelVersion, reason: str) -> Outcome[Decision]:
    """Promote, refuse or ask a person, by the use case's gate; the ledger says why."""
    return told("promote", lambda: _decide(use_case, store, version, reason), lambda made: made.sentence)


def decision_of(version: str, ruling: Ruling, entry: LedgerEntry) -> Decision:
    """A ruling and its entry in the ledger, as flows hand them on."""
    made = _decision(version, ruling.action, ruling.sentence, entry.number)
    return made.model_copy(update={"said": ruling.said})


def _decide(use_case: UseCase, store: Store, version: ModelVersion, reason: str) -> tuple[Decision, bool]:
    registry = Registry(store, use_case.name)
    registry.expire()
    while True:
        champion, rival = registry.champion_name(), registry.rival()
        if champion == version.version:
            entry = next(one for one in reversed(registry.ledger()) if one.champion == version.version)
            return _decision(version.version, "promote", f"{champion} is the champion: {entry.why}", entry.number), True
        before = len(registry.ledger())
        ruling = rule(use_case, version.lineage.evaluation, rival, version.lineage.proof)
        try:
            entry = registry.decide(
                version.version,
                ruling.action,
                asked_because(ruling.sentence, reason),
                this_run(),
                against=champion,
                compared=rival.version if rival else None,
                usecase=use_case.model_dump_json(by_alias=True),
                until=datetime.now(UTC) + use_case.gate.approval_timeout if ruling.action == "wait" else None,
            )
        except OvertakenError:
            continue  # the gate looks at the new champion, and says that the comparison was with another one
        answer = registry.settled(version.version)
        if ruling.action == "wait" and answer is not None and answer.action in ("approve", "reject"):
            ruling, entry = answered(answer, ruling.said), answer
        return decision_of(version.version, ruling, entry), len(registry.ledger()) == before


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
