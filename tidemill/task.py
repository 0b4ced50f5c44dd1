"""The kinds of prediction, and by which metrics each can be judged: one table for every part that asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

__all__ = ["LOWER_IS_BETTER", "METRICS", "Metric", "Task", "is_classification"]

Task = Literal["binary", "multiclass", "regression", "count", "ranking"]
Metric = Literal[
    "auto",
    "auc",
    "log_loss",
    "brier",
    "accuracy",
    "rmse",
    "mae",
    "r2",
    "poisson_deviance",
]

METRICS: Mapping[str, tuple[Metric, ...]] = {
    "binary": ("auc", "log_loss", "brier", "accuracy"),
    "multiclass": ("log_loss", "auc", "brier", "accuracy"),
    "regression": ("rmse", "mae", "r2"),
    "count": ("poisson_deviance", "rmse", "mae", "r2"),
}
"""The metrics that fit each task; the first is what ``auto`` means."""

LOWER_IS_BETTER: frozenset[str] = frozenset({"log_loss", "brier", "rmse", "mae", "poisson_deviance"})


def is_classification(task: str) -> bool:
    """Whether the target is one of a few classes: answers then are probabilities, and otherwise one number a row."""
    return task in ("binary", "multiclass")
