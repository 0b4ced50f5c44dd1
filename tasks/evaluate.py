"""Evaluate: challenger, champion and plain baselines on the same gate rows."""

from __future__ import annotations

from tasks.stage import stage
from tidemill.registry import ModelVersion, Registry
from tidemill.results import Evaluation, Labelled, ModelReference, Split, Validation
from tidemill.stages import Outcome, once
from tidemill.store import Store
from tidemill.usecase import UseCase

__all__ = ["evaluate"]


@stage("evaluate", timeout=4 * 3600)
def evaluate(
    use_case: UseCase, store: Store, labelled: Labelled, validation: Validation, split: Split, model: ModelReference
) -> Outcome[Evaluation]:
    """Judge the model on the gate rows, paired with the baselines and with the champion, with intervals."""
    champion = Registry(store, use_case.name).rival()
    if champion is not None and champion.model.id == model.id:
        champion = None
    return once(
        store,
        use_case.name,
        "evaluate",
        Evaluation,
        lambda: _judge(use_case, store, labelled, validation, split, model, champion),
        version=3,
        inputs={
            "model": model.id,
            "train": split.train.id,
            "gate": split.gate.id,
            "trained": split.trained,
            "champion": champion.version if champion else None,
            "masked": validation.masked,
            "use_case": use_case.fingerprint(
                "evaluate", "fairness", "gate", "split", "tune", "query", "seed", "weight"
            ),
        },
        summary=_summary,
    )


def _judge(
    use_case: UseCase,
    store: Store,
    labelled: Labelled,
    validation: Validation,
    split: Split,
    model: ModelReference,
    champion: ModelVersion | None,
) -> Evaluation:
    from tidemill.evaluation import evaluate as judge

    return judge(store, use_case, labelled, validation, split, model, champion)


def _summary(evaluation: Evaluation) -> str:
    best = ", ".join(f"{one.name} {one.value:.4f}" for one in evaluation.baselines)
    metric = evaluation.metric
    return f"{metric.name} {metric.value:.4f} ({metric.low:.4f} to {metric.high:.4f}) against {best}"
