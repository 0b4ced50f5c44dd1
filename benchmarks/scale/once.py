"""One tuning and training from a written Snapshot, in a process of its own; prints one JSON object.

``python -m benchmarks.scale.once LAKE ROWS (--trials N | --budget SECONDS) [--memory 2GB]``
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

from benchmarks.scale import rows
from tidemill.learning.model import Model
from tidemill.learning.scores import score
from tidemill.learning.training import train
from tidemill.learning.tuning import tune
from tidemill.store import Store


def main() -> None:
    """Tune, train, answer the gate's rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lake")
    parser.add_argument("rows", type=int)
    parser.add_argument("--trials", type=int)
    parser.add_argument("--budget", type=float, default=60.0)
    parser.add_argument("--memory")
    asked = parser.parse_args()
    store = Store(asked.lake)
    use_case = rows.use_case(asked.memory)
    split = rows.split(store, asked.rows)
    labelled = rows.labelled(split.train)
    before = peak()
    started = time.perf_counter()
    study = tune(store, use_case, labelled, split, {}, budget=asked.budget, trials=asked.trials)
    tuned = time.perf_counter()
    model = Model.load(store, train(store, use_case, labelled, split, study, {}))
    done = time.perf_counter()
    said = store.read_json(f"{study.prefix}/study.json")
    highest = peak()
    gate = split.gate.read(store)
    auc = score("auc", gate["target"].to_numpy(dtype=np.float64), model.probabilities(gate)[:, 1])
    print(
        json.dumps(
            {
                "rows": asked.rows,
                "seconds": {
                    "tune": round(tuned - started, 1),
                    "train": round(done - tuned, 1),
                    "both": round(done - started, 1),
                },
                "trials": study.trials,
                "pruned": study.pruned,
                "members": len(set(study.members)),
                "rounds": [member.rounds for member in model.description.members],
                "auc": round(auc, 5),
                "model": model.description.id,
                "peak_mb": {"before": before, "after": highest},
                "memory": said["memory"],
            }
        )
    )


def peak() -> int:
    """The most memory that this process has held so far, in MB (VmHWM; it starts no other processes)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM:"))) * 1024 // 10**6


if __name__ == "__main__":
    main()
