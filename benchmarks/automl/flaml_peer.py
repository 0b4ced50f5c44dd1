"""FLAML as its users run it: all its learners, the set's metric, a time budget, and told when rows are in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
from flaml import AutoML
from peer import Asked, run

METRICS = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}


def fit(asked: Asked) -> tuple[Callable[[pd.DataFrame], Any], str]:
    """``AutoML.fit`` with everything else as it comes."""
    target = asked.train.pop("target")
    automl = AutoML()
    automl.fit(
        asked.train,
        target,
        task="regression" if asked.task == "regression" else "classification",
        metric=METRICS[asked.task],
        time_budget=asked.seconds,
        seed=asked.seed,
        n_jobs=asked.cores,
        verbose=0,
        **({"split_type": "time"} if asked.ordered else {}),
    )
    detail = f"best learner {automl.best_estimator}"
    if asked.task == "regression":
        return automl.predict, detail
    if asked.task == "binary":
        return lambda rows: automl.predict_proba(rows)[:, 1], detail
    return automl.predict_proba, detail


if __name__ == "__main__":
    run(fit, ("flaml",))
