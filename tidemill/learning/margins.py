"""Raw scores of the boosters (margins), and what is fitted on them: calibration, threshold, intervals.

Margins are log-odds for binary, shape ``(n,)``; unnormalised log-probabilities for several classes,
shape ``(n, k)``; the logarithm of the expected count, and for regression the prediction itself, shape ``(n,)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from tidemill.learning.objectives import predictions
from tidemill.learning.scores import Doubles, Floats, score
from tidemill.task import is_classification

__all__ = ["Calibration", "Margins", "best_threshold", "calibrate", "residual_quantile"]

NEWTON_STEPS = 50
FEWEST_ROWS = 100

Margins = NDArray[np.float32]


class Calibration(BaseModel):
    """Margins are multiplied by ``slope`` and shifted by ``intercept`` before they become probabilities."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slope: float = 1.0
    intercept: float = 0.0

    def apply(self, margins: Floats) -> Doubles:
        """Calibrated margins, float64, of the same shape."""
        return np.asarray(margins, dtype=np.float64) * self.slope + self.intercept


def calibrate(task: str, margins: Sequence[Floats], targets: Sequence[Doubles]) -> Calibration:
    """Fit the calibration on the folds' check rows, which their boosters did not train on.

    Binary: slope and intercept (Platt, 1999). Several classes: one slope for all (temperature scaling:
    Guo et al., 2017). Kept only if it makes the log loss of each part smaller on average when fitted on
    the other parts: where base rates move in time, a correction for last month is none for the next.
    """
    rows = sum(map(len, targets))
    if not is_classification(task) or rows < FEWEST_ROWS:
        return Calibration()
    parts = list(zip(margins, targets, strict=True)) if len(targets) > 1 else _halves(margins[0], targets[0])
    gains = []
    for held in range(len(parts)):
        fitted = _fit(task, [part for number, part in enumerate(parts) if number != held])
        scores, target = parts[held]
        gains.append(
            score("log_loss", target, predictions(task, scores))
            - score("log_loss", target, predictions(task, fitted.apply(scores)))
        )
    return _fit(task, parts) if np.mean(gains) > 0 else Calibration()


def best_threshold(aim: Literal["f1", "accuracy"], shares: Doubles, target: Doubles) -> float:
    """The cut of the positive class's probability that maximises ``aim`` on these rows: halfway to the next one."""
    order = np.argsort(-shares, kind="stable")
    ordered = shares[order]
    hits = np.cumsum(target[order])
    taken = np.arange(1, len(ordered) + 1)
    if aim == "f1":
        worth = 2.0 * hits / (taken + target.sum())
    else:
        worth = (hits + (len(target) - target.sum()) - (taken - hits)) / len(target)
    cuttable = np.r_[ordered[1:] != ordered[:-1], True]
    best = int(np.argmax(np.where(cuttable, worth, -np.inf)))
    below = ordered[best + 1] if best + 1 < len(ordered) else 0.0
    return float((ordered[best] + below) / 2.0)


def residual_quantile(target: Doubles, values: Floats, coverage: float) -> float:
    """Half-width of intervals that cover ``coverage`` of rows like these (split conformal: Lei et al., 2018)."""
    errors = np.sort(np.abs(target - values))
    rank = int(np.ceil((len(errors) + 1) * coverage))
    return float(errors[min(rank, len(errors)) - 1])


def _halves(margins: Floats, target: Doubles) -> list[tuple[Floats, Doubles]]:
    return [(margins[start::2], target[start::2]) for start in (0, 1)]


def _fit(task: str, parts: Sequence[tuple[Floats, Doubles]]) -> Calibration:
    scores = np.concatenate([np.asarray(part, dtype=np.float64) for part, _ in parts])
    target = np.concatenate([part for _, part in parts])
    if len(np.unique(target)) < 2:
        return Calibration()
    fitted = _platt(scores, target) if task == "binary" else _temperature(scores, target)
    return fitted if np.isfinite([fitted.slope, fitted.intercept]).all() and fitted.slope > 0.05 else Calibration()


def _platt(scores: Doubles, target: Doubles) -> Calibration:
    """Newton's method for slope and intercept."""
    design = np.column_stack([scores, np.ones_like(scores)])
    weights = np.array([1.0, 0.0])
    for _ in range(NEWTON_STEPS):
        shares = predictions("binary", design @ weights)
        curvature = (design * (shares * (1.0 - shares))[:, None]).T @ design + 1e-6 * np.eye(2)
        step = np.linalg.solve(curvature, design.T @ (shares - target))
        weights = weights - step
        if np.abs(step).max() < 1e-10:
            break
    return Calibration(slope=float(weights[0]), intercept=float(weights[1]))


def _temperature(scores: Doubles, target: Doubles) -> Calibration:
    """Golden-section search of the slope's logarithm: the log loss has one minimum in it."""
    codes = target.astype(np.int64)

    def loss(power: float) -> float:
        shares = predictions("multiclass", scores * np.exp(power))
        return float(-np.log(np.maximum(shares[np.arange(len(codes)), codes], 1e-15)).mean())

    low, high = -3.0, 3.0
    ratio = (np.sqrt(5.0) - 1.0) / 2.0
    for _ in range(40):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return Calibration(slope=float(np.exp((low + high) / 2.0)))
