"""Real rows, and boosters that were really trained on others: each recipe with many seeds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidemill.evaluation.evidence import Kind
from tidemill.usecase.schema import UseCase

__all__ = ["KINDS", "Doubles", "Pool", "boosters", "flights", "use_case"]

DATA = Path(__file__).parents[2] / "usecases" / "flights" / "data"
ROUNDS = 120
SLICES = ["origin", "carrier", "month", "hour"]
NUMBERS = ["month", "day", "hour", "distance", "sched_dep_time", "sched_arr_time", "temp", "humid", "wind_speed"]
CATEGORIES = ["carrier", "origin", "dest"]
KINDS: dict[str, Kind] = {
    **dict.fromkeys(NUMBERS, "number"),
    **dict.fromkeys(CATEGORIES, "category"),
    "time_hour": "time",
}
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Pool:
    """Rows that no booster has trained on, with their truth; ``train`` are those that boosters train on."""

    train: pd.DataFrame
    frame: pd.DataFrame
    target: Doubles


def flights(rows: int, seed: int) -> Pool:
    """January to September to train on (``rows`` of them), October to December to judge on."""
    table = pd.concat([pd.read_parquet(file) for file in sorted(DATA.glob("flights-*.parquet"))], ignore_index=True)
    weather = pd.concat([pd.read_parquet(file) for file in sorted(DATA.glob("weather-*.parquet"))], ignore_index=True)
    weather = weather.drop_duplicates(["origin", "time_hour"])[["origin", "time_hour", "temp", "humid", "wind_speed"]]
    table = table.merge(weather, on=["origin", "time_hour"], how="left")
    table = table[table["arr_delay"].notna()].reset_index(drop=True)
    table["late"] = (table["arr_delay"] > 15).astype("int64")
    table["time_hour"] = pd.to_datetime(table["time_hour"], utc=True)
    table = table[[*NUMBERS, *CATEGORIES, "time_hour", "late"]]
    for name in CATEGORIES:
        table[name] = table[name].astype("category")
    later = table["month"] >= 10
    before = table[~later].sample(rows, random_state=seed).sort_index()
    pool = table[later].reset_index(drop=True)
    return Pool(before, pool.drop(columns="late"), pool["late"].to_numpy(np.float64))


def use_case(seed: int) -> UseCase:
    """The use case of one comparison: everything about the gate as it comes."""
    return UseCase.model_validate(
        {
            "name": "late",
            "sources": {"rows": {"url": "rows.csv"}},
            "target": {"column": "late"},
            "time": "time_hour",
            "tune": {"metric": "auc"},
            "evaluate": {"slices": SLICES},
            "seed": seed,
        }
    )


def boosters(pool: Pool, count: int, *, without: str = "") -> Doubles:
    """The raw scores on the pool's rows of boosters of one recipe, each from its own seed, shape ``(count, rows)``.

    They do not read the column ``without``.
    """
    import xgboost

    names = [name for name in (*NUMBERS, *CATEGORIES) if name != without]
    before = xgboost.DMatrix(pool.train[names], pool.train["late"], enable_categorical=True)
    after = xgboost.DMatrix(pool.frame[names], enable_categorical=True)
    recipe = {"objective": "binary:logistic", "max_depth": 4, "eta": 0.08, "subsample": 0.8, "colsample_bytree": 0.7}
    found = []
    for seed in range(count):
        booster = xgboost.train({**recipe, "nthread": 1, "seed": seed}, before, num_boost_round=ROUNDS)
        found.append(booster.predict(after, output_margin=True))
    return np.array(found, dtype=np.float64)
