"""Training: from the sources to a version that the gate has decided on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from prefect import flow

from flows.opening import open_use_case, run_name
from flows.rows import rows_to_learn_from
from tasks.evaluate import evaluate
from tasks.promote import promote
from tasks.prove import prove
from tasks.register import register
from tasks.report import report
from tasks.train import train
from tasks.tune import tune
from tidemill.provenance import code_version
from tidemill.results import Lineage, TrainingRun
from tidemill.stages import Outcome

__all__ = ["training"]


@flow(name="training", flow_run_name=run_name, persist_result=False)
def training(
    use_case: str,
    lake: str | None = None,
    budget: float | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    as_of: datetime | None = None,
    reason: str = "training was asked for",
) -> TrainingRun:
    """Collect, clean, label, validate, split, tune, train, evaluate, prove, register, promote and report.

    Args:
        use_case: the use case's name: a folder of `usecases/`.
        lake: where everything is stored; left out, `TIDEMILL_LAKE` or `./lake`.
        budget: seconds for tuning and the final fit; left out, what the use case says.
        since: use rows from this moment on only.
        until: use rows before this moment only, and move the gate's window up to it.
        as_of: train as it could have been done at this moment: rows before it, and labels known by then.
        reason: why this run was started, for the ledger.
    """
    case, store = open_use_case(use_case, lake)
    rows = rows_to_learn_from(case, store, since, until, as_of)
    labelled, validated, parts = rows.labelled.result, rows.validated.result, rows.parts.result
    study = tune(rows.settled, store, labelled, validated, parts, budget)
    model = train(rows.settled, store, labelled, validated, parts, study.result)
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
        "collect": rows.collected,
        "clean": rows.cleaned,
        "label": rows.labelled,
        "validate": rows.validated,
        "split": rows.parts,
        "tune": study,
        "train": model,
        "evaluate": evaluation,
        "prove": proof,
        "register": version,
        "promote": decision,
    }
    seconds = {name: outcome.seconds for name, outcome in stages.items()}
    written = report(case, store, version.result, decision.result, seconds)
    stages["report"] = written
    return TrainingRun(
        use_case=case.name,
        version=version.result.version,
        decision=decision.result,
        report=written.result,
        lineage=lineage,
        balance=version.result.balance,
        excluded=version.result.excluded,
        seconds=seconds | {"report": written.seconds},
        reused={name: outcome.reused for name, outcome in stages.items()},
    )
