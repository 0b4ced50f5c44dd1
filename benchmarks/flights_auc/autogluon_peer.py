"""AutoGluon's ``medium_quality`` as its users run it. Runs in its own environment."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from autogluon.tabular import TabularPredictor


def main() -> None:
    """Arguments: the folder of the rows, the file for the answers, seconds, seed (AutoGluon's is fixed)."""
    folder, answers, budget = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    train, gate = pd.read_parquet(folder / "train.parquet"), pd.read_parquet(folder / "gate.parquet")
    started = time.perf_counter()
    predictor = TabularPredictor("target", eval_metric="roc_auc", path=str(folder / "autogluon"), verbosity=0)
    predictor.fit(train, presets="medium_quality", time_limit=budget)
    shares = predictor.predict_proba(gate)[1].to_numpy()
    seconds = time.perf_counter() - started
    np.save(answers, shares)
    print(json.dumps({"seconds": seconds, "detail": f"best model {predictor.model_best}"}))


if __name__ == "__main__":
    main()
