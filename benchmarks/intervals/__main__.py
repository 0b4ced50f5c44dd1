"""Intervals of 90 % on rows that no model saw: what share of them they hold, and how wide they are, by the way.

    python -m benchmarks.intervals [--data FOLDER] [--seeds 3] [--rows 6000] [--output results.json]

Rows are cut at random, so that those to come are like those before: what conformal intervals promise anything for.
Seven tenths train. `diabetes` comes with scikit-learn and `flights` with the use case; FOLDER may hold
`diamonds.parquet` (prices), `adult.parquet` (hours a week) and `bikeshare_dc_hourly_2010_2019.parquet` (counts, most
of them large). Each is tuned for three trials; ``auto`` is what a use case that says nothing gets. Width is the
mean, divided by the target's standard deviation; a set is left out that FOLDER does not have.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tidemill.learning.model import Model
from tidemill.learning.training import train
from tidemill.learning.tuning import tune
from tidemill.results import Labelled, Split
from tidemill.snapshot import write_snapshot
from tidemill.store import Store
from tidemill.task import Task
from tidemill.usecase.schema import UseCase

HERE = Path(__file__).parent
PROJECT = HERE.parent.parent
ASKED: dict[str, dict[str, Any]] = {
    "auto": {},
    "conformal": {"intervals": "conformal"},
    "quantile": {"intervals": "quantile"},
}


def tables(folder: Path | None) -> Iterator[tuple[str, Task, str, pd.DataFrame]]:
    """Name, task, target and rows of each set that is there."""
    from sklearn.datasets import load_diabetes

    yield "diabetes", "regression", "target", load_diabetes(as_frame=True, scaled=False).frame
    flights = pd.read_parquet(next((PROJECT / "usecases" / "flights" / "data").glob("flights*.parquet")))
    late = flights[["month", "dep_delay", "carrier", "origin", "dest", "distance", "hour", "air_time"]]
    yield "flights", "regression", "air_time", late.dropna()
    if folder is None:
        return
    for name, file, task, target in (
        ("diamonds", "diamonds", "regression", "price"),
        ("adult", "adult", "regression", "hours_per_week"),
        ("bikeshare", "bikeshare_dc_hourly_2010_2019", "count", "count"),
    ):
        path = folder / f"{file}.parquet"
        if path.exists():
            frame = pd.read_parquet(path)
            if "ts" in frame:
                frame = frame.assign(
                    hour=frame["ts"].dt.hour, weekday=frame["ts"].dt.day_of_week, day=frame["ts"].dt.year
                )
                frame = frame.drop(columns=["date", "ts"])
            yield name, task, target, frame  # type: ignore[misc]


def measured(name: str, task: Task, target: str, frame: pd.DataFrame, seed: int, rows: int) -> dict[str, Any]:
    """Coverage and width of each way on the rows that were kept apart."""
    frame = frame.sample(min(rows, len(frame)), random_state=seed).reset_index(drop=True)
    cut = len(frame) * 7 // 10
    found: dict[str, Any] = {"set": name, "seed": seed, "rows": cut, "judged": len(frame) - cut}
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        parts = {
            "train": write_snapshot(store, "widths", "train", frame.iloc[:cut]),
            "gate": write_snapshot(store, "widths", "gate", frame.iloc[cut:]),
        }
        split = Split(by="random", **parts)
        labelled = Labelled(snapshot=parts["train"], quarantine=None, refused={}, waiting=0, task=task, classes=())
        gate = frame.iloc[cut:].reset_index(drop=True)
        for way, rules in ASKED.items():
            said = {"name": "widths", "sources": {"rows": {"url": "rows.csv"}}, "target": target, "seed": seed}
            use_case = UseCase.model_validate({**said, "tune": {"trials": 3, "budget": 600, "threads": 1, **rules}})
            study = tune(store, use_case, labelled, split, {}, budget=600.0, trials=3)
            model = Model.load(store, train(store, use_case, labelled, split, study, {}))
            said_of = model.predict(gate)
            truth = gate[target].to_numpy(dtype=np.float64)
            low, high = said_of["lower"].to_numpy(), said_of["upper"].to_numpy()
            rule = model.description.interval
            found[way] = {
                "covered": round(float(((truth >= low) & (truth <= high)).mean()), 4),
                "width": round(float((high - low).mean() / truth.std()), 4),
                "way": rule.way if rule else "constant",
            }
    return found


def main() -> None:
    """Measure every set and seed, store each result as it comes, and print a line for it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=6_000)
    parser.add_argument("--output", type=Path, default=HERE / "results.json")
    asked = parser.parse_args()
    results: list[dict[str, Any]] = json.loads(asked.output.read_text()) if asked.output.exists() else []
    done = {(one["set"], one["seed"]) for one in results}
    for seed in range(1, asked.seeds + 1):
        for name, task, target, frame in tables(asked.data):
            if (name, seed) in done:
                continue
            results.append(measured(name, task, target, frame, seed, asked.rows))
            asked.output.write_text(json.dumps(results, indent=1) + "\n")
            shown = ", ".join(
                f"{way} {one['covered']:.1%} of {one['width']:.2f}"
                for way, one in results[-1].items()
                if isinstance(one, dict)
            )
            print(f"{name}, seed {seed}: {shown}", flush=True)


if __name__ == "__main__":
    main()
