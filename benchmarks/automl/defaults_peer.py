"""XGBoost's own defaults on a pandas frame: text as categories, times as numbers, 100 rounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import xgboost
from peer import Asked, as_categories, run


def fit(asked: Asked) -> tuple[Callable[[pd.DataFrame], Any], str]:
    """One fit on all rows; the seconds are not used."""
    target = asked.train.pop("target")
    train, gate = as_categories(asked.train, asked.gate)
    kind = xgboost.XGBRegressor if asked.task == "regression" else xgboost.XGBClassifier
    model = kind(enable_categorical=True, random_state=asked.seed, n_jobs=asked.cores).fit(train, target)
    if asked.task == "regression":
        return lambda _: model.predict(gate), "100 rounds"
    if asked.task == "binary":
        return lambda _: model.predict_proba(gate)[:, 1], "100 rounds"
    return lambda _: model.predict_proba(gate), "100 rounds"


if __name__ == "__main__":
    run(fit, ("xgboost",))
