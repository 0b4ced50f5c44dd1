"""The evaluation of a Model on the gate rows: raced with plain baselines and the champion, and explained."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidemill.errors import GateError
from tidemill.evaluation.assembling import assemble
from tidemill.evaluation.dueling import Duel
from tidemill.evaluation.evidence import Kind
from tidemill.evaluation.field import Field, Racer, Role, Standings, measure
from tidemill.evaluation.resampling import Doubles, interval
from tidemill.evaluation.rivals import another_question, answers, unseen
from tidemill.evaluation.slice_tests import slice_tests
from tidemill.fairness.findings import findings
from tidemill.gate import judged
from tidemill.learning.baselines import race
from tidemill.learning.leaving_out import Refitting
from tidemill.learning.model import Model
from tidemill.learning.preparing import lists_of
from tidemill.learning.scores import CUT, choose_metric
from tidemill.learning.thresholds import best_threshold
from tidemill.learning.weights import row_weights
from tidemill.registry import ModelVersion
from tidemill.results import Baseline, Evaluation, Finding, Labelled, ModelReference, SliceTest, Split, Validation
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
    rows = split.gate.read(store)
    target = rows.pop(use_case.target_name).to_numpy(dtype=np.float64)
    _check(labelled, target)
    rival, against = _rival(store, split, loaded, champion)
    judged_on = unseen(
        store, use_case, split, target, None if rival is None else champion, lists_of(use_case, labelled, rows)
    )
    kept, against = judged_on.kept, against or judged_on.against
    racers = [_racer("this model", "challenger", loaded, rows, kept)]
    raced = race(store, use_case, labelled, split, validation.excluded, loaded.description.recipe)
    if rival is not None and champion is not None and against is None:
        racers.append(_racer(champion.version, "champion", rival, rows, kept))
    frame, target = rows[kept].reset_index(drop=True), target[kept]
    metric, weights = choose_metric(use_case.tune.metric, labelled.task), row_weights(use_case, frame)
    racers[1:1] = [
        Racer(name, "baseline", given[kept], _cut(labelled.task, metric, target, given[kept], weights))
        for name, given in raced.items()
    ]
    lists = lists_of(use_case, labelled, frame)
    standings = measure(Field(labelled.task, metric, target, tuple(racers), weights, lists), use_case)
    if not math.isfinite(standings.metric.value):
        raise GateError(f"{metric} can't be computed on the {len(target):,} gate rows: choose another `tune.metric`")
    refitting = Refitting(store, use_case, labelled, split, validation.excluded)
    evidence = assemble(use_case, model, loaded, standings, frame, validation.masked, refitting)
    key = f"{use_case.name}/evaluations/{_id(use_case, split, model, champion, validation.masked)}.json"
    store.write_json(key, evidence.model_dump(mode="json"))
    fair = findings(evidence.fairness, evidence.binary.positive if evidence.binary else "")
    compared, tests = _duel(use_case, loaded, standings, frame, validation.masked)
    measured = Evaluation(
        subject=model.id,
        passed=False,
        reasons=(),
        metric=interval(metric, standings.metric, use_case.evaluate.confidence),
        metrics=evidence.challenger.metrics,
        baselines=standings.against("baseline"),
        champion=compared,
        rows=len(target),
        key=key,
        slices=tests,
        seen=judged_on.seen,
        absent=_absent(labelled, target),
        findings=fair if against is None else (against, *fair),
    )
    return judged(use_case.gate, measured)


def _racer(name: str, role: Role, model: Model, rows: pd.DataFrame, kept: NDArray[np.bool_]) -> Racer:
    whole, lesser = answers(model, rows)
    parts, boosters = tuple(one[kept] for one in lesser), len(model.description.members)
    return Racer(name, role, whole[kept], model.threshold or 0.5, parts, boosters)


def _rival(
    store: Store, split: Split, model: Model, champion: ModelVersion | None
) -> tuple[Model | None, Finding | None]:
    """The champion's Model, or why it can't be compared with."""
    if champion is None:
        return None, None
    rival = Model.load(store, champion.model).informed(store, (split.train, split.gate))
    other = another_question(model, champion, rival)
    return (rival, None) if other is None else (None, other)


def _duel(
    use_case: UseCase, model: Model, standings: Standings, frame: pd.DataFrame, masked: Mapping[str, str]
) -> tuple[Baseline | None, tuple[SliceTest, ...]]:
    """The comparison with the champion, if there is one in the field: on all rows and in slices."""
    found = standings.against("champion")
    if not found:
        return None, ()
    duel = Duel.of(use_case, standings.field)
    completed = model.completed(frame)
    kinds: dict[str, Kind] = {column.name: column.kind for column in (*model.columns, *model.made_columns)}
    champion = found[0].model_copy(update={"lead": duel.whole(standings)})
    return champion, slice_tests(use_case, duel, completed, kinds, masked)


def _absent(labelled: Labelled, target: Doubles) -> tuple[str, ...]:
    """The classes that no gate row has."""
    if not is_classification(labelled.task):
        return ()
    there = set(np.unique(target).astype(int).tolist())
    return tuple(str(one.label) for code, one in enumerate(labelled.classes) if code not in there)


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
    rules = use_case.fingerprint("evaluate", "fairness", "gate", "split", "tune", "seed", "weight")
    said = [model.id, split.train.id, split.gate.id, champion.version if champion else None, rules, *sorted(masked)]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]
