"""The metrics that tuning goes by, in plain numpy, and which of them fits which task.

Values are probabilities for classification, shape ``(n,)`` (of code 1) or ``(n, k)``, and predictions
in the target's own unit otherwise, shape ``(n,)``. Targets are codes or float64 values.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tidemill.errors import UserError
from tidemill.task import LOWER_IS_BETTER, METRICS

__all__ = ["Doubles", "Floats", "area_under_curve", "choose_metric", "higher_is_better", "poisson_deviances", "score"]

Doubles = NDArray[np.float64]
Floats = NDArray[np.floating]

_TINY = 1e-15


def choose_metric(asked: str, task: str) -> str:
    """The metric to go by; ``auto`` is the task's own. Raises UserError when it does not fit."""
    if asked == "auto":
        return METRICS[task][0]
    if asked not in METRICS[task]:
        raise UserError(
            f"`tune.metric: {asked}` does not fit the task `{task}`: choose one of {', '.join(METRICS[task])} or `auto`"
        )
    return asked


def higher_is_better(metric: str) -> bool:
    """Whether more of this metric is a better model."""
    return metric not in LOWER_IS_BETTER


def score(metric: str, target: Doubles, values: Floats) -> float:
    """The metric in its own unit; not-a-number when it is undefined (an AUC where one class is missing)."""
    if metric == "auc":
        return _macro_auc(target, values) if values.ndim == 2 else area_under_curve(target, values)
    if metric == "poisson_deviance":
        return float(poisson_deviances(target, values).mean())
    if metric in ("rmse", "mae", "r2"):
        return _regression(metric, target, values)
    return _classification(metric, target, values)


def area_under_curve(target: Doubles, values: Floats) -> float:
    """Area under the ROC curve by ranks, ties counted half (Hanley and McNeil, 1982)."""
    positives = int(target.sum())
    negatives = len(target) - positives
    if positives == 0 or negatives == 0:
        return float("nan")
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    ends = np.r_[starts[1:], len(ordered)]
    rank_of_tie = (starts + 1 + ends) / 2.0
    ranks = np.repeat(rank_of_tie, ends - starts)
    rank_sum = float(ranks[target[order] == 1].sum())
    return (rank_sum - positives * (positives + 1) / 2.0) / (positives * negatives)


def poisson_deviances(target: Doubles, values: Floats) -> Doubles:
    """Each row's deviance, twice the log-likelihood that a perfect prediction would gain (Nelder, Wedderburn, 1972)."""
    expected = np.maximum(np.asarray(values, dtype=np.float64), _TINY)
    surprise = target * np.log(np.maximum(target, _TINY) / expected)
    return np.asarray(2.0 * (surprise - (target - expected)))


def _macro_auc(target: Doubles, values: Floats) -> float:
    areas = [area_under_curve((target == code).astype(np.float64), values[:, code]) for code in range(values.shape[1])]
    defined = [area for area in areas if not np.isnan(area)]
    return float(np.mean(defined)) if defined else float("nan")


def _classification(metric: str, target: Doubles, values: Floats) -> float:
    shares = np.column_stack([1.0 - values, values]) if values.ndim == 1 else values
    codes = target.astype(np.int64)
    rows = np.arange(len(codes))
    if metric == "log_loss":
        return float(-np.log(np.clip(shares[rows, codes].astype(np.float64), _TINY, 1.0)).mean())
    if metric == "accuracy":
        return float((shares.argmax(axis=1) == codes).mean())
    if values.ndim == 1:
        return float(np.mean((values - target) ** 2))
    truth = np.zeros_like(shares)
    truth[rows, codes] = 1.0
    return float(((shares - truth) ** 2).sum(axis=1).mean())


def _regression(metric: str, target: Doubles, values: Floats) -> float:
    error = values - target
    if metric == "mae":
        return float(np.abs(error).mean())
    squares = float(np.mean(error**2))
    if metric == "rmse":
        return float(np.sqrt(squares))
    spread = float(target.var())
    return 1.0 - squares / spread if spread > 0 else float("nan")
