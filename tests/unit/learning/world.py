"""A small table of every kind of column, for each task, in a lake: what the learning tests start from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from tidemill.results import ClassCount, Labelled, Split, Study
from tidemill.snapshot import write_snapshot
from tidemill.store import Store
from tidemill.task import Task
from tidemill.usecase.schema import UseCase

__all__ = ["World", "make_use_case", "make_world", "rows"]

LABELS = {"binary": ("no", "yes"), "multiclass": ("a", "b", "c"), "regression": (), "count": ()}


def rows(count: int, *, seed: int = 3) -> pd.DataFrame:
    """One row an hour: numbers, categories with missing and rare levels, a boolean, times; no target yet."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "row": np.arange(count),
            "at": pd.date_range("2024-01-01", periods=count, freq="h", tz="UTC", unit="us"),
            "age": random.integers(18, 80, count),
            "amount": np.round(random.gamma(2, 50, count), 2),
            "region": random.choice(["north", "south", "east", "west"], count),
            "shop": [f"s{number}" for number in np.minimum(random.geometric(0.05, count), 60)],
            "member": random.uniform(size=count) < 0.4,
            "since": pd.Timestamp("2023-01-01", tz="UTC") + pd.to_timedelta(random.integers(0, 300, count), unit="D"),
            "noise": random.normal(size=count),
        }
    )
    frame["copy"] = frame["age"]
    frame["same"] = 1.0
    frame["empty"] = np.nan
    frame["note"] = [f"note {number}" for number in range(count)]
    frame.loc[random.uniform(size=count) < 0.1, "region"] = None
    frame.loc[random.uniform(size=count) < 0.1, "amount"] = np.nan
    return frame


def signal(frame: pd.DataFrame) -> np.ndarray:
    """What the target hangs on."""
    return np.asarray(
        np.where((frame["age"] > 50) == (frame["amount"].fillna(90) > 85), 1.0, -1.0)
        + np.where(frame["region"] == "north", 0.7, -0.2)
    )


def make_use_case(task: Task = "binary", **sections: object) -> UseCase:
    said = {
        "name": "toy",
        "sources": {"rows": {"url": "rows.csv"}},
        "target": {"column": "bought"},
        "task": task,
        "time": "at",
        "id": ["row"],
        "derive": {"per_year": "amount / age"},
        "tune": {"threads": 1},
        **sections,
    }
    return UseCase.model_validate(said)


@dataclass(frozen=True)
class World:
    """A labelled and split table in a lake."""

    store: Store
    use_case: UseCase
    labelled: Labelled
    split: Split
    gate: pd.DataFrame

    def tune(self, *, trials: int | None = 3, budget: float = 60.0, store: Store | None = None) -> Study:
        from tidemill.learning.tuning import tune

        return tune(store or self.store, self.use_case, self.labelled, self.split, {}, budget=budget, trials=trials)


def make_world(store: Store, task: Task = "binary", *, count: int = 900, **sections: object) -> World:
    """Three quarters of the rows train, split by ``by`` (a section of its own for the tests: time by default).

    With ``rotten`` half of the targets are turned around, and the column `noise_weight` is 0 there.
    """
    by = sections.pop("by", "time")
    rotten = sections.pop("rotten", False)
    use_case = make_use_case(task, **sections)
    frame = rows(count)
    frame["per_year"] = frame["amount"] / frame["age"]
    random = np.random.default_rng(11)
    score = signal(frame) + random.normal(scale=0.5, size=count)
    if task == "regression":
        frame["bought"] = score
    elif task == "count":
        frame["bought"] = random.poisson(np.exp(score))
    else:
        edges = [0.0] if task == "binary" else [-0.7, 0.7]
        frame["bought"] = np.digitize(score, edges)
    if rotten:
        lies = random.uniform(size=count) < 0.5
        frame["bought"] = np.where(lies, -5.0 * frame["bought"], frame["bought"])
        frame["noise_weight"] = np.where(lies, 0.0, 1.5)
    train, gate = frame.iloc[: count * 3 // 4], frame.iloc[count * 3 // 4 :].reset_index(drop=True)
    snapshot = write_snapshot(store, "toy", "labelled", frame)
    boundary = gate["at"].iloc[0].to_pydatetime()
    return World(
        store,
        use_case,
        Labelled(
            snapshot=snapshot,
            quarantine=None,
            refused={},
            waiting=0,
            task=task,
            classes=tuple(ClassCount(label=label, rows=1) for label in LABELS[task]),
        ),
        Split.model_validate(
            {
                "by": by,
                "train": write_snapshot(store, "toy", "train", train),
                "gate": write_snapshot(store, "toy", "gate", gate),
                "boundary": boundary if by == "time" else None,
                "end": datetime(2025, 1, 1, tzinfo=UTC) if by == "time" else None,
            }
        ),
        gate,
    )
