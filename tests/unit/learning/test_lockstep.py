"""Learning curves: a fold that goes ahead changes nothing but what a hopeless setting costs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.learning.world import make_world
from tidemill.learning import lockstep
from tidemill.learning.lockstep import Curve, FoldMatrices, boost
from tidemill.learning.preparing import Prepared, prepare
from tidemill.store import Store

SLOW = {"learning_rate": 0.05, "max_depth": 4, "subsample": 0.7}
QUICK = {"learning_rate": 0.3, "max_depth": 6, "half_life": 0.25}


@pytest.fixture
def prepared(memory: Store) -> Prepared:
    world = make_world(memory)
    return prepare(memory, world.use_case, world.labelled, world.split, {})


def one_goes_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lockstep, "TELLING_CHECKS", 1)
    monkeypatch.setattr(lockstep, "TELLING_ROWS", 1)


def grown(prepared: Prepared, parameters: dict[str, float], **named: object) -> Curve:
    return boost(FoldMatrices(prepared.data, prepared.folds), prepared.problem, parameters, **named)  # type: ignore[arg-type]


@pytest.mark.parametrize("parameters", [SLOW, QUICK], ids=["slow", "quick"])
def test_a_fold_that_goes_ahead_changes_nothing(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch, parameters: dict[str, float]
) -> None:
    together = grown(prepared, parameters)
    one_goes_ahead(monkeypatch)
    ahead = grown(prepared, parameters)
    assert len(prepared.folds) == 3
    assert (ahead.value, ahead.folds, ahead.rounds, ahead.ran) == (
        together.value, together.folds, together.rounds, together.ran,
    )  # fmt: skip
    for one, other in zip(ahead.margins, together.margins, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_setting_that_is_hopeless_on_the_first_fold_costs_the_others_nothing(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_goes_ahead(monkeypatch)
    asked: list[tuple[int, float]] = []

    def at_four(progress: int, value: float) -> bool:
        asked.append((progress, value))
        return progress == 4

    curve = grown(prepared, SLOW, hopeless=at_four)
    assert [progress for progress, _ in asked] == [1, 2, 4]
    assert curve.reported == dict(asked)
    assert (curve.pruned, curve.ran) == (True, 80)
    assert curve.folds == (curve.value,) == (asked[-1][1],)


def test_what_is_told_is_the_first_folds_also_where_the_mean_climbs_on(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_goes_ahead(monkeypatch)
    first = replace(prepared, rungs=tuple(rung[:1] for rung in prepared.rungs))
    climbed_on = []
    for parameters in (SLOW, QUICK, {"learning_rate": 0.1, "max_depth": 2}, {"learning_rate": 0.3, "max_depth": 2}):
        curve = grown(prepared, parameters)
        climbed_on.append(max(curve.reported) > max(grown(first, parameters).reported))
        with monkeypatch.context() as patient:
            patient.setattr(lockstep, "LEAST_PATIENCE", 10**6)
            patient.setattr(lockstep, "MOST_PATIENCE", 10**6)
            patient.setattr(lockstep, "FIRST_REPORT", 1)
            patient.setattr(lockstep, "MOST_ROUNDS", curve.ran)
            alone = grown(first, parameters)
        assert curve.reported == alone.reported
    assert any(climbed_on)


def test_a_deadline_that_is_over_leaves_one_round_of_every_fold(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_goes_ahead(monkeypatch)
    curve = grown(prepared, SLOW, deadline=0.0)
    assert (curve.cut, curve.rounds, len(curve.folds)) == (True, 1, 3)
    assert [len(one) for one in curve.margins] == [len(fold.check) for fold in prepared.folds]
