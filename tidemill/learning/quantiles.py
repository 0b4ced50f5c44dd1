"""Boosters for the two ends of an interval: the quantiles between which the stated share of rows lies."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tidemill.learning.boosting import Data, Parameters, Problem, quantised
from tidemill.learning.folds import Fold
from tidemill.learning.scores import Doubles

if TYPE_CHECKING:
    import xgboost

__all__ = ["QuantileSetting", "ends_of_folds", "fit_ends", "seconds_of_ends"]

_SHARES_OF_ROUNDS = (0.25, 0.5, 1.0)
_PACE_ROUNDS = 3


@dataclass(frozen=True)
class QuantileSetting:
    """How both ends are boosted: the setting of the point prediction, and how many rounds it takes."""

    parameters: Parameters
    rounds: int
    coverage: float

    @property
    def stops(self) -> tuple[int, ...]:
        """The numbers of rounds to choose from: quantiles are often learnt sooner than means."""
        return tuple(dict.fromkeys(max(round(self.rounds * share), 1) for share in _SHARES_OF_ROUNDS))


def ends_of_folds(
    data: Data, problem: Problem, folds: Sequence[Fold], setting: QuantileSetting
) -> dict[int, list[Doubles]]:
    """Both ends of each fold's check rows, shape ``(rows, 2)``, by the number of rounds."""
    found: dict[int, list[Doubles]] = {stop: [] for stop in setting.stops}
    for fold in folds:
        before, after = data.fold_matrices(fold)
        fit = quantised(data, before, data.target[fold.fit], None)
        booster = _grown(data, problem, fit, setting, fold)
        check = quantised(data, after, data.target[fold.check], fit)
        for stop, ends in found.items():
            ends.append(np.asarray(booster.predict(check, iteration_range=(0, stop)), dtype=np.float64))
    return found


def seconds_of_ends(data: Data, problem: Problem, folds: Sequence[Fold], setting: QuantileSetting) -> float:
    """What growing the ends on every fold and on all rows will take, by a few rounds on the first fold."""
    rows = quantised(data, data.fold_matrices(folds[0])[0], data.target[folds[0].fit], None)
    few = replace(setting, rounds=_PACE_ROUNDS)
    began = time.perf_counter()
    _grown(data, problem, rows, few, folds[0])
    pace = (time.perf_counter() - began) / _PACE_ROUNDS
    every = len(data.target) + sum(len(fold.fit) for fold in folds)
    return pace * setting.rounds * every / len(folds[0].fit)


def fit_ends(data: Data, problem: Problem, setting: QuantileSetting) -> bytes:
    """The booster of both ends on all rows, as UBJSON."""
    rows = quantised(data, data.full_matrix(), data.target, None)
    return bytes(_grown(data, problem, rows, setting, None).save_raw("ubj"))


def _grown(
    data: Data, problem: Problem, rows: xgboost.QuantileDMatrix, setting: QuantileSetting, fold: Fold | None
) -> xgboost.Booster:
    import xgboost

    half_life = setting.parameters.get("half_life")
    weights = data.weights(float(half_life) if half_life else None, None if fold is None else fold.fit)
    if weights is not None:
        rows.set_weight(weights)
    tail = (1.0 - setting.coverage) / 2.0
    settings: dict[str, Any] = {
        **problem.settings(setting.parameters, problem.seed),
        "objective": "reg:quantileerror",
        "quantile_alpha": [tail, 1.0 - tail],
        "gamma": 0.0,  # what a split must gain was tuned in the units of another loss
    }
    return xgboost.train(settings, rows, num_boost_round=setting.rounds)
