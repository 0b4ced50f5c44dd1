"""The Model: what it predicts, that it is stored whole, and that a reload answers to the byte."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from tests.unit.learning.world import LABELS, World, make_world
from tidemill.errors import UserError
from tidemill.learning.margins import Calibration
from tidemill.learning.model import Model
from tidemill.learning.scores import area_under_curve
from tidemill.learning.training import train
from tidemill.results import ModelReference
from tidemill.store import Store

TASKS = ("binary", "multiclass", "regression", "count")


def trained(world: World, trials: int = 3) -> ModelReference:
    return train(world.store, world.use_case, world.labelled, world.split, world.tune(trials=trials), {})


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[World, ModelReference]]:
    found = {}
    for task in TASKS:
        world = make_world(Store(f"memory://{tmp_path_factory.mktemp(task)}"), task)  # type: ignore[arg-type]
        found[task] = (world, trained(world))
    return found


@pytest.mark.parametrize("task", TASKS)
def test_a_reload_predicts_to_the_byte_whole_and_row_by_row(
    worlds: dict[str, tuple[World, ModelReference]], task: str
) -> None:
    world, reference = worlds[task]
    model = Model.load(world.store, reference)
    again = Model.load(world.store, model.save(world.store, "toy"), threads=1)
    predicted = model.predict(world.gate)
    pd.testing.assert_frame_equal(predicted, again.predict(world.gate), check_exact=True)
    alone = pd.concat([again.predict(world.gate.iloc[[row]]) for row in range(20)], ignore_index=True)
    pd.testing.assert_frame_equal(predicted.head(20), alone, check_exact=True)
    assert predicted.index.tolist() == list(range(len(world.gate)))
    assert tuple(predicted.columns) == model.prediction_columns


@pytest.mark.parametrize("task", TASKS)
def test_the_same_rows_seed_and_trials_give_the_same_model(
    worlds: dict[str, tuple[World, ModelReference]], task: str, memory: Store
) -> None:
    _, reference = worlds[task]
    assert trained(make_world(memory, task)) == reference  # type: ignore[arg-type]


def test_the_number_of_threads_does_not_change_the_model(
    worlds: dict[str, tuple[World, ModelReference]], memory: Store
) -> None:
    assert trained(make_world(memory, tune={"threads": 2})) == worlds["binary"][1]


def test_a_binary_model_predicts_labels_at_its_threshold(worlds: dict[str, tuple[World, ModelReference]]) -> None:
    world, reference = worlds["binary"]
    model = Model.load(world.store, reference)
    predicted = model.predict(world.gate)
    shares = predicted["probability_yes"]
    np.testing.assert_allclose(predicted["probability_no"] + shares, 1.0)
    assert model.threshold is not None
    assert (predicted["prediction"] == np.where(shares >= model.threshold, "yes", "no")).all()
    assert area_under_curve(world.gate["bought"].to_numpy(dtype=np.float64), shares.to_numpy()) > 0.9


def test_a_multiclass_model_predicts_the_likeliest(worlds: dict[str, tuple[World, ModelReference]]) -> None:
    world, reference = worlds["multiclass"]
    model = Model.load(world.store, reference)
    shares = model.probabilities(world.gate)
    assert shares.shape == (len(world.gate), 3)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    labels = np.array(LABELS["multiclass"])[shares.argmax(axis=1)]
    assert model.predict(world.gate)["prediction"].tolist() == labels.tolist()


def test_a_regression_model_says_how_sure_it_is(worlds: dict[str, tuple[World, ModelReference]]) -> None:
    world, reference = worlds["regression"]
    predicted = Model.load(world.store, reference).predict(world.gate)
    inside = (predicted["lower"] <= world.gate["bought"]) & (world.gate["bought"] <= predicted["upper"])
    assert 0.8 < inside.mean() < 0.98


@pytest.mark.parametrize("task", TASKS)
def test_contributions_add_up_to_the_difference_between_rows(
    worlds: dict[str, tuple[World, ModelReference]], task: str
) -> None:
    world, reference = worlds[task]
    model = Model.load(world.store, reference)
    moved = model.contributions(world.gate)
    assert set(moved.columns) == {"at", "age", "amount", "region", "shop", "member", "since", "noise", "per_year"}
    if task == "multiclass":
        return
    answers = model.probabilities(world.gate)[:, 1] if task == "binary" else model.values(world.gate)
    links = {"binary": lambda share: np.log(share / (1 - share)), "count": np.log, "regression": np.asarray}
    scores = links[task](answers)
    base = scores - moved.sum(axis=1)
    np.testing.assert_allclose(base, base[0], atol=1e-3)


def test_contributions_add_up_when_calibration_bends(worlds: dict[str, tuple[World, ModelReference]]) -> None:
    world, reference = worlds["binary"]
    plain = Model.load(world.store, reference)
    bent = Calibration(slope=0.6, intercept=0.1, upper_slope=1.4)
    model = Model(plain.description.model_copy(update={"calibration": bent}), plain._raw)
    shares = model.probabilities(world.gate)[:, 1]
    base = np.log(shares / (1 - shares)) - model.contributions(world.gate).sum(axis=1)
    np.testing.assert_allclose(base, base[0], atol=1e-3)


def test_asking_for_what_the_task_has_not_is_an_error(worlds: dict[str, tuple[World, ModelReference]]) -> None:
    world, reference = worlds["regression"]
    with pytest.raises(ValueError, match="no probabilities"):
        Model.load(world.store, reference).probabilities(world.gate)
    world, reference = worlds["binary"]
    with pytest.raises(ValueError, match="no values"):
        Model.load(world.store, reference).values(world.gate)


def test_no_rows_give_no_predictions(worlds: dict[str, tuple[World, ModelReference]]) -> None:
    for world, reference in worlds.values():
        model = Model.load(world.store, reference)
        assert tuple(model.predict(world.gate.iloc[:0]).columns) == model.prediction_columns


def test_a_missing_column_is_named_not_guessed(worlds: dict[str, tuple[World, ModelReference]]) -> None:
    world, reference = worlds["binary"]
    with pytest.raises(UserError, match="no column `region`"):
        Model.load(world.store, reference).predict(world.gate.drop(columns="region"))


def test_rows_need_only_the_raw_columns_that_the_model_says(worlds: dict[str, tuple[World, ModelReference]]) -> None:
    world, reference = worlds["binary"]
    model = Model.load(world.store, reference)
    fewer = world.gate[[column.name for column in model.columns]]
    pd.testing.assert_frame_equal(model.predict(fewer), model.predict(world.gate), check_exact=True)


@pytest.mark.parametrize(("found", "asked"), [(0.3, 0.3), ("accuracy", None)])
def test_the_threshold_is_what_the_use_case_says(memory: Store, found: object, asked: float | None) -> None:
    world = make_world(memory, tune={"threads": 1, "threshold": found})
    threshold = Model.load(memory, trained(world, 1)).threshold
    assert threshold is not None
    assert asked is None or threshold == asked


@pytest.mark.parametrize(("labels", "dtype"), [((0, 1), "int64"), ((False, True), "bool")])
def test_labels_keep_their_type(
    worlds: dict[str, tuple[World, ModelReference]], labels: tuple[int, int], dtype: str
) -> None:
    world, reference = worlds["binary"]
    raw = world.store.read_json(f"{reference.prefix}/model.json")
    model = Model.load(world.store, reference)
    other = model.description.model_copy(update={"classes": labels})
    boosters = [world.store.read_bytes(f"{reference.prefix}/{member['file']}") for member in raw["members"]]
    predicted = Model(other, boosters).predict(world.gate)
    assert predicted["prediction"].dtype == dtype
    assert list(predicted.columns[1:]) == [f"probability_{str(label).lower()}" for label in labels]


class TestDamage:
    @pytest.fixture
    def stored(self, worlds: dict[str, tuple[World, ModelReference]], memory: Store) -> tuple[Store, ModelReference]:
        """A copy of the model, to be damaged."""
        world, reference = worlds["binary"]
        for key in world.store.list(reference.prefix):
            memory.write_bytes(key, world.store.read_bytes(key))
        return memory, reference

    def test_a_changed_booster_is_refused(self, stored: tuple[Store, ModelReference]) -> None:
        store, reference = stored
        key = f"{reference.prefix}/booster-0.ubj"
        store.write_bytes(key, store.read_bytes(key)[:-1] + b"x")
        with pytest.raises(UserError, match=r"booster-0\.ubj was changed after it was written"):
            Model.load(store, reference)

    def test_a_changed_description_is_refused(self, stored: tuple[Store, ModelReference]) -> None:
        store, reference = stored
        key = f"{reference.prefix}/model.json"
        store.write_json(key, {**store.read_json(key), "threshold": 0.0001})
        with pytest.raises(UserError, match=r"model\.json was changed after it was written"):
            Model.load(store, reference)

    def test_a_missing_object_is_named(self, stored: tuple[Store, ModelReference]) -> None:
        store, reference = stored
        store.delete(f"{reference.prefix}/booster-0.ubj")
        with pytest.raises(UserError, match=r"not whole in this lake .*booster-0\.ubj is missing"):
            Model.load(store, reference)

    def test_a_newer_format_is_refused(self, stored: tuple[Store, ModelReference]) -> None:
        store, reference = stored
        key = f"{reference.prefix}/model.json"
        store.write_json(key, {**store.read_json(key), "format": 2})
        with pytest.raises(UserError, match=r"format 2; this Tidemill reads up to 1: upgrade it"):
            Model.load(store, reference)

    def test_a_study_that_is_not_whole_is_refused(self, memory: Store) -> None:
        world = make_world(memory)
        study = world.tune(trials=2)
        for key in memory.list(f"{study.prefix}/trials"):
            memory.delete(key)
        with pytest.raises(UserError, match=r"study .* is not whole"):
            train(memory, world.use_case, world.labelled, world.split, study, {})


def test_predicting_needs_neither_optuna_nor_scikit_learn() -> None:
    """And importing the package alone brings in neither XGBoost nor pandas."""
    said = (
        "import json, sys; import tidemill.learning; first = set(sys.modules);"
        "import tidemill.learning.model; second = set(sys.modules); import xgboost;"
        "print(json.dumps([sorted({'xgboost', 'optuna', 'sklearn', 'pandas'} & first),"
        " sorted({'xgboost', 'optuna', 'sklearn', 'scipy'} & second)]))"
    )
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [[], []]


def test_no_pickle_is_in_what_is_stored(worlds: dict[str, tuple[World, ModelReference]]) -> None:
    world, reference = worlds["binary"]
    kinds = {key.rsplit(".", 1)[-1] for key in world.store.list("toy") if "/models/" in key or "/studies/" in key}
    assert kinds == {"json", "log", "npy", "ubj"}
    assert reference.prefix == f"toy/models/{reference.id}"
