"""AutoGluon as its users run it, with a preset (the last argument). Its seeds are its own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pandas as pd
from autogluon.tabular import TabularPredictor
from peer import Asked, run

METRICS = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "root_mean_squared_error"}


def fit(asked: Asked) -> tuple[Callable[[pd.DataFrame], Any], str]:
    """``TabularPredictor.fit`` with everything else as it comes."""
    predictor = TabularPredictor(
        "target",
        problem_type=asked.task,
        eval_metric=METRICS[asked.task],
        path=str(asked.scratch / "autogluon"),
        verbosity=0,
    )
    predictor.fit(asked.train, presets=sys.argv[7], time_limit=asked.seconds, num_cpus=asked.cores, num_gpus=0)
    detail = f"best model {predictor.model_best}"
    if asked.task == "regression":
        return predictor.predict, detail
    if asked.task == "binary":
        return lambda rows: predictor.predict_proba(rows)[1], detail
    return lambda rows: predictor.predict_proba(rows)[sorted(predictor.class_labels)], detail


if __name__ == "__main__":
    run(fit, ("autogluon.tabular",))
