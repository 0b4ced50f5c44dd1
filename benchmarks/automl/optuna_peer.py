"""The plain script: Optuna's TPE over XGBoost, one hold-out, early stopping, no pruning, then a fit on all rows.

It is a little better than most such scripts: boosting stops at the end of the seconds, so that one slow
trial does not take minutes, and on rows in order of time the newest fifth is held out. The last fit, with
the best trial's settings and number of rounds, comes on top of the seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import optuna
import pandas as pd
import xgboost
from peer import Asked, as_categories, run

MOST_ROUNDS = 1000
PATIENCE = 50
HELD_OUT = 0.2


class Clock(xgboost.callback.TrainingCallback):
    """Stops boosting at a moment of :func:`time.perf_counter`."""

    def __init__(self, deadline: float) -> None:
        super().__init__()
        self.deadline = deadline

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """True ends the boosting."""
        return time.perf_counter() > self.deadline


def fit(asked: Asked) -> tuple[Callable[[pd.DataFrame], Any], str]:
    """Trials until the seconds are over, then one fit on all rows."""
    deadline = time.perf_counter() + asked.seconds
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    target = asked.train.pop("target").to_numpy()
    train, gate = as_categories(asked.train, asked.gate)
    fixed = _objective(asked, target)
    chosen = _held_out(asked, target)
    part = xgboost.QuantileDMatrix(train[~chosen], target[~chosen], enable_categorical=True)
    held = xgboost.QuantileDMatrix(train[chosen], target[chosen], enable_categorical=True, ref=part)

    def objective(trial: optuna.Trial) -> float:
        booster = xgboost.train(
            {**fixed, **_settings(trial)},
            part,
            MOST_ROUNDS,
            evals=[(held, "held")],
            verbose_eval=False,
            callbacks=[xgboost.callback.EarlyStopping(PATIENCE), Clock(deadline)],
        )
        trial.set_user_attr("rounds", booster.best_iteration + 1)
        return booster.best_score

    study = optuna.create_study(
        direction="maximize" if asked.task == "binary" else "minimize",
        sampler=optuna.samplers.TPESampler(seed=asked.seed),
    )
    study.optimize(objective, timeout=asked.seconds)
    best = study.best_trial
    whole = xgboost.QuantileDMatrix(train, target, enable_categorical=True)
    model = xgboost.train({**fixed, **best.params}, whole, best.user_attrs["rounds"])
    rows = xgboost.DMatrix(gate, enable_categorical=True)
    return lambda _: model.predict(rows), f"{len(study.trials)} trials, {best.user_attrs['rounds']} rounds"


def _objective(asked: Asked, target: np.ndarray) -> dict[str, Any]:
    fixed: dict[str, Any] = {"nthread": asked.cores, "seed": asked.seed, "tree_method": "hist"}
    if asked.task == "binary":
        return {**fixed, "objective": "binary:logistic", "eval_metric": "auc"}
    if asked.task == "multiclass":
        classes = int(target.max()) + 1
        return {**fixed, "objective": "multi:softprob", "eval_metric": "mlogloss", "num_class": classes}
    return {**fixed, "objective": "reg:squarederror", "eval_metric": "rmse"}


def _settings(trial: optuna.Trial) -> dict[str, float | int]:
    return {
        "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.3, log=True),
        "max_depth": trial.suggest_int("max_depth", 3, 10),
        "min_child_weight": trial.suggest_float("min_child_weight", 1.0, 20.0, log=True),
        "subsample": trial.suggest_float("subsample", 0.5, 1.0),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.5, 1.0),
        "reg_lambda": trial.suggest_float("reg_lambda", 1e-3, 10.0, log=True),
        "reg_alpha": trial.suggest_float("reg_alpha", 1e-3, 10.0, log=True),
    }


def _held_out(asked: Asked, target: np.ndarray) -> np.ndarray:
    """Which rows are held out: the newest fifth, or a fifth by chance (of each class)."""
    rng = np.random.default_rng(asked.seed)
    order = np.arange(len(target)) if asked.ordered else rng.permutation(len(target))
    if not asked.ordered and asked.task != "regression":
        order = order[np.argsort(target[order], kind="stable")]
        return _every(order, len(target))
    chosen = np.zeros(len(target), dtype=bool)
    chosen[order[round(len(target) * (1 - HELD_OUT)) :]] = True
    return chosen


def _every(order: np.ndarray, rows: int) -> np.ndarray:
    """Every fifth of rows ordered by class: the same share of each."""
    chosen = np.zeros(rows, dtype=bool)
    chosen[order[:: round(1 / HELD_OUT)]] = True
    return chosen


if __name__ == "__main__":
    run(fit, ("optuna", "xgboost"))
