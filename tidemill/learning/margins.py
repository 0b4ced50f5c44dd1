"""Raw scores of the boosters (margins), and the calibration that is fitted on them.

Margins are log-odds for binary, shape ``(n,)``; unnormalised log-probabilities for several classes,
shape ``(n, k)``; the logarithm of the expected count, and for regression the prediction itself, shape ``(n,)``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidemill.learning.objectives import predictions
from tidemill.learning.scores import Doubles, Floats, score
from tidemill.results import Record
from tidemill.task import is_classification

__all__ = ["Calibration", "Margins", "Scored", "calibrate", "undone"]

NEWTON_STEPS = 50
FEWEST_ROWS = 100
ROWS_FOR_MORE = 1_000
LEAST_SLOPE = 0.05
MOST_BEND = 8.0
ROWS_A_CLASS = 50

Margins = NDArray[np.float32]


class Calibration(Record):
    """Margins are multiplied by ``slope`` and shifted by ``intercept`` before they become probabilities.

    ``upper_slope`` is that of high margins, where it is not the same as that of low ones (beta calibration);
    ``shifts`` has one for each class, for several classes.
    """

    slope: float = 1.0
    intercept: float = 0.0
    upper_slope: float | None = None
    shifts: tuple[float, ...] = ()

    def apply(self, margins: Floats) -> Doubles:
        """Calibrated margins, float64, of the same shape."""
        scores = np.asarray(margins, dtype=np.float64)
        if self.upper_slope is not None:
            low, high = _sides(scores)
            return low * self.slope + high * self.upper_slope + self.intercept
        moved = scores * self.slope + self.intercept
        return moved + np.asarray(self.shifts) if self.shifts else moved


@dataclass(frozen=True)
class Scored:
    """The check rows of one fold, which its booster did not train on: margins, target, and how much each counts."""

    margins: Floats
    target: Doubles
    weights: Doubles | None = None

    def of(self, rows: slice) -> Scored:
        """The rows of a slice."""
        return Scored(self.margins[rows], self.target[rows], None if self.weights is None else self.weights[rows])


def undone(task: str, weights: Doubles | None) -> Calibration:
    """What class weights did to the odds, taken back: they multiply them (Elkan, 2001). ``weights`` by code."""
    if weights is None:
        return Calibration()
    logs = np.log(weights)
    if task == "binary":
        return Calibration(intercept=float(logs[0] - logs[1]))
    return Calibration(shifts=tuple(float(log) for log in logs.mean() - logs))


def calibrate(task: str, folds: Sequence[Scored], plain: Calibration | None = None) -> Calibration:
    """Fit the calibration on the folds' check rows, which their boosters did not train on.

    Two classes: slope and intercept (Platt, 1999), or a slope for each end (beta calibration: Kull, Silva Filho,
    Flach, 2017). Several: one slope for all (temperature scaling: Guo et al., 2017), or a shift a class beside it
    (Alexandari, Kundaje, Shrikumar, 2020). What has more to fit must make the folds' log loss, each fitted on the
    others, smaller by more than chance, and is tried where there are 1,000 rows. Where base rates move in time, a
    correction for last month is none for the next.
    """
    best = plain or Calibration()
    rows = sum(len(fold.target) for fold in folds)
    if not is_classification(task) or rows < FEWEST_ROWS:
        return best
    parts = folds if len(folds) > 1 else [folds[0].of(slice(start, None, 2)) for start in (0, 1)]
    ways = [_platt, _beta] if task == "binary" else [_temperature, _shifted]
    ways = ways if rows >= ROWS_FOR_MORE else ways[:1]
    kept = np.array([_loss(task, part, best) for part in parts])
    for way in ways:
        losses = np.array(
            [_loss(task, part, _fitted(way, [one for one in parts if one is not part], best)) for part in parts]
        )
        gains = kept - losses
        if gains.mean() > gains.std(ddof=1) / np.sqrt(len(gains)):
            best, kept = _fitted(way, parts, best), losses
    return best


def _loss(task: str, part: Scored, calibration: Calibration) -> float:
    return score("log_loss", part.target, predictions(task, calibration.apply(part.margins)), part.weights)


def _fitted(
    way: Callable[[Doubles, Doubles, Doubles], Calibration], parts: Sequence[Scored], plain: Calibration
) -> Calibration:
    """The calibration fitted on ``parts``; ``plain`` where they can't say or say what would turn scores around."""
    scores = np.concatenate([np.asarray(part.margins, dtype=np.float64) for part in parts])
    target = np.concatenate([part.target for part in parts])
    weights = np.concatenate([np.ones(len(part.target)) if part.weights is None else part.weights for part in parts])
    if len(np.unique(target[weights > 0])) < 2:
        return plain
    fitted = way(scores, target, weights)
    slopes = [fitted.slope, fitted.slope if fitted.upper_slope is None else fitted.upper_slope]
    sound = np.isfinite([*slopes, fitted.intercept, *fitted.shifts]).all() and min(slopes) > LEAST_SLOPE
    sound = sound and max(slopes) < MOST_BEND * min(slopes)
    return fitted if sound else plain


