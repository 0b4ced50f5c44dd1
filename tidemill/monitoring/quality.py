"""How good the model is on a window's rows: measured where labels have arrived, estimated where not.

**Measured**: the gate's own metric, with an interval from a bootstrap over days rather than rows. Rows of
one day share their weather or their market, so resampling rows would make the interval far too narrow.

**Estimated**, for classification: if a probability is right, it says how often the answer is (confidence-based
performance estimation: NannyML's CBPE, https://nannyml.readthedocs.io, studied by Kivimäki et al., "Confidence-based
Estimators for Predictive Performance in Model Monitoring", 2024, arXiv:2407.08649). Labels are drawn from the
probabilities and the metric is taken on them. The estimate sees a change of *which* rows come. It can't see a
change of what they mean, which is why it never pages, and why it is shifted by the error it made on the gate rows.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from tidemill.evaluation.metrics import statistic
from tidemill.evaluation.resampling import Doubles, Ratio
from tidemill.learning.orders import Lists, of_each_query
from tidemill.results import Interval

__all__ = ["Days", "Ranking", "days_of", "estimate", "expected_value", "measure", "measure_order", "share"]

Days = npt.NDArray[np.int64]

FEWEST_DAYS = 10
CONFIDENCE = 0.95
_MOST_DRAWS, _FEWEST_DRAWS, _WORK = 200, 40, 2e7
_PROMISED = frozenset({"auc", "log_loss", "brier", "accuracy"})
_TINY = 1e-15


def days_of(times: pd.Series | None, rows: int) -> Days:
    """What is resampled together: rows of one UTC day where there are at least 10 of those, else each row alone."""
    if times is not None:
        days, found = pd.factorize(times.dt.floor("D"), sort=True)
        if len(found) >= FEWEST_DAYS:
            return np.asarray(days, dtype=np.int64)
    return np.arange(rows, dtype=np.int64)


def measure(
    metric: str,
    target: Doubles,
    values: Doubles,
    days: Days,
    *,
    threshold: float,
    seed: int,
    own: Doubles | None = None,
) -> Interval | None:
    """The metric with its interval; None where it is undefined, such as an AUC of one class only.

    ``target`` are codes or values, shape ``(rows,)``; ``values`` probabilities or predictions, shape
    ``(rows,)`` or ``(rows, classes)``; ``days`` groups rows that are resampled together, and ``own`` says how much
    each row counts.
    """
    if not len(target):
        return None
    found = _metric(metric, values, threshold)
    each = np.ones(len(target)) if own is None else own
    value = found(target, each)
    if not np.isfinite(value):
        return None
    return _interval(metric, value, lambda weights, _: found(target, weights * each), days, seed)


def measure_order(
    metric: str, target: Doubles, scores: Doubles, lists: Lists, days: Days, *, seed: int
) -> Interval | None:
    """:func:`measure` where rows are ranked: the mean over queries, each of the day of its latest row."""
    each = of_each_query(metric, target, scores, lists)
    known = ~np.isnan(each)
    if not known.any():
        return None
    latest = np.zeros(lists.queries.count, dtype=np.int64)
    np.maximum.at(latest, lists.queries.codes, days)
    _, groups = np.unique(latest[known], return_inverse=True)
    weights = lists.query_weights
    values, own = each[known], np.ones(int(known.sum())) if weights is None else weights[known]
    mean = _mean(values, own)
    return _interval(metric, mean, lambda drawn, _: _mean(values, own * drawn), groups.astype(np.int64), seed)


def share(name: str, hits: Doubles, days: Days, *, seed: int) -> Interval:
    """A share of rows (``hits`` is 0 or 1) with its interval."""
    return _interval(name, float(hits.mean()), lambda weights, _: _mean(hits, weights), days, seed)


def expected_value(metric: str, values: Doubles, *, threshold: float) -> float | None:
    """The metric that the probabilities ``values`` promise of themselves; None where they promise none."""
    if metric not in _PROMISED or not len(values):
        return None
    shares = np.column_stack([1.0 - values, values]) if values.ndim == 1 else values
    if metric == "auc":
        columns = [shares[:, 1]] if values.ndim == 1 else list(shares.T)
        areas = [Ranking(column).expected() for column in columns]
        known = [area for area in areas if np.isfinite(area)]
        return float(np.mean(known)) if known else None
    if metric == "log_loss":
        return float(-(shares * np.log(np.clip(shares, _TINY, 1.0))).sum(axis=1).mean())
    if metric == "brier":
        spread = shares * (1.0 - shares)
        return float(spread[:, 1].mean() if values.ndim == 1 else spread.sum(axis=1).mean())
    if values.ndim == 1:
        return float(np.where(values >= threshold, values, 1.0 - values).mean())
    return float(shares.max(axis=1).mean())


def estimate(metric: str, values: Doubles, days: Days, *, threshold: float, shift: float, seed: int) -> Interval | None:
    """The metric to expect once labels arrive, with the interval in which it then should be.

    ``shift`` is the metric measured on the gate rows less the one that their probabilities promised.
    """
    promised = expected_value(metric, values, threshold=threshold)
    if promised is None:
        return None
    found = _metric(metric, values, threshold)
    return _interval(
        metric,
        promised + shift,
        lambda weights, random: found(_drawn_labels(values, random), weights) + shift,
        days,
        seed,
    )


class Ranking:
    """Rows sorted by their score once, for the area under the ROC curve with any weights (equal scores count half)."""

    def __init__(self, scores: Doubles) -> None:
        self._order = np.argsort(scores, kind="stable")
        ordered = scores[self._order]
        self._below = np.searchsorted(ordered, ordered, side="left")
        self._through = np.searchsorted(ordered, ordered, side="right")
        self._scores = scores

    def area(self, positive: Doubles, negative: Doubles) -> float:
        """The area when row i counts ``positive[i]`` times as a positive and ``negative[i]`` times as a negative."""
        pairs = float(positive.sum() * negative.sum())
        return self._wins(positive, negative) / pairs if pairs > 0 else float("nan")

    def expected(self) -> float:
        """The area if each score is the probability that its row is positive: over pairs of rows, the chance that
        the higher is the positive one, divided by the chance that they differ."""
        positive, negative = self._scores, 1.0 - self._scores
        itself = float((positive * negative).sum())
        pairs = float(positive.sum() * negative.sum()) - itself
        return (self._wins(positive, negative) - itself / 2.0) / pairs if pairs > 0 else float("nan")

    def _wins(self, positive: Doubles, negative: Doubles) -> float:
        under = np.concatenate([[0.0], np.cumsum(negative[self._order])])
        return float((positive[self._order] * (under[self._below] + under[self._through])).sum()) / 2.0


def _metric(metric: str, values: Doubles, threshold: float) -> Callable[[Doubles, Doubles], float]:
    """The metric of ``values`` as a function of the target and of weights of the rows."""
    if metric == "auc":
        rankings = [Ranking(column) for column in ([values] if values.ndim == 1 else list(values.T))]
        codes = [1] if values.ndim == 1 else list(range(values.shape[1]))

        def area(target: Doubles, weights: Doubles) -> float:
            each = [
                ranking.area(weights * (target == code), weights * (target != code))
                for code, ranking in zip(codes, rankings, strict=True)
            ]
            known = [one for one in each if np.isfinite(one)]
            return float(np.mean(known)) if known else float("nan")

        return area

    def ratio(target: Doubles, weights: Doubles) -> float:
        found = statistic(metric, target, values, threshold)
        if not isinstance(found, Ratio):
            return found.weighted(weights)
        means = (found.columns * weights[:, np.newaxis]).sum(axis=0) / max(float(weights.sum()), 1.0)
        return float(found.finish(means))

    return ratio


def _mean(values: Doubles, weights: Doubles) -> float:
    total = float(weights.sum())
    return float((values * weights).sum()) / total if total else float("nan")


def _drawn_labels(values: Doubles, random: np.random.Generator) -> Doubles:
    at = random.random(len(values))
    if values.ndim == 1:
        return (at < values).astype(np.float64)
    beyond = at[:, np.newaxis] > np.cumsum(values, axis=1)[:, :-1]
    return np.asarray(beyond.sum(axis=1), dtype=np.float64)


def _interval(
    name: str, value: float, drawn: Callable[[Doubles, np.random.Generator], float], days: Days, seed: int
) -> Interval:
    """Percentiles of ``drawn(weights, random)`` when days are drawn with replacement (Poisson weights)."""
    random = np.random.default_rng(seed)
    draws = int(np.clip(_WORK / max(1, len(days)), _FEWEST_DRAWS, _MOST_DRAWS))
    groups = int(days.max(initial=0)) + 1
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.array([drawn(_weights(random, groups, days), random) for _ in range(draws)])
    known = found[np.isfinite(found)]
    if not len(known):
        return Interval(name=name, value=value, low=value, high=value)
    low, high = np.quantile(known, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(name=name, value=value, low=min(float(low), value), high=max(float(high), value))


def _weights(random: np.random.Generator, groups: int, days: Days) -> Doubles:
    each: Doubles = random.poisson(1.0, groups).astype(np.float64)
    return np.asarray(each[days], dtype=np.float64)
