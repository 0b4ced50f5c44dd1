"""Intervals around predicted numbers, sized so that the stated share of new rows falls within.

All are conformal: what errors were on rows that the boosters had not seen says how wide an interval must be
(split conformal prediction: Lei et al., "Distribution-free predictive inference for regression", 2018). The ways
differ in what is sized:

- ``constant``: one width below and one above the prediction, for all rows;
- ``scaled``: widths in units of the error that is usual for predictions of that size, for errors that grow with
  what is predicted;
- ``quantile``: boosters for both ends, moved apart or together by what they missed (conformalized quantile
  regression: Romano, Patterson, Candès, 2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tidemill.results import Record

__all__ = ["IntervalRule", "Validated", "choose_rule", "fit_rule"]

Doubles = NDArray[np.float64]
Way = Literal["constant", "scaled", "quantile"]

MOST_BINS = 20
ROWS_A_BIN = 50
LEAST_SCALE = 0.1


class IntervalRule(Record):
    """From a prediction (and, by ``quantile``, the boosters' two ends) to an interval.

    ``below`` and ``above`` are what lies between what is sized and the interval's ends, in units of the usual error
    at that prediction: ``scale`` between the predictions ``at``, 1 where there are none. ``least`` bounds the
    lower end: counts are never negative.
    """

    way: Way
    below: float
    above: float
    at: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    least: float | None = None

    def around(self, values: Doubles, ends: Doubles | None = None) -> tuple[Doubles, Doubles]:
        """Lower and upper end of each row, shape ``(rows,)``; ``ends`` has shape ``(rows, 2)``.

        The prediction itself is always within.
        """
        low, high = (values, values) if ends is None else (ends.min(axis=1), ends.max(axis=1))
        unit = np.interp(values, self.at, self.scale) if self.at else np.ones(len(values))
        lower, upper = np.minimum(low - self.below * unit, values), np.maximum(high + self.above * unit, values)
        if self.least is not None:
            lower = np.maximum(lower, self.least)
        return lower, np.maximum(upper, lower)


@dataclass(frozen=True)
class Validated:
    """One fold's check rows: what came, what was predicted, both ends where they were boosted, and weights."""

    target: Doubles
    values: Doubles
    ends: Doubles | None = None
    weights: Doubles | None = None


def choose_rule(folds: Sequence[Validated], coverage: float, ways: Sequence[Way], least: float | None) -> IntervalRule:
    """The rule of the way whose intervals score best on each fold when fitted on the others.

    The score is an interval's width plus, for a row outside, 2 / (1 - coverage) times how far outside (Gneiting,
    Raftery, "Strictly proper scoring rules", 2007): narrow is good, and missing is dear. The earlier way is
    kept unless a later one is better on average by more than chance.
    """
    parts = folds if len(folds) > 1 else _halves(folds[0])
    chosen, best = ways[0], _scores(parts, coverage, ways[0], least)
    for way in ways[1:]:
        scores = _scores(parts, coverage, way, least)
        gains = best - scores
        if gains.mean() > gains.std(ddof=1) / np.sqrt(len(gains)):
            chosen, best = way, scores
    return fit_rule(folds, coverage, chosen, least)


def fit_rule(folds: Sequence[Validated], coverage: float, way: Way, least: float | None = None) -> IntervalRule:
    """The rule by which ``coverage`` of rows like these are within."""
    target = np.concatenate([fold.target for fold in folds])
    values = np.concatenate([fold.values for fold in folds])
    given = [fold.weights for fold in folds if fold.weights is not None]
    weights = np.concatenate(given) if given else np.ones(len(target))
    if way == "quantile":
        ends = np.concatenate([fold.ends for fold in folds if fold.ends is not None])
        missed = np.maximum(ends.min(axis=1) - target, target - ends.max(axis=1))
        more = _quantile(missed, weights, coverage)
        return IntervalRule(way=way, below=more, above=more, least=least)
    at, scale = _usual(values, np.abs(target - values), weights) if way == "scaled" else ((), ())
    unit = np.interp(values, at, scale) if at else 1.0
    errors = (target - values) / unit
    tail = (1.0 + coverage) / 2.0
    below, above = _quantile(-errors, weights, tail), _quantile(errors, weights, tail)
    return IntervalRule(way=way, below=below, above=above, at=at, scale=scale, least=least)


def _scores(folds: Sequence[Validated], coverage: float, way: Way, least: float | None) -> Doubles:
    found = []
    for left_out, fold in enumerate(folds):
        rule = fit_rule([one for number, one in enumerate(folds) if number != left_out], coverage, way, least)
        lower, upper = rule.around(fold.values, fold.ends if way == "quantile" else None)
        outside = np.maximum(lower - fold.target, 0.0) + np.maximum(fold.target - upper, 0.0)
        found.append(np.average(upper - lower + 2.0 / (1.0 - coverage) * outside, weights=fold.weights))
    return np.array(found)


def _usual(values: Doubles, errors: Doubles, weights: Doubles) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The mean error in bins of like size by prediction, at the bins' mean predictions; empty for few rows."""
    bins = min(MOST_BINS, len(values) // ROWS_A_BIN)
    if bins < 2 or not errors.mean():
        return (), ()
    floor = LEAST_SCALE * float(np.average(errors, weights=np.maximum(weights, 1e-12)))
    points: dict[float, float] = {}
    for chosen in np.array_split(np.argsort(values, kind="stable"), bins):
        own = np.maximum(weights[chosen], 1e-12)
        points[float(np.average(values[chosen], weights=own))] = max(
            float(np.average(errors[chosen], weights=own)), floor
        )
    places = sorted(points)
    return tuple(places), tuple(points[place] for place in places)


def _quantile(errors: Doubles, weights: Doubles, share: float) -> float:
    """The value below which ``share`` of the rows and of one more, unknown row lie."""
    order = np.argsort(errors, kind="stable")
    reached = np.cumsum(weights[order])
    wanted = share * (reached[-1] + reached[-1] / len(errors))
    place = int(np.searchsorted(reached, wanted * (1.0 - 1e-12)))
    return float(errors[order[min(place, len(errors) - 1)]])


def _halves(fold: Validated) -> list[Validated]:
    parts = [np.arange(start, len(fold.target), 2) for start in (0, 1)]
    return [
        Validated(
            fold.target[rows],
            fold.values[rows],
            None if fold.ends is None else fold.ends[rows],
            None if fold.weights is None else fold.weights[rows],
        )
        for rows in parts
    ]
