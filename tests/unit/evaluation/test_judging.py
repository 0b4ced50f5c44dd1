"""The whole evaluation, on models that were really trained."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

import numpy as np
import pandas as pd
import pytest

from tests.judged import judged, train_world, validated
from tests.lineage import made_up_balance, made_up_lineage
from tests.unit.learning.world import LABELS, Task, World, make_use_case
from tidemill.errors import GateError, UserError
from tidemill.evaluation import evaluate, load_evidence
from tidemill.gate import decide
from tidemill.gate import judged as judged_again
from tidemill.learning.model import Model
from tidemill.registry import ModelVersion
from tidemill.results import Evaluation, ModelReference, Split
from tidemill.snapshot import write_snapshot
from tidemill.trained import remember
from tidemill.usecase.schema import GateRules


@dataclass(frozen=True)
class Trained:
    world: World
    model: ModelReference
    evaluation: Evaluation


def judge(
    world: World, model: ModelReference, champion: ModelVersion | None = None, split: Split | None = None
) -> Evaluation:
    split = split or world.split
    return evaluate(world.store, world.use_case, world.labelled, validated(world), split, model, champion)


def trained_for(task: Task) -> Trained:
    one = judged(task)
    lineage = one.version.lineage
    return Trained(one.world, lineage.model, lineage.evaluation)


@pytest.fixture
def binary() -> Trained:
    return trained_for("binary")


def champion_of(trained: Trained, *, split: Split | None = None, model: ModelReference | None = None) -> ModelVersion:
    """The same kind of model as a version that was there before."""
    world = trained.world
    said = {"model": model or trained.model, "split": split or world.split, "labelled": world.labelled}
    return ModelVersion(
        use_case="toy",
        version="20240101-before00",
        created=datetime(2024, 1, 1, tzinfo=UTC),
        lineage=made_up_lineage().model_copy(update=said),
        balance=made_up_balance(),
        excluded={},
    )


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_every_task_is_judged_beside_three_baselines(task: Task) -> None:
    one = trained_for(task)
    evaluation, evidence = one.evaluation, load_evidence(one.world.store, one.evaluation.key)
    assert evaluation.rows == evidence.rows == len(one.world.gate)
    assert evaluation.subject == evidence.subject == one.model.id
    linear = "linear regression" if task == "regression" else "logistic regression"
    assert [baseline.name for baseline in evaluation.baselines] == ["constant", linear, "XGBoost defaults"]
    assert evaluation.metric == evaluation.metrics[0]
    assert all(found.low <= found.value <= found.high for found in evaluation.metrics)
    assert [contender.role for contender in evidence.contenders] == ["challenger"] + ["baseline"] * 3
    assert evidence.since is not None
    assert evidence.slices
    assert evidence.dependence
    assert sum(found.share for found in evidence.importances) == pytest.approx(1.0)
    assert evidence.importances[0].column in {"age", "amount", "region", "per_year"}
    assert [evidence.binary, evidence.multiclass, evidence.regression].count(None) == 2


def test_more_is_better_in_every_difference_also_for_errors() -> None:
    for task in LABELS:
        one = trained_for(task)  # type: ignore[arg-type]
        constant = one.evaluation.baselines[0]
        assert constant.difference.low > 0, one.evaluation


def test_the_metrics_are_those_of_the_models_own_answers(binary: Trained) -> None:
    frame = binary.world.gate.drop(columns="bought")
    model = Model.load(binary.world.store, binary.model)
    right = model.predict(frame)["prediction"] == np.where(binary.world.gate["bought"] == 1, "yes", "no")
    accuracy = next(one for one in binary.evaluation.metrics if one.name == "accuracy")
    assert accuracy.value == pytest.approx(right.mean())


def test_judging_again_gives_the_same_bytes(binary: Trained) -> None:
    store = binary.world.store
    before = store.read_bytes(binary.evaluation.key)
    assert judge(binary.world, binary.model) == binary.evaluation
    assert store.read_bytes(binary.evaluation.key) == before


def test_a_champion_is_compared_on_the_same_rows(binary: Trained) -> None:
    world = binary.world
    champion = champion_of(binary, model=another_model())
    found = judge(world, binary.model, champion)
    assert found.champion is not None
    assert found.champion.name == champion.version
    roles = [one.role for one in load_evidence(world.store, found.key).contenders]
    assert roles[-1] == "champion"


def test_a_champion_that_is_as_good_is_not_replaced(binary: Trained) -> None:
    found = judge(binary.world, binary.model, champion_of(binary))
    assert found.champion is not None
    assert found.champion.difference.value == 0
    assert not found.passed
    assert any("champion" in reason for reason in found.reasons)


@cache
def another_model() -> ModelReference:
    """One of the same kind from another seed."""
    world = trained_for("binary").world
    other = dataclasses.replace(world, use_case=world.use_case.model_copy(update={"seed": 99}))
    return train_world(other, trials=1)[1]


def seen_champion(trained: Trained, rows: pd.DataFrame, **split: object) -> ModelVersion:
    """A champion that was trained on these rows, by a split of its own, whose rows are known as a split stores them."""
    world = trained.world
    train = write_snapshot(world.store, "toy", "train", rows)
    said = {"train": train, "trained": remember(world.store, world.use_case, train)} | split
    return champion_of(trained, split=world.split.model_copy(update=said), model=another_model())


def test_rows_that_the_champion_has_seen_are_left_out_and_the_rest_is_judged_on(binary: Trained) -> None:
    world = binary.world
    late = world.gate.head(100).assign(at=world.gate["at"].iloc[0] - pd.Timedelta(days=300))
    champion = seen_champion(binary, late)  # its window ended before the gate's began, and that is no proof
    found = judge(world, binary.model, champion)
    assert found.rows == len(world.gate) - 100
    assert found.champion is not None
    stored = Evaluation.model_validate_json(found.model_dump_json())
    assert judged_again(world.use_case.gate, stored) == found  # the decision is made again from what was stored
    assert any("0.5 is asked for" in reason for reason in judged_again(GateRules(margin=0.5), stored).reasons)
    (seen,) = found.seen
    assert (seen.version, seen.rows, seen.of, seen.left) == (champion.version, 100, 225, 125)
    assert "100 of the 225 gate rows were left out, because 20240101-before00 was trained on them" in said(found)
    assert load_evidence(world.store, found.key).rows == 125


def test_with_too_few_rows_left_there_is_not_enough_evidence(binary: Trained) -> None:
    world = binary.world
    champion = seen_champion(binary, world.gate.head(200))
    found = judge(world, binary.model, champion)
    assert found.champion is None
    action, sentence = decide(world.use_case, found, champion)
    assert action == "refuse"
    assert sentence.endswith(
        f"the champion {champion.version} was trained on 200 of the 225 gate rows, and the other 25 can't tell; "
        "train with a later window."
    )
    (one,) = (one for one in found.findings if one.rule == "comparable")
    assert one.verdict == "undecided"


def test_what_was_stored_tells_also_when_the_train_rows_are_gone(binary: Trained) -> None:
    world = binary.world
    champion = seen_champion(binary, world.gate.head(60).assign(noise=0.5))
    theirs = champion.lineage.split
    manifest = world.store.read_bytes(f"{theirs.train.prefix}/manifest.json")
    world.store.delete(f"{theirs.train.prefix}/manifest.json")
    assert [one.rows for one in judge(world, binary.model, champion).seen] == [60]
    older = theirs.model_copy(update={"trained": None})
    unknown = judge(world, binary.model, champion_of(binary, split=older))
    world.store.write_bytes(f"{theirs.train.prefix}/manifest.json", manifest)
    assert unknown.champion is None
    assert any("is not known (its train Snapshot can't be read any more)" in reason for reason in unknown.reasons)


def test_the_new_model_must_not_have_seen_the_gate_either(binary: Trained) -> None:
    world = binary.world
    both = pd.concat([world.split.train.read(world.store), world.gate.head(30)])
    train = write_snapshot(world.store, "toy", "train", both)
    split = world.split.model_copy(update={"train": train, "trained": remember(world.store, world.use_case, train)})
    found = judge(world, binary.model, split=split)
    assert (found.rows, found.seen[0].version) == (195, "this model")
    all_of_it = remember(world.store, world.use_case, world.split.gate)
    with pytest.raises(GateError, match="this model was trained on 225 of the 225 gate rows"):
        judge(world, binary.model, split=world.split.model_copy(update={"trained": all_of_it}))


def said(evaluation: Evaluation) -> str:
    return " | ".join(clause.english for one in evaluation.findings for clause in one.clauses)


def test_a_class_that_no_gate_row_has_is_said() -> None:
    one = trained_for("multiclass")
    world = one.world
    tune = world.use_case.tune.model_copy(update={"metric": "auc"})
    world = dataclasses.replace(world, use_case=world.use_case.model_copy(update={"tune": tune}))
    gate = write_snapshot(world.store, "toy", "gate", world.gate[world.gate["bought"] != 2])
    found = judge(world, one.model, split=world.split.model_copy(update={"gate": gate}))
    assert found.absent == ("c",)
    assert np.isfinite([found.metric.value, found.metric.low, found.metric.high]).all()
    assert "no gate row has the class c: nothing is known of how well it is told" in said(found)
    by_class = load_evidence(world.store, found.key).multiclass
    assert by_class is not None
    assert [one.auc is None for one in by_class.classes] == [False, False, True]


def test_costs_decide_where_the_policy_says_so(binary: Trained) -> None:
    world = binary.world
    costs = {"threshold": {"costs": {"false_positive": 1, "false_negative": 4}}, "threads": 1}
    case = make_use_case("binary", evaluate={"resamples": 100}, gate={"policy": "cost"}, tune=costs)
    world = dataclasses.replace(world, use_case=case)
    champion = seen_champion(binary, world.gate.head(5))
    found = judge(world, binary.model, champion)
    assert found.champion is not None
    assert found.champion.lead is not None
    assert found.champion.lead.measure == "cost"
    assert "of cost a row" in said(found)


def test_a_champion_that_answers_another_question_is_not_compared() -> None:
    binary, other = trained_for("binary"), trained_for("multiclass")
    Model.load(other.world.store, other.model).save(binary.world.store, "toy")
    found = judge(binary.world, binary.model, champion_of(binary, model=other.model))
    assert not found.passed
    assert any(
        "answers another question (multiclass of a, b, c, not binary of no, yes)" in one for one in found.reasons
    )


def test_gate_rows_of_one_class_can_not_judge(binary: Trained) -> None:
    world = binary.world
    only = write_snapshot(world.store, "toy", "gate", world.gate[world.gate["bought"] == 0])
    with pytest.raises(GateError, match=r"gate rows all have the class `no`.*Nothing was promoted"):
        judge(world, binary.model, split=world.split.model_copy(update={"gate": only}))


def test_a_missing_model_is_named(binary: Trained) -> None:
    with pytest.raises(UserError, match="model abc is not whole"):
        judge(binary.world, binary.model.model_copy(update={"id": "abc"}))
