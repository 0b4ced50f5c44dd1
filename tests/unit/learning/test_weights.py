"""Weights: of rows in learning and judging, of classes in learning alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.unit.learning.world import make_use_case, make_world
from tidemill.errors import UserError
from tidemill.learning.baselines import race
from tidemill.learning.model import Model
from tidemill.learning.preparing import prepare
from tidemill.learning.training import train
from tidemill.learning.weights import class_weights, row_weights
from tidemill.results import ClassCount
from tidemill.store import Store

CLASSES = (ClassCount(label="no", rows=90), ClassCount(label="yes", rows=10))


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([1.0, None, 2.0], r"weight: `w` is no number in 1 of 3 rows"),
        ([1.0, -2.0, 2.0], r"weight: `w` is a negative number in 1 of 3 rows \(the first has `-2.0`\)"),
        ([1.0, float("inf"), 2.0], r"weight: `w` is no number in 1 of 3 rows"),
        (["1", "many", "2"], r"weight: `w` is no number in 1 of 3 rows \(the first has `many`\)"),
        ([0.0, 0.0, 0.0], r"weight: `w` is 0 in all 3 rows"),
    ],
)
def test_weights_that_are_none_are_the_users_error(values: list[object], wanted: str) -> None:
    with pytest.raises(UserError, match=wanted):
        row_weights(make_use_case(weight="w"), pd.DataFrame({"w": values}))


def test_a_weight_column_that_is_not_there_is_the_users_error() -> None:
    with pytest.raises(UserError, match=r"weight: there is no column `wieght` .*did you mean `weight`"):
        row_weights(make_use_case(weight="wieght"), pd.DataFrame({"weight": [1.0]}))


def test_class_weights_by_balance_and_by_name() -> None:
    codes = np.r_[np.zeros(90, dtype=np.int64), np.ones(10, dtype=np.int64)]
    balanced = class_weights(make_use_case(tune={"class_weights": "balanced"}), CLASSES, codes, None)
    assert balanced is not None
    assert balanced[0] * 90 == pytest.approx(balanced[1] * 10)
    named = class_weights(make_use_case(tune={"class_weights": {"yes": 4.0}}), CLASSES, codes, None)
    np.testing.assert_array_equal(named, [1.0, 4.0])
    with pytest.raises(UserError, match=r"tune.class_weights: `yess` is not a class .*did you mean `yes`"):
        class_weights(make_use_case(tune={"class_weights": {"yess": 4.0}}), CLASSES, codes, None)


def test_rows_of_no_weight_are_not_learnt_from(memory: Store) -> None:
    """Half of the rows have the target turned around and weigh nothing; they must not be heard, by anybody."""
    world = make_world(memory, "regression", count=600, by="random", weight="noise_weight", rotten=True)
    prepared = prepare(memory, world.use_case, world.labelled, world.split, {})
    assert "noise_weight" not in prepared.data.recipe.feature_names
    model = Model.load(memory, train(memory, world.use_case, world.labelled, world.split, world.tune(), {}))
    truth = world.gate["bought"][world.gate["noise_weight"] > 0]
    for said in (
        model.values(world.gate),
        *list(race(memory, world.use_case, world.labelled, world.split, {}).values())[1:],
    ):
        assert np.corrcoef(said[world.gate["noise_weight"] > 0], truth)[0, 1] > 0.3


def test_another_weight_is_another_study(memory: Store) -> None:
    plain = make_world(memory, count=300, by="random")
    weighed = make_world(memory, count=300, by="random", tune={"threads": 1, "class_weights": "balanced"})
    bound = make_world(memory, count=300, by="random", columns={"monotone": {"noise": "increasing"}})
    assert len({world.tune(trials=1).id for world in (plain, weighed, bound)}) == 3


def test_probabilities_stay_honest_with_class_weights(memory: Store) -> None:
    world = make_world(memory, count=1_200, by="random", tune={"threads": 1, "class_weights": {"yes": 8.0}})
    model = Model.load(memory, train(memory, world.use_case, world.labelled, world.split, world.tune(), {}))
    assert model.probabilities(world.gate)[:, 1].mean() == pytest.approx(world.gate["bought"].mean(), abs=0.06)
