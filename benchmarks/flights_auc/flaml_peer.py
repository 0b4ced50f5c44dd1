"""FLAML as its users run it: all its learners, AUC, a time budget. Runs in its own environment."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from flaml import AutoML


def main() -> None:
    """Arguments: the folder of the rows, the file for the answers, seconds, seed."""
    folder, answers, budget, seed = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
    train, gate = pd.read_parquet(folder / "train.parquet"), pd.read_parquet(folder / "gate.parquet")
    target = train.pop("target")
    started = time.perf_counter()
    automl = AutoML()
    automl.fit(train, target, task="classification", metric="roc_auc", time_budget=budget, seed=seed, verbose=0)
    shares = automl.predict_proba(gate)[:, 1]
    seconds = time.perf_counter() - started
    np.save(answers, shares)
    print(json.dumps({"seconds": seconds, "detail": f"best learner {automl.best_estimator}"}))


if __name__ == "__main__":
    main()