def _platt(scores: Doubles, target: Doubles, weights: Doubles) -> Calibration:
    slope, intercept = _logistic(np.column_stack([scores, np.ones_like(scores)]), target, weights, [1.0, 0.0])
    return Calibration(slope=slope, intercept=intercept)


def _beta(scores: Doubles, target: Doubles, weights: Doubles) -> Calibration:
    """The logarithms of both classes' probabilities, each with a slope."""
    low, high = _sides(scores)
    design = np.column_stack([low, high, np.ones_like(scores)])
    slope, upper, intercept = _logistic(design, target, weights, [1.0, 1.0, 0.0])
    return Calibration(slope=slope, upper_slope=upper, intercept=intercept)


def _sides(scores: Doubles) -> tuple[Doubles, Doubles]:
    """Two parts that add up to the scores: one is theirs far below 0, the other far above."""
    return -np.logaddexp(0.0, -scores), np.logaddexp(0.0, scores)


def _logistic(design: Doubles, target: Doubles, weights: Doubles, start: Sequence[float]) -> list[float]:
    """Coefficients of a logistic regression, by Newton's method with steps that are halved until they gain."""

    def loss(point: Doubles) -> float:
        scores = design @ point
        return float(weights @ (np.logaddexp(0.0, scores) - target * scores))

    found = np.array(start)
    reached = loss(found)
    for _ in range(NEWTON_STEPS):
        shares = predictions("binary", design @ found)
        slack = (weights * shares * (1.0 - shares))[:, np.newaxis]
        curvature = (design * slack).T @ design + 1e-6 * np.eye(design.shape[1])
        step = np.linalg.solve(curvature, design.T @ (weights * (shares - target)))
        while (new := loss(found - step)) > reached and np.abs(step).max() > 1e-10:
            step = step / 2.0
        if np.abs(step).max() < 1e-10:
            break
        found, reached = found - step, new
    return [float(value) for value in found]


def _temperature(scores: Doubles, target: Doubles, weights: Doubles) -> Calibration:
    """Golden-section search of the slope's logarithm: the log loss has one minimum in it."""
    codes = target.astype(np.int64)

    def loss(power: float) -> float:
        shares = predictions("multiclass", scores * np.exp(power))
        return float(-np.average(np.log(np.maximum(shares[np.arange(len(codes)), codes], 1e-15)), weights=weights))

    low, high = -3.0, 3.0
    ratio = (np.sqrt(5.0) - 1.0) / 2.0
    for _ in range(40):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return Calibration(slope=float(np.exp((low + high) / 2.0)))


def _shifted(scores: Doubles, target: Doubles, weights: Doubles) -> Calibration:
    """A slope for all and a shift for each class with rows enough, by BFGS."""
    from scipy.optimize import minimize

    classes = scores.shape[1]
    codes = target.astype(np.int64)
    truth = np.eye(classes)[codes]
    free = np.bincount(codes, minlength=classes) >= ROWS_A_CLASS
    own = weights / weights.sum()

    def loss(point: Doubles) -> tuple[float, Doubles]:
        shares = predictions("multiclass", scores * point[0] + np.where(free, point[1:], 0.0))
        value = -float(own @ np.log(np.maximum(shares[np.arange(len(codes)), codes], 1e-15)))
        over = (shares - truth) * own[:, np.newaxis]
        return value, np.r_[float((over * scores).sum()), np.where(free, over.sum(axis=0), 0.0)]

    found = minimize(loss, np.r_[1.0, np.zeros(classes)], jac=True, method="L-BFGS-B").x
    shifts = np.where(free, found[1:], 0.0)
    return Calibration(slope=float(found[0]), shifts=tuple(float(one) for one in shifts - shifts.mean()))
