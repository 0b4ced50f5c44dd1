"""What quick boosters say of one set of features beside another, on a sample of every fold.

The work is bounded by the number of cells and looks at no clock, so that what is decided by it repeats exactly.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tidemill.learning.boosting import Data, Problem
from tidemill.learning.folds import Fold
from tidemill.learning.lockstep import FoldMatrices, boost
from tidemill.learning.rungs import some_of
from tidemill.learning.scores import higher_is_better

__all__ = ["FEWEST_ROWS", "QUICK", "pays", "quick_values", "sampled"]

FEWEST_ROWS = 500
QUICK = {"learning_rate": 0.15, "max_depth": 5, "min_child_weight": 3, "subsample": 0.8, "colsample_bytree": 0.8}
SURE = 2.0


def sampled(folds: Sequence[Fold], most: int, seed: int) -> list[Fold]:
    """Each fold with at most so many of its fit rows, and of its check rows."""
    rng = np.random.default_rng(seed)
    return [Fold(some_of(fold.fit, most, rng), some_of(fold.check, most, rng)) for fold in folds]


def quick_values(data: Data, folds: Sequence[Fold], problem: Problem) -> NDArray[np.float64]:
    """The metric's value of each fold, shape ``(folds,)``: the more the better."""
    curve = boost(FoldMatrices(data, folds), problem, QUICK)
    sign = 1.0 if higher_is_better(problem.metric) else -1.0
    return np.asarray(sign * np.asarray(curve.folds))


def pays(better: NDArray[np.float64]) -> bool:
    """Whether each fold is better (its difference above 0), and their mean is by more than chance would have it."""
    error = better.std(ddof=1) / np.sqrt(len(better))
    return bool((better > 0).all() and better.mean() > SURE * error)
