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
    "average_precision",
    "balanced_accuracy",
    "f1",
    "mcc",
    "rmse",
    "mae",
    "r2",
    "mape",
    "smape",
    "rmsle",
    "poisson_deviance",
    "ndcg",
    "ndcg@1",
    "ndcg@3",
    "ndcg@5",
    "ndcg@10",
    "ndcg@20",
    "ndcg@50",
    "ndcg@100",
    "map",
    "mrr",
]

METRICS: Mapping[str, tuple[Metric, ...]] = {
    "binary": ("auc", "average_precision", "log_loss", "brier", "accuracy", "balanced_accuracy", "f1", "mcc"),
    "multiclass": ("log_loss", "auc", "brier", "accuracy", "balanced_accuracy", "f1"),
    "regression": ("rmse", "mae", "r2", "mape", "smape", "rmsle"),
    "count": ("poisson_deviance", "rmse", "mae", "r2", "smape", "rmsle"),
    "ranking": (
        "ndcg@10",
        "ndcg",
        "ndcg@1",
        "ndcg@3",
        "ndcg@5",
        "ndcg@20",
        "ndcg@50",
        "ndcg@100",
        "map",
        "mrr",
    ),
}
"""The metrics that fit each task; the first is what ``auto`` means."""

LOWER_IS_BETTER: frozenset[str] = frozenset(
    {"log_loss", "brier", "rmse", "mae", "mape", "smape", "rmsle", "poisson_deviance"}
)


def is_classification(task: str) -> bool:
    """Whether the target is one of a few classes: answers then are probabilities, and otherwise one number a row."""
    return task in ("binary", "multiclass")
