"""What XGBoost is asked to minimise for each task, and how its raw scores (margins) become predictions.

All that depends on task and metric is here: a new task is one more line of the tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Objective", "objective_of", "predictions"]

Doubles = NDArray[np.float64]
Floats = NDArray[np.floating]

_STEEPEST = 500.0
_LARGEST_LOG = 60.0


@dataclass(frozen=True)
class Objective:
    """``settings`` are XGBoost's own; ``outputs`` is how many margins a row has."""

    settings: Mapping[str, str | int]
    outputs: int = 1


def objective_of(task: str, metric: str, classes: int) -> Objective:
    """The objective that serves the metric: the absolute error, for one, has an objective of its own."""
    if task == "multiclass":
        return Objective({"objective": "multi:softprob", "num_class": classes}, classes)
    name = _BY_METRIC.get((task, metric)) or _BY_TASK[task]
    return Objective({"objective": name})


def predictions(task: str, margins: Floats) -> Doubles:
    """What margins mean, in the same shape: probabilities, expected counts, or the numbers themselves."""
    return _LINKS.get(task, _identity)(np.asarray(margins, dtype=np.float64))


def _identity(margins: Doubles) -> Doubles:
    return margins


def _logistic(margins: Doubles) -> Doubles:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(margins, -_STEEPEST, _STEEPEST))))


def _softmax(margins: Doubles) -> Doubles:
    powers = np.exp(margins - margins.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _exponential(margins: Doubles) -> Doubles:
    return np.exp(np.clip(margins, -_LARGEST_LOG, _LARGEST_LOG))


_BY_TASK = {
    "binary": "binary:logistic",
    "regression": "reg:squarederror",
    "count": "count:poisson",
    "ranking": "rank:ndcg",
}
_BY_METRIC = {("regression", "mae"): "reg:absoluteerror"}
_LINKS: Mapping[str, Callable[[Doubles], Doubles]] = {
    "binary": _logistic,
    "multiclass": _softmax,
    "count": _exponential,
}
