"""The whole evaluation, on models that were really trained."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pytest

from tests.judged import judged, train_world, validated
from tests.lineage import made_up_balance, made_up_lineage
from tests.unit.learning.world import LABELS, Task, World
from tidemill.errors import GateError, UserError
from tidemill.evaluation import evaluate, load_evidence
from tidemill.learning.model import Model
from tidemill.registry import ModelVersion
from tidemill.results import Evaluation, ModelReference, Split
from tidemill.snapshot import write_snapshot


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
    _, other = train_world(World(world.store, world.use_case.model_copy(update={"seed": 99}), world.labelled, world.split, world.gate), trials=1)  # fmt: skip
    champion = champion_of(binary, model=other)
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


def test_a_champion_that_was_trained_on_gate_rows_is_not_compared_and_nothing_passes(binary: Trained) -> None:
    split = binary.world.split
    assert split.end is not None
    other = write_snapshot(binary.world.store, "toy", "train", binary.world.gate.head(100))
    later = split.model_copy(update={"boundary": split.end, "train": other})
    found = judge(binary.world, binary.model, champion_of(binary, split=later))
    assert found.champion is None
    assert not found.passed
    assert any("it has seen some of them" in reason for reason in found.reasons)


def test_without_times_the_rows_themselves_tell_who_has_seen_what(binary: Trained) -> None:
    world = binary.world
    frame = world.split.train.read(world.store)
    seen = write_snapshot(
        world.store, "toy", "train", frame.tail(300).assign(row=world.gate["row"].iloc[0] + np.arange(300))
    )
    fresh = write_snapshot(world.store, "toy", "train", frame.head(300))
    by_chance = world.split.model_copy(update={"by": "random", "boundary": None, "end": None})
    for train, counts in ((seen, 225), (fresh, 0)):
        champion = champion_of(binary, split=by_chance.model_copy(update={"train": train}))
        found = judge(world, binary.model, champion, by_chance)
        told = [reason for reason in found.reasons if "was trained on" in reason]
        if counts:
            assert told == [f"the champion {champion.version} was trained on {counts} of the 225 gate rows"]
        else:
            assert not told
            assert found.champion is not None


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
