"""Every metric of every task as a statistic that the bootstrap understands.

``values`` are probabilities of the positive class (rows,), probabilities of each class (rows, classes)
or predictions in the target's unit (rows,). ``target`` is codes, or float64 values where there are no classes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tidemill.evaluation.areas import Area, Areas, Doubles, Precisions
from tidemill.evaluation.ranking import Ranking
from tidemill.evaluation.resampling import Ratio, Statistic
from tidemill.learning.orders import Lists, of_each_query
from tidemill.learning.scores import row_errors
from tidemill.usecase.schema import CostRules

__all__ = ["DECIDED", "SHOWN", "cost_of_rows", "mean_of", "statistic"]

SHOWN = {
    "binary": ("auc", "average_precision", "log_loss", "brier", "precision", "recall", "f1", "accuracy"),
    "multiclass": ("log_loss", "accuracy", "auc", "brier", "balanced_accuracy"),
    "regression": ("rmse", "mae", "r2"),
    "count": ("poisson_deviance", "rmse", "mae", "r2"),
    "ranking": ("ndcg@10", "ndcg", "map", "mrr"),
}
"""The metrics that an evaluation tells, beside the one that decides."""

DECIDED = frozenset({"precision", "recall", "f1", "balanced_accuracy", "mcc"})
"""Metrics that hang on the threshold: a baseline has none of its own."""


def statistic(
    metric: str,
    target: Doubles,
    values: Doubles,
    threshold: float = 0.5,
    lists: Lists | None = None,
    ranking: Ranking | None = None,
) -> Statistic:
    """The metric of these answers. ``threshold`` cuts the probability of the positive class, for what needs a cut.

    With ``lists`` it is a mean over queries, not rows: it is queries that are resampled. ``ranking`` is the one of a
    binary model's rows, for curves; None to sort them now.
    """
    if lists is not None:
        each = of_each_query(metric, target, values, lists)
        known = ~np.isnan(each)
        return Ratio(np.column_stack([np.where(known, each, 0.0), known]), lambda means: means[..., 0] / means[..., 1])
    if metric == "auc":
        if values.ndim == 1:
            return Area.by(ranking or Ranking.of(target == 1, values))
        return Areas([Area.of(target == code, values[:, code]) for code in range(values.shape[1])])
    if metric == "average_precision":
        return Precisions.by(ranking or Ranking.of(target == 1, values))
    if metric == "r2":
        return _explained(target, values)
    if metric in DECIDED:
        return _decided(metric, target, values, threshold) if values.ndim == 1 else _by_class(metric, target, values)
    if metric == "accuracy" and values.ndim == 1:
        return mean_of(((values >= threshold) == (target == 1)).astype(np.float64))
    return mean_of(row_errors(metric, target, values), np.sqrt if metric in ("rmse", "rmsle") else None)


def cost_of_rows(rules: CostRules, positive: NDArray[np.bool_], flagged: NDArray[np.bool_]) -> Doubles:
    """What each row costs, less what it gains, when these rows are ``flagged``."""
    lost, won = rules.costs, rules.gains
    told = np.where(positive, -won.true_positive, lost.false_positive)
    silent = np.where(positive, lost.false_negative, -won.true_negative)
    return np.asarray(np.where(flagged, told, silent), dtype=np.float64)


def mean_of(errors: Doubles, finish: Callable[[Doubles], Doubles] | None = None) -> Ratio:
    """The mean of what is known of each row's ``errors``, put through ``finish``."""
    known = ~np.isnan(errors)
    if known.all():
        return Ratio(errors[:, np.newaxis], lambda means: finish(means[..., 0]) if finish else means[..., 0])
    columns = np.column_stack([np.where(known, errors, 0.0), known])
    return Ratio(columns, lambda means: means[..., 0] / means[..., 1])


def _explained(target: Doubles, values: Doubles) -> Ratio:
    centred = target - target.mean()
    columns = np.column_stack([(values - target) ** 2, centred, centred**2])
    return Ratio(columns, lambda means: 1.0 - means[..., 0] / (means[..., 2] - means[..., 1] ** 2))


def _decided(metric: str, target: Doubles, values: Doubles, threshold: float) -> Ratio:
    """A metric of the four cells of a decision, out of the shares of hits, flagged rows and positives."""
    flagged, positive = values >= threshold, target == 1

    def finish(means: Doubles) -> Doubles:
        hits, called, there = means[..., 0], means[..., 1], means[..., 2]
        if metric == "precision":
            return np.asarray(hits / called)
        if metric == "recall":
            return np.asarray(hits / there)
        if metric == "f1":
            return np.asarray(2.0 * hits / (called + there))
        if metric == "balanced_accuracy":
            return np.asarray((hits / there + (1.0 - called - there + hits) / (1.0 - there)) / 2.0)
        spread = called * (1.0 - called) * there * (1.0 - there)
        return np.where(spread > 0, (hits - called * there) / np.sqrt(spread), 0.0)

    return Ratio(np.column_stack([flagged & positive, flagged, positive]).astype(np.float64), finish)


def _by_class(metric: str, target: Doubles, values: Doubles) -> Ratio:
    """The plain mean over classes of their recall or F1; a class without rows is left out."""
    codes, said = target.astype(np.intp), values.argmax(axis=1)
    names = np.arange(values.shape[1])
    there, called = codes[:, np.newaxis] == names, said[:, np.newaxis] == names
    classes = len(names)

    def finish(means: Doubles) -> Doubles:
        hits, truth, flagged = (means[..., start * classes : (start + 1) * classes] for start in range(3))
        whole = truth if metric == "balanced_accuracy" else (truth + flagged) / 2.0
        there_is = np.where(truth > 0, whole, np.nan)
        return np.asarray(np.nanmean(hits / there_is, axis=-1))

    return Ratio(np.column_stack([there & called, there, called]).astype(np.float64), finish)
