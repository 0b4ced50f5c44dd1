"""Explanations: what adds up to the score, whatever the model is made of, and says the same at every door."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.judged import train_world
from tests.unit.learning.world import Task, World, make_world
from tidemill.learning.explaining import Explanation, shares_of_columns
from tidemill.learning.features import Feature
from tidemill.learning.margins import Calibration
from tidemill.learning.model import Model
from tidemill.learning.terms import LinearMember, terms_of
from tidemill.store import Store

TASKS = ("binary", "multiclass", "regression", "count")
CALIBRATIONS = st.builds(
    Calibration,
    slope=st.floats(0.3, 2.0),
    intercept=st.floats(-1.0, 1.0),
    upper_slope=st.one_of(st.none(), st.floats(0.3, 2.0)),
)


@cache
def world_of(task: Task) -> World:
    return make_world(Store(f"memory://explaining-{task}"), task)


@cache
def model_of(task: Task) -> Model:
    """Made once for all tests, which only read from it."""
    world = world_of(task)
    return Model.load(world.store, train_world(world, trials=2)[1])


def changed(task: Task, calibration: Calibration, line: float | None) -> Model:
    """The task's model with another calibration and, where ``line`` is a number, a line beside the trees."""
    plain = model_of(task)
    update: dict[str, object] = {"calibration": calibration}
    if line is not None:
        matrix = plain.matrix(world_of(task).gate)
        outputs = len(plain.classes) if task == "multiclass" else 1
        terms = [
            term.model_copy(update={"coefficients": tuple(line / (place + output + 1) for output in range(outputs))})
            for place, term in enumerate(terms_of(plain.description.recipe, matrix))
        ]
        update["line"] = LinearMember(weight=2, intercept=(0.3,) * outputs, terms=tuple(terms))
    return Model(plain.description.model_copy(update=update), plain._raw)


@settings(max_examples=12, deadline=None)
@given(st.sampled_from(TASKS), CALIBRATIONS, st.one_of(st.none(), st.floats(-0.5, 0.5)), st.integers(1, 40))
def test_base_and_contributions_add_up_to_the_score(
    task: Task, calibration: Calibration, line: float | None, count: int
) -> None:
    if task in ("regression", "count"):
        calibration = Calibration()
    elif task == "multiclass":
        calibration = Calibration(slope=calibration.slope, shifts=(0.2, -0.3, 0.1))
    model = changed(task, calibration, line)
    frame = world_of(task).gate.head(count)
    scores = model.ensemble.margins(model.matrix(frame))
    if task == "multiclass":
        scores = scores[np.arange(count), model.probabilities(frame).argmax(axis=1)]
    found = model.explain(frame)
    np.testing.assert_allclose(found.score, scores, rtol=1e-5, atol=1e-5)
    if task != "multiclass":
        np.testing.assert_allclose(found.base, found.base[0])
    alone = model.explain(frame.iloc[[0]])
    np.testing.assert_allclose(alone.contributions.iloc[0], found.contributions.iloc[0], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("task", TASKS)
def test_only_columns_of_the_user_are_named(task: Task) -> None:
    model = model_of(task)
    found = model.explain(world_of(task).gate.head(3))
    assert set(found.contributions) <= {"at", "age", "amount", "region", "shop", "member", "since", "noise", "per_year"}
    assert found.contributions.index.tolist() == [0, 1, 2]
    assert model.explain(world_of(task).gate.head(0)).contributions.shape == (0, found.contributions.shape[1])


def test_what_sets_one_number_against_another_is_half_of_each() -> None:
    features = [
        Feature(name="a", column="a", kind="number"),
        Feature(name="a / b", column="a", kind="number", until="b", combined="ratio"),
        Feature(name="past", column="sales 1d before", kind="number"),
    ]
    shares = shares_of_columns(features, {"sales 1d before": "sales"})
    assert {name: list(share) for name, share in shares.items()} == {
        "a": [1.0, 0.5, 0.0],
        "b": [0.0, 0.5, 0.0],
        "sales": [0.0, 0.0, 1.0],
    }


def test_the_strongest_come_first_and_the_rest_is_what_is_left() -> None:
    found = Explanation(pd.DataFrame({"a": [0.1, -2.0], "b": [-0.5, 0.0], "c": [0.2, 1.0]}), np.array([1.0, 1.0]))
    names, adds, rest = found.strongest(2)
    assert names == [["b", "c"], ["a", "c"]]
    assert adds.tolist() == [[-0.5, 0.2], [-2.0, 1.0]]
    assert rest == pytest.approx([0.1, 0.0])
    names, adds, rest = found.strongest(9)
    assert adds.shape == (2, 3)
    assert rest == pytest.approx([0.0, 0.0])
