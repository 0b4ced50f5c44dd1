"""The evaluation of a Model on the gate rows: raced with plain baselines and the champion, and explained."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping

import numpy as np

from tidemill.errors import GateError
from tidemill.evaluation.assembling import assemble
from tidemill.evaluation.field import Field, Racer, measure
from tidemill.evaluation.resampling import Doubles, interval
from tidemill.evaluation.rivals import answers, incomparable
from tidemill.fairness.findings import findings
from tidemill.gate import objections
from tidemill.learning.baselines import race
from tidemill.learning.model import Model
from tidemill.learning.preparing import lists_of
from tidemill.learning.scores import CUT, choose_metric
from tidemill.learning.thresholds import best_threshold
from tidemill.learning.weights import row_weights
from tidemill.registry import ModelVersion
from tidemill.results import Evaluation, Labelled, ModelReference, Split, Validation
from tidemill.store import Store
from tidemill.task import is_classification
from tidemill.usecase.schema import UseCase

__all__ = ["evaluate"]


def evaluate(
    store: Store,
    use_case: UseCase,
    labelled: Labelled,
    validation: Validation,
    split: Split,
    model: ModelReference,
    champion: ModelVersion | None,
) -> Evaluation:
    """Judge a Model on rows that it has not seen, and store the evidence in the lake.

    ``champion`` is the version to beat, None when there is none or it is this very Model. All differences
    are paired: on the same resamples of the same rows, or of the same queries where rows are ranked. Raises
    GateError when the gate rows can't tell (one class only), and UserError when something is missing or a slice's
    column is unknown.
    """
    loaded = Model.load(store, model).informed(store, (split.train, split.gate))
    frame = split.gate.read(store)
    target = frame.pop(use_case.target_name).to_numpy(dtype=np.float64)
    metric = choose_metric(use_case.tune.metric, labelled.task)
    _check(labelled, target)
    racers = [Racer("this model", "challenger", answers(loaded, frame), loaded.threshold or 0.5)]
    raced = race(store, use_case, labelled, split, validation.excluded, loaded.description.recipe)
    weights = row_weights(use_case, frame)
    racers += [
        Racer(name, "baseline", given, _cut(labelled.task, metric, target, given, weights))
        for name, given in raced.items()
    ]
    why_not = None
    if champion is not None:
        rival = Model.load(store, champion.model).informed(store, (split.train, split.gate))
        why_not = incomparable(store, use_case, split, loaded, champion, rival)
        if why_not is None:
            racers.append(Racer(champion.version, "champion", answers(rival, frame), rival.threshold or 0.5))
    lists = lists_of(use_case, labelled, frame)
    standings = measure(Field(labelled.task, metric, target, tuple(racers), weights, lists), use_case)
    if not math.isfinite(standings.metric.value):
        raise GateError(f"{metric} can't be computed on the {len(target):,} gate rows: choose another `tune.metric`")
    evidence = assemble(use_case, model, loaded, standings, frame, validation.masked)
    key = f"{use_case.name}/evaluations/{_id(use_case, split, model, champion, validation.masked)}.json"
    store.write_json(key, evidence.model_dump(mode="json"))
    baselines, rivals = standings.against("baseline"), standings.against("champion")
    fair = findings(evidence.fairness, evidence.binary.positive if evidence.binary else "")
    reasons = objections(use_case.gate, baselines, rivals[0] if rivals else None, why_not)
    reasons = (*reasons, *(one.said.english for one in fair if one.verdict == "fail"))
    return Evaluation(
        subject=model.id,
        passed=not reasons,
        reasons=reasons,
        metric=interval(metric, standings.metric, use_case.evaluate.confidence),
        metrics=evidence.challenger.metrics,
        baselines=baselines,
        champion=rivals[0] if rivals else None,
        rows=len(target),
        key=key,
        findings=fair,
    )


def _cut(task: str, metric: str, target: Doubles, shares: Doubles, weights: Doubles | None) -> float:
    """Where a baseline's probability is cut. It has no threshold of its own: it gets the best on these very rows."""
    return best_threshold(metric, target, shares, weights) if task == "binary" and metric in CUT else 0.5


def _check(labelled: Labelled, target: Doubles) -> None:
    """Refuse gate rows of one class: on them every model is as good."""
    present = np.unique(target)
    if not is_classification(labelled.task) or len(present) > 1:
        return
    only = labelled.classes[int(present[0])].label if len(present) else "none"
    raise GateError(
        f"the {len(target):,} gate rows all have the class `{only}`: they can't tell a good model from a bad one. "
        "Change `split`, or collect more rows. Nothing was promoted"
    )


def _id(
    use_case: UseCase,
    split: Split,
    model: ModelReference,
    champion: ModelVersion | None,
    masked: Mapping[str, str],
) -> str:
    """16 hex digits of the sha256 of everything that an evaluation hangs on."""
    rules = use_case.fingerprint("evaluate", "fairness", "gate", "tune", "seed", "weight")
    said = [model.id, split.train.id, split.gate.id, champion.version if champion else None, rules, *sorted(masked)]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]
