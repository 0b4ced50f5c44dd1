"""The plan of the final fit: within the seconds and the limits, always something, and what is made do with."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.learning.folds import Fold
from tidemill.learning.planning import Limits, fit_seconds, lesser, plan_fits, rounds_on
from tidemill.learning.rungs import ladder
from tidemill.learning.trials import Trial
from tidemill.results import Fit

ANY = Limits(100)


def trial(number: int = 0, *, rows: int = 1_000, folds: int = 1, seconds: float = 2.0, rate: float = 0.1) -> Trial:
    return Trial(
        number=number,
        state="finished",
        parameters={"learning_rate": rate, "max_depth": 6},
        value=0.8,
        folds=(0.8,) * folds,
        rounds=100,
        ran=125,
        reported={},
        cut=False,
        seconds=seconds,
        rows=rows * folds,
    )


def plan(
    trials: list[Trial], chosen: tuple[int, ...], seconds: float | None, limits: Limits = ANY, seeds: int = 4
) -> tuple[Fit, ...]:
    by_number = {one.number: one for one in trials}
    return plan_fits(by_number, chosen, rows=1_000, outputs=1, seeds=seeds, limits=limits, seconds=seconds)


@given(st.lists(st.floats(0.01, 50.0), min_size=1, max_size=6), st.floats(0.0, 200.0), st.integers(1, 6))
def test_a_plan_keeps_its_seconds_and_never_drops_the_best(took: list[float], seconds: float, seeds: int) -> None:
    trials = [trial(number, seconds=one) for number, one in enumerate(took)]
    fits = plan(trials, tuple(range(len(took))), seconds, seeds=seeds)
    assert fits[0].trial == 0
    spent = sum(fit.seeds * fit_seconds(trials[fit.trial], fit.rounds, 1_000) for fit in fits)
    assert spent <= seconds + 1e-9 or (len(fits) == 1 and fits[0].seeds == 1)
    assert {fit.seeds for fit in fits} <= {fits[0].seeds}
    assert fits[0].seeds <= seeds


def test_repeats_are_weight_and_seeds_are_as_many_as_there_may_be() -> None:
    fits = plan([trial(0), trial(3)], (3, 0, 3), None)
    assert [(fit.trial, fit.weight, fit.seeds) for fit in fits] == [(3, 2, 4), (0, 1, 4)]


@pytest.mark.parametrize(
    "limits", [Limits(3), Limits(100, milliseconds=0.3), Limits(100, megabytes=2.0)], ids=["boosters", "ms", "mb"]
)
def test_a_model_is_held_down_to_what_it_may_be(limits: Limits) -> None:
    free, held = (plan([trial(0), trial(1)], (0, 1), None, one) for one in (ANY, limits))
    assert sum(fit.seeds for fit in held) < sum(fit.seeds for fit in free)
    assert limits.allow(held, {0: trial(0), 1: trial(1)}, 1)


def test_more_rows_bear_more_rounds() -> None:
    assert rounds_on(trial(rows=1_000), 1_000) == 100
    assert 100 < rounds_on(trial(rows=1_000), 10_000) < 300


def fit_of(one: Trial, rows: int) -> Fit:
    return plan_fits({0: one}, (0,), rows=rows, outputs=1, seeds=1, limits=ANY, seconds=None)[0]


def test_a_little_too_long_is_learnt_a_little_faster() -> None:
    one = trial(rows=100_000)
    fit = fit_of(one, 100_000)
    quick = lesser(fit, one, 100_000, 0.5, may_be_sampled=True)
    assert (quick.rounds, quick.learning_rate, quick.rows, quick.kept) == (50, pytest.approx(0.2), None, False)


def test_far_too_long_is_fitted_on_a_sample() -> None:
    one = trial(rows=10_000, rate=0.3)
    sampled = lesser(fit_of(one, 1_000_000), one, 1_000_000, 0.1, may_be_sampled=True)
    assert sampled.rows is not None
    assert 90_000 <= sampled.rows <= 110_000
    assert not sampled.kept


def test_no_time_for_more_than_was_tried_keeps_what_was_tried() -> None:
    one = trial(rows=10_000, rate=0.3)
    kept = lesser(fit_of(one, 1_000_000), one, 1_000_000, 0.001, may_be_sampled=True)
    assert kept.kept
    assert (kept.rows, kept.rounds) == (10_000, 100)
    several = trial(rows=10_000, folds=3, rate=0.3)
    quick = lesser(fit_of(several, 1_000_000), several, 1_000_000, 0.001, may_be_sampled=True)
    assert not quick.kept
    assert quick.learning_rate == pytest.approx(0.3)


def test_what_a_trial_grew_on_nearly_all_rows_is_kept_where_there_is_no_time_to_grow_it_again() -> None:
    (kept,) = plan([trial(rows=950, seconds=9.0), trial(1)], (0, 1), 4.0)
    assert (kept.kept, kept.rows, kept.rounds) == (True, 950, 100)
    assert not plan([trial(rows=950, seconds=9.0)], (0,), 12.0)[0].kept
    assert not plan([trial(rows=500, seconds=9.0)], (0,), 4.0)[0].kept
    assert not plan([trial(rows=950, folds=3, seconds=9.0)], (0,), 1.0)[0].kept


@given(st.integers(100, 400_000), st.integers(1, 400), st.integers(0, 9))
def test_rungs_grow_by_the_same_rows_and_are_checked_on_the_same(rows: int, cost: int, seed: int) -> None:
    fold = Fold(np.arange(rows), np.arange(rows, rows + rows // 4 + 1))
    rungs = ladder([fold], cost, seed)
    for lower, higher in pairwise(rungs):
        assert len(lower[0].fit) < len(higher[0].fit)
        assert np.isin(lower[0].fit, higher[0].fit).all()
        assert np.array_equal(lower[0].check, higher[0].check)
    assert len(rungs) <= 4
    assert np.array_equal(rungs[-1][0].fit, fold.fit)
