"""The metrics that tuning goes by, in plain numpy, and which of them fits which task.

Values are probabilities for classification, shape ``(n,)`` (of code 1) or ``(n, k)``, and predictions
in the target's own unit otherwise, shape ``(n,)``. Targets are codes or float64 values. ``weights`` say how
much each row counts, shape ``(n,)``; None for all alike.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tidemill.errors import UserError
from tidemill.learning.orders import Lists, mean_of_queries
from tidemill.learning.thresholds import Cuts
from tidemill.task import LOWER_IS_BETTER, METRICS

__all__ = [
    "CUT",
    "ORDERS",
    "Doubles",
    "Floats",
    "area_under_curve",
    "average_precision",
    "choose_metric",
    "higher_is_better",
    "mean_defined",
    "row_errors",
    "score",
]

Doubles = NDArray[np.float64]
Floats = NDArray[np.floating]

CUT = frozenset({"f1", "balanced_accuracy", "mcc"})
"""Metrics of a decision: for binary they are taken at the cut that suits the rows, as the threshold is found after."""
ORDERS = frozenset({"auc", "average_precision", "ndcg", "map", "mrr"})
"""Metrics that hang on the order of the scores and not on their size."""
_ROOTS = frozenset({"rmse", "rmsle"})
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


def score(
    metric: str, target: Doubles, values: Floats, weights: Doubles | None = None, lists: Lists | None = None
) -> float:
    """The metric in its own unit; not-a-number when it is undefined (an AUC where one class is missing).

    ``lists`` say which rows are ranked together, and hold their own weights; without them, a metric of orders can't
    be asked for.
    """
    if lists is not None:
        return mean_of_queries(metric, target, values, lists)
    if metric == "auc":
        return _macro_area(target, values, weights)
    if metric == "average_precision":
        return average_precision(target, values, weights)
    if metric in CUT:
        return _decided(metric, target, values, weights)
    if metric == "r2":
        return _explained(target, values, weights)
    mean = float(_mean(row_errors(metric, target, values), weights))
    return float(np.sqrt(mean)) if metric in _ROOTS else mean


def row_errors(metric: str, target: Doubles, values: Floats) -> Doubles:
    """Each row's part of a metric that is a mean over rows (of the root of which ``rmse`` and ``rmsle`` are).

    The Poisson deviance is twice the log-likelihood that a perfect prediction would gain (Nelder, Wedderburn, 1972).
    A relative error leaves rows out whose target is 0 by being not-a-number there.
    """
    if metric in ("log_loss", "brier", "accuracy"):
        return _classification(metric, target, values)
    values = np.asarray(values)
    error = values - target
    if metric in ("rmse", "r2"):
        return error**2
    if metric == "mae":
        return np.abs(error)
    if metric == "rmsle":
        return (np.log1p(np.maximum(values, 0.0)) - np.log1p(np.maximum(target, 0.0))) ** 2
    if metric == "poisson_deviance":
        expected = np.maximum(values, _TINY)
        return 2.0 * (target * np.log(np.maximum(target, _TINY) / expected) - (target - expected))
    size = np.abs(target) if metric == "mape" else (np.abs(target) + np.abs(values)) / 2.0
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(size > 0, np.abs(error) / size, np.nan if metric == "mape" else 0.0)
    return np.asarray(share)


def area_under_curve(target: Doubles, values: Floats, weights: Doubles | None = None) -> float:
    """Area under the ROC curve by ranks, ties counted half (Hanley and McNeil, 1982)."""
    if weights is not None:
        return _weighted_area(target, values, weights)
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


def average_precision(target: Doubles, values: Floats, weights: Doubles | None = None) -> float:
    """The mean of the precision over recall, in steps: the area under the precision-recall curve."""
    cuts = Cuts.of(target, np.asarray(values, dtype=np.float64), weights)
    if not cuts.positives:
        return float("nan")
    precision = cuts.hits / np.maximum(cuts.flagged, _TINY)
    return float((np.diff(cuts.hits, prepend=0.0) * precision).sum() / cuts.positives)


def _weighted_area(target: Doubles, values: Floats, weights: Doubles) -> float:
    cuts = Cuts.of(target, np.asarray(values, dtype=np.float64), weights)
    negatives = cuts.total - cuts.positives
    if not cuts.positives or negatives <= 0:
        return float("nan")
    found = np.diff(cuts.hits, prepend=0.0)
    raised = cuts.flagged - cuts.hits
    under = negatives - (raised + np.r_[0.0, raised[:-1]]) / 2.0
    return float((found * under).sum() / (cuts.positives * negatives))


def _macro_area(target: Doubles, values: Floats, weights: Doubles | None) -> float:
    if values.ndim == 1:
        return area_under_curve(target, values, weights)
    areas = [
        area_under_curve((target == code).astype(np.float64), values[:, code], weights)
        for code in range(values.shape[1])
    ]
    defined = [area for area in areas if not np.isnan(area)]
    return float(np.mean(defined)) if defined else float("nan")


def _decided(metric: str, target: Doubles, values: Floats, weights: Doubles | None) -> float:
    """The decision's metric: for two classes at the best cut, for several by the likeliest class, classes alike."""
    if values.ndim == 1:
        worth = Cuts.of(target, np.asarray(values, dtype=np.float64), weights).worth(metric)
        return float(np.nanmax(worth)) if not np.isnan(worth).all() else float("nan")
    codes, said = target.astype(np.int64), values.argmax(axis=1)
    classes = values.shape[1]
    hits = np.bincount(codes[said == codes], None if weights is None else weights[said == codes], classes)
    there, called = np.bincount(codes, weights, classes), np.bincount(said, weights, classes)
    known = there > 0
    whole = there if metric == "balanced_accuracy" else (there + called) / 2.0
    return float((hits[known] / whole[known]).mean())


def _classification(metric: str, target: Doubles, values: Floats) -> Doubles:
    shares = np.column_stack([1.0 - values, values]) if values.ndim == 1 else values
    codes = target.astype(np.int64)
    rows = np.arange(len(codes))
    if metric == "log_loss":
        return np.asarray(-np.log(np.clip(shares[rows, codes].astype(np.float64), _TINY, 1.0)))
    if metric == "accuracy":
        return np.asarray(shares.argmax(axis=1) == codes, dtype=np.float64)
    if values.ndim == 1:
        return np.asarray((values - target) ** 2)
    truth = np.zeros_like(shares)
    truth[rows, codes] = 1.0
    return np.asarray(((shares - truth) ** 2).sum(axis=1))


def _explained(target: Doubles, values: Floats, weights: Doubles | None) -> float:
    squares = float(_mean(row_errors("rmse", target, values), weights))
    spread = float(_mean((target - _mean(target, weights)) ** 2, weights))
    return 1.0 - squares / spread if spread > 0 else float("nan")


def _mean(errors: Doubles, weights: Doubles | None) -> float:
    known = ~np.isnan(errors)
    if weights is None:
        return float(errors.mean() if known.all() else errors[known].mean() if known.any() else np.nan)
    total = float(weights[known].sum())
    return float((errors[known] * weights[known]).sum() / total) if total > 0 else float("nan")


def mean_defined(values: Sequence[float]) -> float:
    """The mean over the folds where the metric is defined: an AUC is not where a rare class has no check row."""
    defined = [value for value in values if not np.isnan(value)]
    return float(np.mean(defined)) if defined else float("nan")
