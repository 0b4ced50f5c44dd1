"""The AUC on October's flights of XGBoost's defaults, FLAML, AutoGluon and Tidemill, and nothing else varied.

    python -m benchmarks.flights_auc [--budget 60] [--only tidemill,flaml] [--output results.json]

All of them get the same training rows (January to September), the same columns and the same seconds,
one after the other, and are scored on the same October rows, which none of them saw. FLAML and AutoGluon
need other versions of pandas and XGBoost than Tidemill, so each lives in a virtual environment of its
own, that of ``benchmarks.automl``, made on first use.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.automl.environments import python_of
from benchmarks.flights_auc import rows, tidemill_peer
from tidemill.learning.scores import area_under_curve

HERE = Path(__file__).resolve().parent
CONTESTANTS = ("xgboost defaults", "flaml", "autogluon", "tidemill")


@dataclass(frozen=True)
class Result:
    """One contestant's AUC on the gate rows; ``seconds`` is wall time of fitting and predicting."""

    name: str
    auc: float
    seconds: float
    detail: str


def main() -> int:
    """Run the contestants that were asked for and print and store what they scored."""
    asked = _arguments()
    names = [name for name in CONTESTANTS if not asked.only or name in asked.only.split(",")]
    results = []
    with tempfile.TemporaryDirectory() as folder:
        table = rows.prepare(Path(folder))
        print(
            f"{table.train_rows} training rows, {table.gate_rows} gate rows, {len(table.columns)} columns", flush=True
        )
        for name in names:
            result = _run(name, table, asked.budget, asked.seed)
            print(f"{result.name:18s} AUC {result.auc:.4f}   {result.seconds:6.1f} s   {result.detail}", flush=True)
            results.append(result)
    stored = {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()[0]},
        "budget": asked.budget,
        "seed": asked.seed,
        "rows": {"train": table.train_rows, "gate": table.gate_rows},
        "columns": list(table.columns),
        "results": [asdict(result) for result in results],
    }
    asked.output.write_text(json.dumps(stored, indent=2) + "\n")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budget", type=float, default=60.0, help="seconds for each contestant")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", default="", help=f"some of: {', '.join(CONTESTANTS)}")
    parser.add_argument("--output", type=Path, default=HERE / "results.json")
    return parser.parse_args()


def _run(name: str, table: rows.Table, budget: float, seed: int) -> Result:
    if name == "tidemill":
        started = time.perf_counter()
        predicted, detail = tidemill_peer.predict(table, budget, seed)
        seconds = time.perf_counter() - started
    else:
        predicted, detail, seconds = _elsewhere(name, table, budget, seed)
    return Result(name, area_under_curve(table.gate_target, predicted), round(seconds, 1), detail)


def _elsewhere(name: str, table: rows.Table, budget: float, seed: int) -> tuple[rows.Doubles, str, float]:
    """Run a peer's script in its own environment; it leaves its probabilities as a ``.npy`` file."""
    python = python_of(name)
    script = HERE / f"{name.replace(' ', '_')}_peer.py"
    answers = table.folder / f"{script.stem}.npy"
    command = [str(python), str(script), str(table.folder), str(answers), str(budget), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=table.folder, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-3000:]}")
    said = json.loads(done.stdout.splitlines()[-1])
    return rows.load_answers(answers), str(said["detail"]), float(said["seconds"])


if __name__ == "__main__":
    raise SystemExit(main())
