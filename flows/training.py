"""Training: from the sources to a version that the gate has decided on."""

from __future__ import annotations

from datetime import datetime

from prefect import flow

from flows.judging import judge_model
from flows.opening import open_use_case, run_name
from flows.rows import rows_to_learn_from
from tasks.train import train
from tasks.tune import tune
from tidemill.results import TrainingRun

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
    """Collect, clean, label, validate, split, tune, train, evaluate, prove, register, promote and report one use case.

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
    judged = judge_model(case, store, rows, study, model, reason)
    version = judged.version
    return TrainingRun(
        use_case=case.name,
        version=version.version,
        decision=judged.decision,
        report=judged.report,
        lineage=judged.lineage,
        balance=version.balance,
        excluded=version.excluded,
        seconds={name: outcome.seconds for name, outcome in judged.stages.items()},
        reused={name: outcome.reused for name, outcome in judged.stages.items()},
    )
