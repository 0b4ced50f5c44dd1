"""Differences and ratios of the strongest numbers, kept only if they pay.

A tree finds where a number passes a value, not where one passes another: that takes it many steps. But most
pairs are noise, so they are added only if quick boosters with them do better in every fold, on rows that they
did not see, by more than their folds differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tidemill.learning.boosting import Data, Problem
from tidemill.learning.columns import Pairing, combined
from tidemill.learning.features import Feature, Recipe
from tidemill.learning.folds import Fold
from tidemill.learning.lockstep import FoldMatrices
from tidemill.learning.quick import FEWEST_ROWS, QUICK, pays, quick_values, sampled

__all__ = ["with_pairs"]

STRONGEST = 6
KEPT = 8
MOST_CELLS = 500_000
ROUNDS = 40
SIGNS = {"difference": "-", "ratio": "/"}


def with_pairs(data: Data, folds: Sequence[Fold], problem: Problem) -> Data:
    """The same rows with the differences and ratios of numbers that pay, in matrix and recipe.

    The work is bounded by the rows of a sample, and looks at no clock, so that the result repeats exactly. Unchanged
    where nothing pays, and where the use case constrains its columns: a difference would be a way around.
    """
    if len(data.target) < FEWEST_ROWS or len(folds) < 2 or problem.task == "ranking" or problem.constraints:
        return data
    some = sampled(folds, max(FEWEST_ROWS, MOST_CELLS // len(data.recipe.features)), problem.seed)
    gains = _gains(data, some[0], problem)
    numbers = [place for place, one in enumerate(data.recipe.features) if _is_number(one)]
    more = _pairs(data.recipe, sorted(numbers, key=lambda place: -gains[place])[:STRONGEST])
    if not more:
        return data
    every = _joined(data, more)
    own = _gains(every, some[0], problem)[len(gains) :]
    best = [more[place] for place in np.argsort(-own, kind="stable")[:KEPT] if own[place] > 0]
    if not best:
        return data
    fewer = _joined(data, best)
    before, after = (quick_values(one, some, problem) for one in (data, fewer))
    return fewer if pays(after - before) else data


def _gains(data: Data, fold: Fold, problem: Problem) -> NDArray[np.float64]:
    """By how much each feature lowered the loss in one quick booster."""
    import xgboost

    [(fit, _)] = FoldMatrices(data, (fold,)).weighted(None)
    booster = xgboost.train(problem.settings(QUICK, problem.seed), fit, ROUNDS)
    gains = np.zeros(len(data.recipe.features))
    for name, gain in booster.get_score(importance_type="total_gain").items():
        gains[int(name[1:])] = gain if isinstance(gain, float) else sum(gain)
    return gains


def _is_number(feature: Feature) -> bool:
    special = feature.encoded is not None or feature.words or feature.pixel is not None
    return feature.kind == "number" and feature.combined is None and not special


def _pairs(recipe: Recipe, strongest: Sequence[int]) -> list[Feature]:
    names = [recipe.features[place].column for place in strongest]
    kinds: tuple[Pairing, ...] = ("difference", "ratio")
    return [
        Feature(name=f"{one} {SIGNS[kind]} {other}", column=one, kind="number", combined=kind, until=other)
        for one, other in combinations(names, 2)
        for kind in kinds
    ]


def _joined(data: Data, more: Sequence[Feature]) -> Data:
    place = {one.column: at for at, one in enumerate(data.recipe.features) if _is_number(one)}
    columns = []
    for feature in more:
        one, other = (data.matrix[:, place[name]].astype(np.float64) for name in data.recipe.reads(feature))
        columns.append(combined(feature.combined or "difference", one, other))
    return data.adding(more, columns)
