"""The three scores, written out here so that no contestant's own code judges it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["HIGHER", "score"]

Doubles = NDArray[np.float64]

HIGHER = {"auc": True, "log_loss": False, "rmse": False}
SMALLEST = 1e-15


def score(metric: str, target: Doubles, answers: Doubles) -> float:
    """``answers``: the positive class's probability (auc), shares by class code (log_loss), numbers (rmse).

    Raises ValueError when they are not one for each row, or not all finite.
    """
    if len(answers) != len(target):
        raise ValueError(f"{len(answers)} answers for {len(target)} rows")
    if not np.isfinite(answers).all():
        raise ValueError("some answers are not finite")
    if metric == "auc":
        return _area(target == 1, answers)
    if metric == "log_loss":
        shares = np.clip(answers / answers.sum(axis=1, keepdims=True), SMALLEST, 1.0)
        return float(-np.log(shares[np.arange(len(target)), target.astype(np.int64)]).mean())
    return float(np.sqrt(np.mean((answers - target) ** 2)))


def _area(positive: NDArray[np.bool_], answers: Doubles) -> float:
    """The area under the ROC curve by ranks (Mann and Whitney), ties at their mean rank."""
    ranks = pd.Series(answers).rank().to_numpy()
    ones, zeros = int(positive.sum()), int((~positive).sum())
    return float((ranks[positive].sum() - ones * (ones + 1) / 2) / (ones * zeros))
