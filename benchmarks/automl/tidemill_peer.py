"""Tidemill on the same rows, in its own process: the clock runs from the start of tuning to the end of training."""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module
from pathlib import Path

import numpy as np

from benchmarks.automl.rows import digest, stage, use_case_of
from benchmarks.automl.tables import ROW
from tidemill.learning.model import Model
from tidemill.learning.training import train
from tidemill.learning.tuning import tune
from tidemill.provenance import code_version
from tidemill.validation import exclusions

__all__ = ["main"]


def main() -> None:
    """Arguments: the rows' folder, the file for the answers, a scratch folder, seconds, seed, cores, the table."""
    folder, answers, scratch = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    budget, seed, cores, table = float(sys.argv[4]), int(sys.argv[5]), int(sys.argv[6]), Path(sys.argv[7])
    said = json.loads((folder / "rows.json").read_text())
    began = time.perf_counter()
    staged = stage(use_case_of(said, table, seed, cores), scratch / "lake")
    store, use_case, labelled, split = staged.store, staged.use_case, staged.labelled, staged.split
    rows = [snapshot.read(store, [ROW])[ROW].to_numpy() for snapshot in (split.train, split.gate)]
    if digest(*rows) != said["digest"]:
        raise SystemExit("the split is not the one that the peers' rows were made by: remove .cache/rows")
    excluded = exclusions(use_case, ())
    for library in ("xgboost", "optuna"):  # the peers' clocks start after their imports too
        import_module(library)
    started = time.perf_counter()
    study = tune(store, use_case, labelled, split, excluded, budget=budget, trials=None)
    tuned = time.perf_counter()
    reference = train(store, use_case, labelled, split, study, excluded)
    fitted = time.perf_counter()
    model = Model.load(store, reference, threads=cores)
    gate = split.gate.read(store)
    loaded = time.perf_counter()
    predicted = _answers(model, gate, said["task"])
    done = time.perf_counter()
    np.save(answers, predicted)
    detail = (
        f"{study.trials} trials ({study.pruned} pruned), {len(set(study.members))} settings, "
        f"{study.best_value:.6g} on validation rows, tuning {tuned - started:.1f} s"
    )
    seconds = {"seconds": fitted - started, "predict_seconds": done - loaded, "stage_seconds": started - began}
    print("\n" + json.dumps({**seconds, "detail": detail, "version": str(code_version())}))


def _answers(model: Model, gate: object, task: str) -> np.ndarray:
    if task == "regression":
        return np.asarray(model.predict(gate)["prediction"], dtype=np.float64)
    shares = np.asarray(model.probabilities(gate), dtype=np.float64)
    return shares[:, 1] if task == "binary" else shares


if __name__ == "__main__":
    main()
