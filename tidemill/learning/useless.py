"""Features of a wide table that tell a booster no more than noise does, found by shuffling.

A few short boosters read all features and shuffled copies of some, in which nothing but chance is left
(Kursa & Rudnicki, 2010). Features that lower the loss by no more than the copies do on average are left out,
but only if boosters without them do as well on rows not seen. Where features are few, all stay: weak ones
add up, and cost little. The work is bounded by the number of cells, never by a clock, so that it repeats
exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tidemill.learning.boosting import Data, Problem
from tidemill.learning.features import Matrix
from tidemill.learning.folds import Fold
from tidemill.learning.objectives import predictions
from tidemill.learning.quick import FEWEST_ROWS, sampled
from tidemill.learning.scores import higher_is_better, score
from tidemill.learning.threads import wait_politely
from tidemill.said import to_say

if TYPE_CHECKING:
    import xgboost

__all__ = ["without_useless"]

MOST_CELLS = 1_000_000
MOST_COST = 2_000_000
FEWEST_FEATURES = 200
MOST_COPIES = 50
REPEATS = 3
ROUNDS = 30
BINS = 16
QUICK = {"learning_rate": 0.2, "max_depth": 5, "min_child_weight": 2, "subsample": 0.8, "colsample_bytree": 0.3}
REASON = to_say("it tells the target no more than shuffled noise does")


def without_useless(data: Data, folds: Sequence[Fold], problem: Problem) -> Data:
    """The same rows without the features that are no better than noise, and with the reason in the recipe.

    Unchanged where rows are few or features not many, where a round grows so many trees that finding out would take
    longer than it brings, where the task is ranking, or where what is left would do worse
    on the folds' check rows.
    """
    features = len(data.recipe.features)
    if features < FEWEST_FEATURES or len(folds[0].fit) < FEWEST_ROWS or problem.task == "ranking":
        return data
    if min(len(folds[0].fit) * features, MOST_CELLS) * problem.outputs > MOST_COST:
        return data
    problem = replace(problem, constraints={}, bins=BINS)
    some = sampled(folds, max(FEWEST_ROWS, MOST_CELLS // features), problem.seed)
    told, shuffled = _gains(data, some[0], problem)
    kept = np.flatnonzero(told > shuffled.mean())
    if not 0 < len(kept) < features:
        return data
    before, after = (_value(data, some, places, problem) for places in (np.arange(features), kept))
    if after < before:
        return data
    left = {data.recipe.features[place].column for place in kept}
    return data.keeping(kept, {one.column: REASON for one in data.recipe.features if one.column not in left})


def _gains(data: Data, fold: Fold, problem: Problem) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """By how much each feature, and each shuffled copy, lowered the loss, on average over the repeats."""
    fit, _ = data.fold_matrices(fold)
    features = fit.shape[1]
    types = data.recipe.feature_types
    told, shuffled = np.zeros(features), np.zeros(min(features, MOST_COPIES))
    for repeat in range(REPEATS):
        rng = np.random.default_rng(problem.seed + repeat)
        copied = rng.permutation(features)[:MOST_COPIES]
        copies = rng.permuted(fit[:, copied], axis=0)
        held = [*types, *(types[place] for place in copied)]
        matrix = _quantised(np.hstack([fit, copies]), data, fold, held, problem)
        gains = np.zeros(features + len(copied))
        for name, gain in _grown(matrix, problem, repeat).get_score(importance_type="total_gain").items():
            gains[int(name[1:])] = gain if isinstance(gain, float) else sum(gain)
        told += gains[:features] / REPEATS
        shuffled += np.sort(gains[features:]) / REPEATS
    return told, shuffled


def _value(data: Data, folds: Sequence[Fold], kept: NDArray[np.int64], problem: Problem) -> float:
    """How well quick boosters on the kept features do on the check rows: the more the better."""
    sign = 1.0 if higher_is_better(problem.metric) else -1.0
    types = [data.recipe.feature_types[place] for place in kept]
    values = []
    for repeat, fold in enumerate(folds):
        fit, check = data.fold_matrices(fold)
        matrix = _quantised(fit[:, kept], data, fold, types, problem)
        margins = _grown(matrix, problem, repeat).inplace_predict(check[:, kept], predict_type="margin")
        values.append(sign * score(problem.metric, data.target[fold.check], predictions(problem.task, margins)))
    return float(np.mean(values))


def _grown(matrix: xgboost.QuantileDMatrix, problem: Problem, repeat: int) -> xgboost.Booster:
    import xgboost

    return xgboost.train(problem.settings(QUICK, problem.seed + repeat), matrix, ROUNDS)


def _quantised(matrix: Matrix, data: Data, fold: Fold, types: list[str], problem: Problem) -> xgboost.QuantileDMatrix:
    wait_politely()
    import xgboost

    return xgboost.QuantileDMatrix(
        matrix,
        data.target[fold.fit],
        weight=data.weights(None, fold.fit),
        max_bin=BINS,
        nthread=problem.threads,
        feature_types=types,
        enable_categorical=True,
    )
