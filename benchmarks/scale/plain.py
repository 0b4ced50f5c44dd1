"""The plain Optuna script that tuning is held against: TPE, one hold-out, early stopping, no pruning.

``python -m benchmarks.scale.plain LAKE ROWS SECONDS``: settings for SECONDS, the best one answers the gate's rows.
"""

from __future__ import annotations

import argparse
import json
import os
import time

import numpy as np
import optuna
import pandas as pd
import xgboost

from benchmarks.scale import rows
from tidemill.learning.scores import score
from tidemill.store import Store

HELD_OUT = 0.2
MOST_ROUNDS = 1_000
PATIENCE = 50


def main() -> None:
    """Tune for so long, and tell how many trials there were and how good the best one is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lake")
    parser.add_argument("rows", type=int)
    parser.add_argument("seconds", type=float)
    asked = parser.parse_args()
    store = Store(asked.lake)
    split = rows.split(store, asked.rows)
    started = time.perf_counter()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    table, target = _features(split.train.read(store))
    held = np.random.default_rng(0).uniform(size=len(table)) < HELD_OUT
    fit = xgboost.DMatrix(table[~held], target[~held], enable_categorical=True)
    check = xgboost.DMatrix(table[held], target[held], enable_categorical=True)
    best: tuple[float, xgboost.Booster] | None = None

    def objective(trial: optuna.Trial) -> float:
        nonlocal best
        settings = {
            "objective": "binary:logistic",
            "eval_metric": "auc",
            "tree_method": "hist",
            "nthread": len(os.sched_getaffinity(0)),
            "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.3, log=True),
            "max_depth": trial.suggest_int("max_depth", 3, 10),
            "min_child_weight": trial.suggest_float("min_child_weight", 1.0, 100.0, log=True),
            "subsample": trial.suggest_float("subsample", 0.5, 1.0),
            "colsample_bytree": trial.suggest_float("colsample_bytree", 0.5, 1.0),
            "reg_lambda": trial.suggest_float("reg_lambda", 0.01, 10.0, log=True),
        }
        grown = xgboost.train(
            settings, fit, MOST_ROUNDS, evals=[(check, "check")], early_stopping_rounds=PATIENCE, verbose_eval=False
        )
        if best is None or grown.best_score > best[0]:
            best = grown.best_score, grown
        return float(grown.best_score)

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(objective, timeout=asked.seconds)
    seconds = time.perf_counter() - started
    assert best is not None
    table, target = _features(split.gate.read(store))
    answers = best[1].predict(
        xgboost.DMatrix(table, enable_categorical=True), iteration_range=(0, best[1].best_iteration)
    )
    print(
        json.dumps(
            {
                "rows": asked.rows,
                "seconds": {"both": round(seconds, 1)},
                "trials": len(study.trials),
                "trials_a_minute": round(60.0 * len(study.trials) / seconds, 2),
                "auc": round(score("auc", target.astype(np.float64), answers.astype(np.float64)), 5),
            }
        )
    )


def _features(frame: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """The columns as XGBoost reads frames, and the target."""
    target = frame.pop("target").to_numpy()
    made = {"hour": frame["at"].dt.hour, "weekday": frame["at"].dt.day_of_week}
    levels = {name: frame[name].astype("category") for name in frame.columns if name.startswith("c")}
    return frame.drop(columns="at").assign(**made, **levels), target


if __name__ == "__main__":
    main()
