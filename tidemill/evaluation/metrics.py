"""Every metric of every task as a statistic that the bootstrap understands.

``values`` are probabilities of the positive class (rows,), probabilities of each class (rows, classes)
or predictions in the target's unit (rows,). ``target`` is codes, or float64 values for regression.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tidemill.evaluation.resampling import Area, Areas, Doubles, Ratio, Statistic
from tidemill.learning.scores import poisson_deviances

__all__ = ["METRICS", "statistic"]

METRICS = {
    "binary": ("auc", "log_loss", "brier", "precision", "recall", "accuracy"),
    "multiclass": ("log_loss", "accuracy", "auc", "brier"),
    "regression": ("rmse", "mae", "r2"),
    "count": ("poisson_deviance", "rmse", "mae", "r2"),
}
_TINY = 1e-15


def statistic(metric: str, target: Doubles, values: Doubles, threshold: float = 0.5) -> Statistic:
    """The metric of these answers. ``threshold`` cuts the probability of the positive class, for what needs a cut."""
    if metric == "auc":
        if values.ndim == 1:
            return Area.of(target == 1, values)
        return Areas([Area.of(target == code, values[:, code]) for code in range(values.shape[1])])
    if metric == "poisson_deviance":
        return _mean(poisson_deviances(target, values))
    if metric in ("rmse", "mae", "r2"):
        return _error(metric, target, values)
    if metric == "log_loss":
        return _mean(-np.log(np.clip(_of_truth(target, values), _TINY, 1.0)))
    if metric == "brier":
        return _mean((values - target) ** 2 if values.ndim == 1 else _squares(target, values))
    flagged = values >= threshold if values.ndim == 1 else values.argmax(axis=1) == target
    if metric == "accuracy":
        return _mean(flagged == (target == 1) if values.ndim == 1 else flagged)
    hits = flagged & (target == 1)
    whole = flagged if metric == "precision" else target == 1
    return Ratio(np.column_stack([hits, whole]).astype(np.float64), lambda means: means[..., 0] / means[..., 1])


def _error(metric: str, target: Doubles, values: Doubles) -> Statistic:
    error = values - target
    if metric == "mae":
        return _mean(np.abs(error))
    if metric == "rmse":
        return _mean(error**2, np.sqrt)
    centred = target - target.mean()
    columns = np.column_stack([error**2, centred, centred**2])
    return Ratio(columns, lambda means: 1.0 - means[..., 0] / (means[..., 2] - means[..., 1] ** 2))


def _mean(column: Doubles | np.ndarray, finish: Callable[[Doubles], Doubles] | None = None) -> Ratio:
    whole = column.astype(np.float64)[:, np.newaxis]
    return Ratio(whole, lambda means: finish(means[..., 0]) if finish else means[..., 0])


def _of_truth(target: Doubles, values: Doubles) -> Doubles:
    """The probability that was given to what happened."""
    if values.ndim == 1:
        return np.where(target == 1, values, 1.0 - values)
    return values[np.arange(len(target)), target.astype(np.intp)]


def _squares(target: Doubles, values: Doubles) -> Doubles:
    truth = np.zeros_like(values)
    truth[np.arange(len(target)), target.astype(np.intp)] = 1.0
    return np.asarray(((values - truth) ** 2).sum(axis=1))
