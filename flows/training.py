"""Training: from the sources to a version that the gate has decided on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from prefect import flow

from flows.opening import in_utc, open_use_case, run_name
from tasks.clean import clean
from tasks.collect import collect
from tasks.evaluate import evaluate
from tasks.label import label
from tasks.promote import promote
from tasks.register import register
from tasks.report import report, show_data_docs
from tasks.split import split
from tasks.train import train
from tasks.tune import tune
from tasks.validate import validate
from tidemill.provenance import code_version
from tidemill.results import Lineage, TrainingRun
from tidemill.stages import Outcome
from tidemill.traps import stopped_by
from tidemill.validation import refused

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
    """Collect, clean, label, validate, split, tune, train, evaluate, register, promote and report one use case.

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
    since, until, as_of = in_utc(since), in_utc(until), in_utc(as_of)
    limits = [moment for moment in (until or case.split.gate_until, as_of) if moment]
    collected = collect(case, store, since=since, until=min(limits, default=None))
    cleaned = clean(case, store, collected.result, until)
    labelled = label(case, store, collected.result, cleaned.result, as_of)
    validated = validate(case, store, labelled.result)
    docs = show_data_docs(case, store, validated.result.data_docs)
    if not validated.result.passed:
        raise refused("The data was refused before training", validated.result.reasons, docs)
    parts = split(case, store, labelled.result, validated.result, until=until)
    stopped = stopped_by(parts.result.traps)
    if stopped:
        raise refused("The data was refused before training", stopped, docs)
    settled = case.settled(cleaned.result.rules)
    study = tune(settled, store, labelled.result, validated.result, parts.result, budget)
    model = train(settled, store, labelled.result, validated.result, parts.result, study.result)
    evaluation = evaluate(settled, store, labelled.result, validated.result, parts.result, model.result)
    lineage = Lineage(
        collected=collected.result,
        cleaned=cleaned.result,
        labelled=labelled.result,
        validation=validated.result,
        split=parts.result,
        study=study.result,
        model=model.result,
        evaluation=evaluation.result,
        usecase=case.model_dump_json(by_alias=True),
        code=code_version(),
    )
    version = register(case, store, lineage)
    decision = promote(case, store, version.result, reason)
    stages: dict[str, Outcome[Any]] = {
        "collect": collected,
        "clean": cleaned,
        "label": labelled,
        "validate": validated,
        "split": parts,
        "tune": study,
        "train": model,
        "evaluate": evaluation,
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
