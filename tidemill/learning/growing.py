"""The final fit: the plan's settings grown on all training rows, in the seconds that are left.

The plan was made by what trials took on a part of the rows. What a round takes on all of them is known only
here, so the first booster makes do with less when it would not be done in time, and the others are left out.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from tidemill.learning.boosting import Data, Parameters, Problem, Weigh, all_rows, half_life_of, quantised
from tidemill.learning.features import Matrix
from tidemill.learning.planning import lesser
from tidemill.learning.scores import Doubles
from tidemill.learning.trials import Trial
from tidemill.results import Fit

if TYPE_CHECKING:
    import xgboost

__all__ = ["Grown", "Resort", "grow_again", "grow_all", "kept"]

SMALL_CELLS = 1_000_000
PACE_ROUNDS = 3
HURRY = 0.9
LEAST_PROGRESS = 4.0


@dataclass(frozen=True)
class Grown:
    """A booster as it was grown: of which fit, with which number for its seed, and its UBJSON.

    ``scores`` are its raw scores of the rows that were asked about, given before it was stored; None without such rows.
    """

    fit: Fit
    number: int
    raw: bytes
    scores: Doubles | None = None


@dataclass(frozen=True)
class Resort:
    """What there is where the first fit has no time: its trial, and the booster that this grew on its only fold."""

    trial: Trial
    booster: Callable[[], bytes]


def grow_all(
    data: Data,
    problem: Problem,
    plan: Sequence[tuple[Fit, Parameters]],
    seconds: float | None,
    resort: Resort | None = None,
    asked: Matrix | None = None,
) -> list[Grown]:
    """Grow each fit's boosters, one a seed; the best fit first, and the first booster always.

    ``seconds`` is how long all may take; with None every fit is grown as it is planned. The first fit makes do with
    less (:func:`tidemill.learning.planning.lesser`), or with the sample where there is no time to read all rows that
    are streamed; the others are left out. ``asked`` are rows, as the recipe made them, that each booster scores as
    soon as it is grown.
    """
    wanted = [(fit, settings) for fit, settings in plan for _ in range(fit.seeds)]
    boosters = [_Booster(*one, number, asked) for number, one in enumerate(wanted)]
    if seconds is None or resort is None:
        return _all(data, problem, boosters, None)
    if plan[0][0].kept:
        return [kept(data, plan[0][0], resort.booster(), asked)]
    deadline = time.perf_counter() + seconds
    if _is_small(data):
        return _all(data, problem, boosters, deadline)
    if data.stream is not None and data.stream.seconds() > HURRY * (deadline - time.perf_counter()):
        return _all(data, problem, [boosters[0].on_sample(data)], deadline)
    with all_rows(data) as (matrix, weigh):
        first = boosters[0].in_time(data, matrix, weigh, problem, deadline, resort.trial)
        if first.fit.rows is None:
            grown = [one.grow(data, matrix, weigh, problem, deadline) for one in (first, *boosters[1:])]
            return [one for one in grown if one is not None]
    if first.fit.kept:
        return [kept(data, first.fit, resort.booster(), asked)]
    return _all(data, problem, [first], deadline)


def grow_again(
    data: Data, problem: Problem, grown: Sequence[tuple[Fit, Parameters, int]], asked: Matrix | None = None
) -> list[Grown]:
    """The boosters of :func:`grow_all` once more: each fit's rounds and learning rate, and its number."""
    return _all(data, problem, [_Booster(*one, asked) for one in grown], None)


def kept(data: Data, fit: Fit, raw: bytes, asked: Matrix | None = None) -> Grown:
    """What a trial grew and stored, in place of a fit of its own."""
    import xgboost

    scores = None if asked is None else _scores(data, xgboost.Booster(model_file=bytearray(raw)), asked)
    return Grown(fit, 0, raw, scores)


def _scores(data: Data, booster: xgboost.Booster, asked: Matrix) -> Doubles:
    """A booster's raw scores, read through a matrix as training reads rows and not as answering does."""
    import xgboost

    rows = xgboost.DMatrix(asked, feature_types=data.recipe.feature_types, enable_categorical=True)
    return np.asarray(booster.predict(rows, output_margin=True), dtype=np.float64)


def _all(data: Data, problem: Problem, boosters: Sequence[_Booster], deadline: float | None) -> list[Grown]:
    if not _is_small(data) or len(boosters) == 1 or problem.threads == 1:
        grown: list[Grown | None] = []
        for rows, together in groupby(boosters, lambda one: one.fit.rows):
            with _matrix(data, rows, problem.seed) as (matrix, weigh):
                grown += [one.grow(data, matrix, weigh, problem, deadline) for one in together]
    else:
        alone = replace(problem, threads=1)

        def grow(one: _Booster) -> Grown | None:
            with _matrix(data, one.fit.rows, problem.seed) as (matrix, weigh):
                return one.grow(data, matrix, weigh, alone, deadline)

        with ThreadPoolExecutor(problem.threads) as pool:
            grown = list(pool.map(grow, boosters))
    return [one for one in grown if one is not None]


def _is_small(data: Data) -> bool:
    return data.stream is None and data.matrix.size <= SMALL_CELLS


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
    """One booster to be grown, and the rows that it is to score then."""

    fit: Fit
    parameters: Parameters
    number: int
    asked: Matrix | None = None

    def on_sample(self, data: Data) -> _Booster:
        """The same for the rows in memory alone, a sample of all."""
        return replace(self, fit=self.fit.model_copy(update={"rows": len(data.target)}))

    def in_time(
        self, data: Data, matrix: xgboost.DMatrix, weigh: Weigh, problem: Problem, deadline: float, trial: Trial
    ) -> _Booster:
        """The same where there is time for it on all rows, else a lesser one."""
        matrix.set_weight(weigh(half_life_of(self.parameters)))
        taking = self._pace(problem, matrix) * self.fit.rounds
        share = HURRY * (deadline - time.perf_counter()) / taking
        if share >= 1.0:
            return self
        fit = lesser(self.fit, trial, data.rows, max(share, 0.0), may_be_sampled=data.stream is None)
        return replace(self, fit=fit)

    def grow(
        self, data: Data, matrix: xgboost.DMatrix, weigh: Weigh, problem: Problem, deadline: float | None
    ) -> Grown | None:
        """Grow it, the first until the deadline at most; None when it is another and there is no time.

        Whatever the clock says, the first is grown far enough to be worth having (rounds times the learning rate).
        """
        if deadline is not None and self.number and time.perf_counter() > deadline:
            return None
        matrix.set_weight(weigh(half_life_of(self.parameters)))
        if deadline is not None and self.number:
            taking = self._pace(problem, matrix) * self.fit.rounds
            if HURRY * (deadline - time.perf_counter()) < taking:
                return None
        booster = self._booster(self.fit, problem, matrix)
        least = min(self.fit.rounds, math.ceil(LEAST_PROGRESS / self.fit.learning_rate))
        done = 0
        while done < least or (done < self.fit.rounds and (deadline is None or time.perf_counter() < deadline)):
            booster.update(matrix, done)
            done += 1
        scores = None if self.asked is None else _scores(data, booster, self.asked)
        fit = self.fit.model_copy(update={"rounds": done})
        return Grown(fit, self.number, bytes(booster.save_raw("ubj")), scores)

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
