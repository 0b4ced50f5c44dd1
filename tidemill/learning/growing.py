"""The final fit: the plan's settings grown on all training rows, in the seconds that are left.

The plan was made by what trials took on a part of the rows. What a round takes on all of them is known only
here, so the first booster is hastened when it would not be done in time, and the others are left out.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from tidemill.learning.boosting import Data, Parameters, Problem, Weigh, all_rows, half_life_of, quantised
from tidemill.learning.planning import hastened
from tidemill.results import Fit

if TYPE_CHECKING:
    import xgboost

__all__ = ["Grown", "grow_again", "grow_all"]

SMALL_CELLS = 1_000_000
PACE_ROUNDS = 3
HURRY = 0.9


@dataclass(frozen=True)
class Grown:
    """A booster as it was grown: of which fit, with which number for its seed, and its UBJSON."""

    fit: Fit
    number: int
    raw: bytes


def grow_all(
    data: Data, problem: Problem, plan: Sequence[tuple[Fit, Parameters]], seconds: float | None
) -> list[Grown]:
    """Grow each fit's boosters, one a seed; the best fit first, and the first booster always.

    ``seconds`` is how long all may take; with None every fit is grown as it is planned.
    """
    deadline = None if seconds is None else time.perf_counter() + seconds
    wanted = [(fit, settings) for fit, settings in plan for _ in range(fit.seeds)]
    return _all(data, problem, [_Booster(*one, number) for number, one in enumerate(wanted)], deadline)


def grow_again(data: Data, problem: Problem, grown: Sequence[tuple[Fit, Parameters, int]]) -> list[Grown]:
    """The boosters of :func:`grow_all` once more: each fit's rounds and learning rate, and its number."""
    return _all(data, problem, [_Booster(*one) for one in grown], None)


def _all(data: Data, problem: Problem, asked: Sequence[_Booster], deadline: float | None) -> list[Grown]:
    if data.stream is not None or data.matrix.size > SMALL_CELLS or len(asked) == 1 or problem.threads == 1:
        grown: list[Grown | None] = []
        for rows, together in groupby(asked, lambda one: one.fit.rows):
            with _matrix(data, rows, problem.seed) as (matrix, weigh):
                grown += [one.grow(matrix, weigh, problem, deadline) for one in together]
    else:
        alone = replace(problem, threads=1)

        def grow(one: _Booster) -> Grown | None:
            with _matrix(data, one.fit.rows, problem.seed) as (matrix, weigh):
                return one.grow(matrix, weigh, alone, deadline)

        with ThreadPoolExecutor(problem.threads) as pool:
            grown = list(pool.map(grow, asked))
    return [one for one in grown if one is not None]


@contextmanager
def _matrix(data: Data, rows: int | None, seed: int) -> Iterator[tuple[xgboost.DMatrix, Weigh]]:
    """All training rows, or a sample of so many; and what gives their weights for a half-life."""
    if rows is None:
        with all_rows(data) as everything:
            yield everything
        return
    random, whole = np.random.default_rng(seed), np.arange(len(data.target))
    if data.lists is not None:
        sample = data.lists.queries.sampled(whole, rows, random)
    else:
        sample = np.sort(random.choice(whole, size=rows, replace=False))
    lists = data.lists_of(sample)
    matrix = quantised(data, data.full_matrix()[sample], data.target[sample], None, lists)
    yield matrix, lambda half_life: data.booster_weights(half_life, sample)


@dataclass(frozen=True)
class _Booster:
    """One booster to be grown."""

    fit: Fit
    parameters: Parameters
    number: int

    def grow(self, matrix: xgboost.DMatrix, weigh: Weigh, problem: Problem, deadline: float | None) -> Grown | None:
        """Grow it; None when it is not the first and there is no time."""
        if deadline is not None and self.number and time.perf_counter() > deadline:
            return None
        matrix.set_weight(weigh(half_life_of(self.parameters)))
        fit = self.fit
        if deadline is not None and fit.rounds > PACE_ROUNDS:
            pace = self._pace(problem, matrix)
            share = HURRY * (deadline - time.perf_counter()) / (pace * fit.rounds)
            if share < 1.0 and self.number:
                return None
            fit = fit if share >= 1.0 else hastened(fit, max(share, 0.0))
        booster = self._booster(fit, problem, matrix)
        done = 0
        while done < fit.rounds and not (done and deadline is not None and time.perf_counter() > deadline):
            booster.update(matrix, done)
            done += 1
        return Grown(fit.model_copy(update={"rounds": done}), self.number, bytes(booster.save_raw("ubj")))

    def _pace(self, problem: Problem, matrix: xgboost.DMatrix) -> float:
        """Seconds a round, by the first ones."""
        booster = self._booster(self.fit, problem, matrix)
        booster.update(matrix, 0)
        began = time.perf_counter()
        for step in range(1, PACE_ROUNDS):
            booster.update(matrix, step)
        return (time.perf_counter() - began) / (PACE_ROUNDS - 1)

    def _booster(self, fit: Fit, problem: Problem, matrix: xgboost.DMatrix) -> xgboost.Booster:
        import xgboost

        settings = problem.settings({**self.parameters, "learning_rate": fit.learning_rate}, problem.seed + self.number)
        return xgboost.Booster(settings, cache=[matrix])
