"""How much each row moves a metric: what its standard error, and that of a paired difference, come from.

The influence of a row is the derivative of the metric with respect to the row's weight, times the weight of all rows
(Hampel, 1974). Its mean is 0, and the mean of its squares over the number of rows is the metric's variance (the
infinitesimal jackknife: Efron, "The jackknife, the bootstrap and other resampling plans", 1982, chapter 6). For the AUC
that is the estimate of DeLong, DeLong and Clarke-Pearson (1988), from the placements of Sun and Xu (2014).
"""

from __future__ import annotations

import math

import numpy as np

from tidemill.evaluation.areas import Area, Areas, Doubles, Precisions
from tidemill.evaluation.resampling import Ratio, Statistic

__all__ = ["influences", "standard_error"]

_STEP = 1e-6
_LEAST = 1e-300


def influences(statistic: Statistic, rows: int, weights: Doubles | None = None) -> tuple[float, Doubles]:
    """The metric and each row's influence, shape ``(rows,)``; not-a-number where the metric is undefined."""
    own = np.ones(rows) if weights is None else weights
    if isinstance(statistic, Ratio):
        return _of_ratio(statistic, own)
    if isinstance(statistic, Area):
        return _of_area(statistic, own)
    if isinstance(statistic, Areas):
        known = [found for area in statistic.areas if not math.isnan((found := _of_area(area, own))[0])]
        if not known:
            return math.nan, np.full(rows, math.nan)
        return float(np.mean([value for value, _ in known])), np.mean([each for _, each in known], axis=0)
    return _of_precisions(statistic, own)


def standard_error(influence: Doubles, weights: Doubles | None = None) -> float:
    """That of the metric whose influences these are; of a difference, when they are differences."""
    rows = len(influence)
    own = np.ones(rows) if weights is None else weights
    spread = float(((own * influence) ** 2).sum()) / float(own.sum()) ** 2
    return math.sqrt(spread * rows / max(rows - 1, 1))


def _of_ratio(statistic: Ratio, weights: Doubles) -> tuple[float, Doubles]:
    """By the slope of ``finish`` at the means, taken to both sides of them."""
    columns = statistic.columns
    means = weights @ columns / max(float(weights.sum()), _LEAST)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(statistic.finish(means))
        moved = np.zeros(len(columns))
        for place in range(columns.shape[1]):
            step = np.zeros(len(means))
            step[place] = _STEP * max(abs(float(means[place])), 1e-3)
            slope = float(statistic.finish(means + step) - statistic.finish(means - step)) / (2.0 * step[place])
            moved += slope * (columns[:, place] - means[place])
    return value, moved


def _of_area(area: Area, weights: Doubles) -> tuple[float, Doubles]:
    """By placements: the share of the other class that each row is on the right side of, less the area."""
    high, low = weights.take(area.positives), weights.take(area.negatives)
    ours, theirs = float(high.sum()), float(low.sum())
    if not ours or not theirs:
        return math.nan, np.full(len(weights), math.nan)
    under = np.concatenate([[0.0], np.cumsum(low)])
    beaten = (under.take(area.below) + under.take(area.through)) / (2.0 * theirs)
    # A negative at a place is below the positives that have it among those they beat.
    above = _above(area.below, high, len(low)), _above(area.through, high, len(low))
    lost = (above[0] + above[1]) / (2.0 * ours)
    value = float(high @ beaten) / ours
    influence = np.zeros(len(weights))
    whole = float(weights.sum())
    influence[area.positives] = (beaten - value) * (whole / ours)
    influence[area.negatives] = (lost - value) * (whole / theirs)
    return value, influence


def _above(counts: np.ndarray, high: Doubles, rows: int) -> Doubles:
    """For each sorted negative, the weight of the positives that beat it: whose count of beaten ones goes beyond it."""
    ending = np.bincount(counts, weights=high, minlength=rows + 1)
    return np.asarray(ending[::-1].cumsum()[::-1][1:])


def _of_precisions(statistic: Precisions, weights: Doubles) -> tuple[float, Doubles]:
    own = weights.take(statistic.order)
    starts = np.concatenate([[0], statistic.ends[:-1] + 1]).astype(np.intp)
    hits, flagged = np.cumsum(own * statistic.hit)[statistic.ends], np.cumsum(own)[statistic.ends]
    positives = float(hits[-1])
    if not positives:
        return math.nan, np.full(len(weights), math.nan)
    flagged = np.maximum(flagged, _LEAST)
    found = np.diff(hits, prepend=0.0)
    value = float((found * hits / flagged).sum()) / positives
    # A row is among the flagged at its own place and at every later one.
    later = np.column_stack([found / flagged, found * hits / flagged**2])[::-1].cumsum(axis=0)[::-1]
    place = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(own))))
    each = statistic.hit * ((hits / flagged)[place] - value + later[place, 0]) - later[place, 1]
    influence = np.zeros(len(weights))
    influence[statistic.order] = each * (float(weights.sum()) / positives)
    return value, influence
