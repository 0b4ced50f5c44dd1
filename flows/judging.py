"""The last part of training: from a model to a version that the gate, or a person, has decided on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from prefect.runtime import deployment

from flows.approving import approving
from flows.rows import Rows
from tasks.approve import approve
from tasks.evaluate import evaluate
from tasks.promote import promote
from tasks.prove import prove
from tasks.register import register
from tasks.report import report
from tidemill.provenance import code_version
from tidemill.registry import ModelVersion
from tidemill.results import Decision, Lineage, ModelReference, Report, Study
from tidemill.stages import Outcome
from tidemill.store import Store
from tidemill.usecase import UseCase

__all__ = ["Judged", "judge_model"]


@dataclass(frozen=True)
class Judged:
    """The version, what was decided on it, where that is written, and the stages that led there."""

    version: ModelVersion
    lineage: Lineage
    decision: Decision
    report: Report
    stages: Mapping[str, Outcome[Any]]


def judge_model(
    case: UseCase, store: Store, rows: Rows, study: Outcome[Study], model: Outcome[ModelReference], reason: str
) -> Judged:
    """Evaluate, prove, register, promote and report; where a person is asked, wait, and report anew."""
    labelled, validated, parts = rows.labelled.result, rows.validated.result, rows.parts.result
    evaluation = evaluate(rows.settled, store, labelled, validated, parts, model.result)
    proof = prove(rows.settled, store, parts, model.result)
    lineage = Lineage(
        collected=rows.collected.result,
        cleaned=rows.cleaned.result,
        labelled=labelled,
        validation=validated,
        split=parts,
        study=study.result,
        model=model.result,
        evaluation=evaluation.result,
        usecase=case.model_dump_json(by_alias=True),
        code=code_version(),
        proof=proof.result,
    )
    version = register(case, store, lineage)
    decision = promote(case, store, version.result, reason)
    stages: dict[str, Outcome[Any]] = {
        **rows.stages,
        "tune": study,
        "train": model,
        "evaluate": evaluation,
        "prove": proof,
        "register": version,
        "promote": decision,
    }
    stages["report"] = report(case, store, version.result, decision.result, _seconds(stages))
    if decision.result.action == "wait" and deployment.id:
        approving(case.name, version.result.version, store.url_of(stages["report"].result.html), store.url)
        decision = stages["approve"] = approve(case, store, version.result, decision.result)
        stages["report"] = report(case, store, version.result, decision.result, _seconds(stages))
    return Judged(version.result, lineage, decision.result, stages["report"].result, stages)


def _seconds(stages: Mapping[str, Outcome[Any]]) -> dict[str, float]:
    return {name: outcome.seconds for name, outcome in stages.items() if name != "report"}
