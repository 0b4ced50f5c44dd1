"""The plain models that every run races against."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.learning.world import make_world
from tidemill.learning.baselines import race
from tidemill.learning.scores import score
from tidemill.store import Store


@pytest.mark.parametrize(
    ("task", "metric", "linear"),
    [
        ("binary", "log_loss", "logistic regression"),
        ("multiclass", "log_loss", "logistic regression"),
        ("regression", "rmse", "linear regression"),
    ],
)
def test_each_baseline_answers_every_gate_row(memory: Store, task: str, metric: str, linear: str) -> None:
    world = make_world(memory, task)  # type: ignore[arg-type]
    found = race(memory, world.use_case, world.labelled, world.split, {})
    assert list(found) == ["constant", linear, "XGBoost defaults"]
    target = world.gate["bought"].to_numpy(dtype=np.float64)
    shape = (len(target), 3) if task == "multiclass" else (len(target),)
    values = {}
    for name, predicted in found.items():
        assert predicted.shape == shape
        assert np.isfinite(predicted).all()
        values[name] = score(metric, target, predicted)
    assert values["XGBoost defaults"] < values["constant"]
    assert values[linear] < values["constant"]


def test_two_races_end_alike(memory: Store) -> None:
    world = make_world(memory)
    first = race(memory, world.use_case, world.labelled, world.split, {})
    second = race(memory, world.use_case, world.labelled, world.split, {})
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])
