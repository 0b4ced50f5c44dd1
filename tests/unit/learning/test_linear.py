"""The linear member: what it reads, when it has a share of the model, and that all doors say the same of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.learning.world import World, make_world
from tidemill.learning import linear
from tidemill.learning.boosting import Problem
from tidemill.learning.linear import STRENGTHS, LinearTrial, try_lines
from tidemill.learning.model import Model
from tidemill.learning.preparing import prepare
from tidemill.learning.rows import RowPredictor
from tidemill.learning.terms import LinearMember, Term
from tidemill.learning.training import train
from tidemill.snapshot import write_snapshot
from tidemill.store import Store

LINE = LinearMember(
    weight=1,
    intercept=(0.5, -0.5),
    terms=(
        Term(feature=0, mean=2.0, spread=4.0, coefficients=(1.0, 2.0)),
        Term(feature=1, level=3.0, coefficients=(-1.0, 0.25)),
    ),
)
LONG = LinearMember(
    weight=1,
    intercept=(0.1,),
    terms=tuple(
        Term(feature=0, mean=0.1 * place, spread=3.7, coefficients=(0.3 / (1 + place),)) for place in range(99)
    ),
)


def straight(store: Store, **sections: object) -> World:
    """A regression whose target is a line of the age, far beyond the ages that training rows have."""
    world = make_world(store, "regression", **sections)
    frame = world.split.train.read(store)
    noise = np.random.default_rng(4).normal(size=len(frame))
    frame["bought"] = 3.0 * frame["age"] + noise
    old = world.gate.assign(age=world.gate["age"] + 80)
    old["bought"] = 3.0 * old["age"]
    split = world.split.model_copy(update={"train": write_snapshot(store, "toy", "train", frame)})
    return World(store, world.use_case, world.labelled, split, old)


def model_of(world: World) -> Model:
    study = world.tune(trials=3)
    return Model.load(world.store, train(world.store, world.use_case, world.labelled, world.split, study, {}))


@given(st.lists(st.tuples(st.floats(-1e6, 1e6, width=32), st.sampled_from([np.nan, 0.0, 3.0, 9.0])), min_size=1))
def test_a_rows_score_never_hangs_on_the_others(values: list[tuple[float, float]]) -> None:
    matrix = np.array(values, dtype=np.float32)
    for line in (LINE, LONG):
        together = line.margins(matrix)
        alone = np.concatenate([line.margins(matrix[row : row + 1]) for row in range(len(matrix))])
        assert np.array_equal(together, alone)
        assert np.allclose(line.contributions(matrix).sum(axis=2).reshape(together.shape), together)


def test_what_is_missing_is_as_the_mean_and_an_unknown_level_is_none() -> None:
    matrix = np.array([[np.nan, np.nan], [2.0, 7.0], [6.0, 3.0]], dtype=np.float32)
    assert LINE.margins(matrix).tolist() == [[0.5, -0.5], [0.5, -0.5], [0.5, 1.75]]


def test_lines_that_would_take_longer_than_there_is_are_not_tried(
    memory: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = straight(memory)
    prepared = prepare(memory, world.use_case, world.labelled, world.split, {})
    asked = prepared.data, prepared.problem, prepared.folds
    assert [one.strength for one in try_lines(*asked, seconds=60.0)] == list(STRENGTHS)
    grown: list[float] = []
    monkeypatch.setattr(linear, "_grown", lambda *said, known=linear._grown: grown.append(said[-1]) or known(*said))
    assert try_lines(*asked, seconds=1e-6) == []
    assert len(grown) == 2


def test_a_line_is_followed_beyond_what_was_seen_and_every_door_says_so(memory: Store) -> None:
    world = straight(memory)
    model = model_of(world)
    assert model.description.line is not None
    predicted = model.predict(world.gate)["prediction"].to_numpy()
    error = np.abs(predicted - world.gate["bought"]).mean()
    capped = np.abs(3.0 * 80 - world.gate["bought"]).mean()
    assert error < capped * 0.7
    rows = world.gate.drop(columns="bought").head(5)
    plain = [{name: _plain(value) for name, value in row.items()} for row in rows.to_dict("records")]
    answers = RowPredictor(model).predict(plain)
    assert [answer["prediction"] for answer in answers] == predicted[:5].tolist()
    shifts = model.contributions(world.gate)
    assert shifts.sum(axis=1).corr(pd.Series(predicted)) == pytest.approx(1.0, abs=1e-6)


def test_columns_that_are_held_to_a_direction_leave_no_place_for_a_line(memory: Store) -> None:
    world = straight(memory, columns={"monotone": {"age": "increasing"}})
    assert model_of(world).description.line is None


def test_a_line_that_tells_nothing_has_no_share(memory: Store) -> None:
    random = np.random.default_rng(2)
    target = (random.uniform(size=400) < 0.5).astype(np.float64)
    told, noise = np.where(target == 1.0, 2.0, -2.0), random.normal(size=400)
    problem = prepare_problem(memory)
    assert LinearTrial(0.1, noise).share(told, problem, [target], [None]) == (0, 0.0)
    tenths, gain = LinearTrial(0.1, told).share(noise, problem, [target], [None])
    assert tenths > 0
    assert gain > 0.1


def prepare_problem(store: Store) -> Problem:
    world = make_world(store)
    return prepare(store, world.use_case, world.labelled, world.split, {}).problem


def _plain(value: object) -> object:
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return None if pd.isna(value) else value  # type: ignore[call-overload]
