"""Register: the model becomes a version, with its lineage and its evaluation."""

from __future__ import annotations

from tasks.stage import stage, told
from tasks.who import this_run
from tidemill.registry import ModelVersion, Registry
from tidemill.results import Lineage, RowBalance
from tidemill.stages import Outcome
from tidemill.store import Store
from tidemill.usecase import UseCase

__all__ = ["register"]


@stage("register", timeout=600)
def register(use_case: UseCase, store: Store, lineage: Lineage) -> Outcome[ModelVersion]:
    """Write the version into the registry. The same model with the same evaluation is the same version."""
    return told("register", lambda: _register(use_case, store, lineage), lambda made: f"version {made.version}")


def _register(use_case: UseCase, store: Store, lineage: Lineage) -> tuple[ModelVersion, bool]:
    registry = Registry(store, use_case.name)
    known = registry.names()
    excluded = {**lineage.model.excluded, **lineage.validation.excluded}
    made = registry.register(lineage, row_balance(lineage), excluded, who=this_run())
    return made, made.version in known


def row_balance(lineage: Lineage) -> RowBalance:
    """Account for every collected row. Raises ValueError when a row was lost or made up."""
    unread = lineage.collected.quarantine
    quarantines = (unread, lineage.cleaned.quarantine, lineage.labelled.quarantine, lineage.validation.quarantine)
    return RowBalance(
        collected=lineage.collected.snapshot.rows
        + (unread.rows if unread is not None else 0)
        + lineage.collected.erased,
        deduplicated=lineage.cleaned.deduplicated,
        quarantined=sum(refused.rows for refused in quarantines if refused is not None),
        waiting=lineage.labelled.waiting + lineage.split.later,
        used=lineage.split.train.rows + lineage.split.gate.rows,
        erased=lineage.collected.erased,
    )
