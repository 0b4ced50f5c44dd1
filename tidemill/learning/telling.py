"""How well a matrix tells which group a row belongs to: a small booster, on rows that it was not fitted on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tidemill.learning.features import Matrix
from tidemill.learning.scores import Doubles
from tidemill.learning.threads import wait_politely

__all__ = ["told"]

_ROUNDS = 40
_SETTINGS = {"max_depth": 4, "learning_rate": 0.2, "min_child_weight": 5, "max_bin": 32, "tree_method": "hist"}


def told(
    matrix: Matrix, groups: NDArray[np.intp], feature_types: Sequence[str], *, seed: int, threads: int | None
) -> Doubles:
    """Probabilities of each group, shape ``(rows, groups)``: each half of the rows by a booster of the other half.

    ``groups`` are codes from 0 on.
    """
    wait_politely()
    import xgboost

    count = int(groups.max()) + 1
    side = np.random.default_rng(seed).permutation(len(groups)) % 2
    shares = np.zeros((len(groups), count))
    settings = {**_SETTINGS, "objective": "multi:softprob", "num_class": count, "seed": seed, "verbosity": 0}
    if threads is not None:
        settings["nthread"] = threads
    for half in (0, 1):
        fit, check = side == half, side != half
        rows = xgboost.QuantileDMatrix(
            matrix[fit], groups[fit], feature_types=list(feature_types), enable_categorical=True, max_bin=32
        )
        booster = xgboost.train(settings, rows, num_boost_round=_ROUNDS)
        shares[check] = booster.inplace_predict(matrix[check])
    return shares
