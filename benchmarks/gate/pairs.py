"""Real pairs of models on real rows: one recipe with many seeds, and one with less to go by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidemill.learning.model import Model
from tidemill.learning.training import train
from tidemill.learning.tuning import tune
from tidemill.results import ClassCount, Labelled, Split
from tidemill.snapshot import write_snapshot
from tidemill.store import Store
from tidemill.usecase.schema import UseCase

__all__ = ["KINDS", "Pool", "flights", "scores"]

DATA = Path(__file__).parents[2] / "usecases" / "flights" / "data"
SLICES = ["origin", "carrier", "month", "hour"]
NUMBERS = ["month", "day", "hour", "distance", "sched_dep_time", "sched_arr_time", "temp", "humid", "wind_speed"]
CATEGORIES = ["carrier", "origin", "dest"]
LEFT_OUT = ["temp", "humid", "wind_speed", "sched_arr_time"]
KINDS = {**dict.fromkeys(NUMBERS, "number"), **dict.fromkeys(CATEGORIES, "category"), "time_hour": "time"}
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Pool:
    """Rows that no model has trained on, with their truth; ``train`` are those that models train on."""

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
    later = table["month"] >= 10
    before = table[~later].sample(rows, random_state=seed).sort_index()
    pool = table[later].reset_index(drop=True)
    return Pool(before, pool.drop(columns="late"), pool["late"].to_numpy(np.float64))


def use_case(seed: int, forbid: Sequence[str] = (), **gate: object) -> UseCase:
    """The use case of one seed; what it forbids, its model does not read."""
    return UseCase.model_validate(
        {
            "name": "late",
            "sources": {"rows": {"url": "rows.csv"}},
            "target": {"column": "late"},
            "time": "time_hour",
            "columns": {"forbid": list(forbid)},
            "tune": {"threads": 1, "metric": "auc"},
            "evaluate": {"slices": SLICES},
            "gate": gate,
            "seed": seed,
        }
    )


def scores(pool: Pool, seed: int, trials: int, forbid: Sequence[str] = ()) -> Doubles:
    """The probabilities that a model of this seed gives the pool's rows, tuned and trained as any other."""
    store = Store(f"memory://gate-{seed}-{len(forbid)}")
    case = use_case(seed, forbid)
    half = len(pool.train) * 4 // 5
    snapshot = write_snapshot(store, "late", "labelled", pool.train)
    split = Split(
        by="time",
        train=write_snapshot(store, "late", "train", pool.train.head(half)),
        gate=write_snapshot(store, "late", "gate", pool.train.tail(len(pool.train) - half)),
        boundary=datetime(2013, 10, 1, tzinfo=UTC),
        end=datetime(2014, 1, 1, tzinfo=UTC),
    )
    late = int(pool.train["late"].sum())
    classes = (ClassCount(label=0, rows=len(pool.train) - late), ClassCount(label=1, rows=late))
    labelled = Labelled(snapshot=snapshot, quarantine=None, refused={}, waiting=0, task="binary", classes=classes)
    excluded = dict.fromkeys(forbid, "forbidden")
    study = tune(store, case, labelled, split, excluded, budget=600.0, trials=trials)
    reference = train(store, case, labelled, split, study, excluded)
    return np.asarray(Model.load(store, reference).probabilities(pool.frame)[:, 1])
