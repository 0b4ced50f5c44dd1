"""Training as the rows grow: ``python -m benchmarks.scale [--only slope|peak|rate|estimate] [--lake FOLDER]``.

* ``slope``: seconds of tuning (3 trials) and training from a written Snapshot, 50,000 to 5,000,000 rows x 30, and
  the slope of time against rows on log-log axes, by least squares; also for the trial-free part alone.
* ``peak``: 20,000,000 x 30 tuned and trained: the process's peak memory.
* ``rate``: trials a minute on 200,000 x 30 beside a plain Optuna script (TPE, hold-out, early stopping, no pruning),
  in turn, and the AUC that each has reached on rows of later when the same seconds are gone.
* ``estimate``: what the rows were estimated to take, beside measured peaks, by each way of reading them.

Everything runs in processes of their own. Results are written to ``results.json`` as they come, and a part's own are
replaced when it is run again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.scale import rows
from tidemill.store import Store

RESULTS = Path(__file__).with_name("results.json")
SIZES = (50_000, 200_000, 1_000_000, 5_000_000)
LARGEST = 20_000_000
RATED = 200_000
TRIALS = 3
Found = dict[str, Any]


def main() -> None:
    """Run what is asked for, and keep what it found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=list(PARTS), action="append", help="one part; may be given again")
    parser.add_argument("--lake", help="where the made-up rows are kept; a temporary folder when left out")
    parser.add_argument("--seconds", type=float, default=120.0, help="of each tuner, for `rate`")
    parser.add_argument("--repeats", type=int, default=3, help="of `rate`")
    parser.add_argument("--largest", type=int, default=LARGEST, help="rows, for `peak`")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tidemill-scale-") as folder:
        for name in asked.only or PARTS:
            found = PARTS[name](asked.lake or folder, asked)
            known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
            RESULTS.write_text(json.dumps({**known, name: found}, indent=2) + "\n")
            print(json.dumps({name: found}, indent=2))


def slope(lake: str, _: argparse.Namespace) -> Found:
    """Seconds by rows, and how they grow."""
    found = [_ours(lake, size, "--trials", str(TRIALS)) for size in SIZES]
    by_rows = {f"{one['rows']:,}": one for one in found}
    slopes = {}
    for what in ("tune", "train", "both"):
        seconds = [one["seconds"][what] for one in found]
        slopes[what] = round(float(np.polyfit(np.log(SIZES), np.log(seconds), 1)[0]), 3)
    last = float(np.log(found[-1]["seconds"]["both"] / found[-2]["seconds"]["both"]) / np.log(SIZES[-1] / SIZES[-2]))
    return {"trials": TRIALS, "slope": slopes, "slope_of_the_last_step": round(last, 3), "runs": by_rows}


def peak(lake: str, asked: argparse.Namespace) -> Found:
    """The most that the process held while it trained on very many rows."""
    found = _ours(lake, asked.largest, "--trials", "1")
    return {"peak_gb": found["peak_mb"]["after"] / 1000, **found}


def rate(lake: str, asked: argparse.Namespace) -> Found:
    """Trials a minute and AUC, in turn with the plain script."""
    ours, plain = [], []
    for turn in range(asked.repeats):
        with tempfile.TemporaryDirectory(prefix="tidemill-scale-") as fresh:
            here = f"{fresh}/lake"
            rows.split(Store(here), RATED)
            one = _ours(here, RATED, "--budget", str(asked.seconds))
            one["trials_a_minute"] = round(60.0 * one["trials"] / one["seconds"]["tune"], 2)
            ours.append(one)
        plain.append(_child("plain", lake, str(RATED), str(asked.seconds)))
        print(f"turn {turn}: {ours[-1]['trials_a_minute']} against {plain[-1]['trials_a_minute']}", file=sys.stderr)
    median = {name: float(np.median([one["trials_a_minute"] for one in runs])) for name, runs in
              (("ours", ours), ("plain", plain))}  # fmt: skip
    return {
        "seconds": asked.seconds,
        "trials_a_minute": {**median, "ratio": round(median["ours"] / median["plain"], 2)},
        "auc": {"ours": [one["auc"] for one in ours], "plain": [one["auc"] for one in plain]},
        "ours": ours,
        "plain": plain,
    }


def estimate(lake: str, _: argparse.Namespace) -> Found:
    """Estimated and measured bytes by each way: 500,000 rows whole, 2,000,000 streamed and on a disk."""
    found = {}
    for size, memory in ((500_000, None), (2_000_000, None), (2_000_000, "850MB")):
        one = _ours(lake, size, "--trials", "1", *(["--memory", memory] if memory else []))
        way = one["memory"]["way"]
        found[way] = {
            "rows": size,
            "estimated_mb": round(one["memory"][way] / 1e6),
            "measured_mb": one["peak_mb"]["after"],
            "model": one["model"],
        }
    return found


def _ours(lake: str, size: int, *words: str) -> Found:
    rows.split(Store(lake), size)
    _forget_studies(Path(lake))
    return _child("once", lake, str(size), *words)


def _forget_studies(lake: Path) -> None:
    """So that nothing is answered out of a run before."""
    for folder in ("studies", "samples"):
        for path in sorted((lake / "scale" / folder).rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()


def _child(module: str, *words: str) -> Found:
    command = [sys.executable, "-m", f"benchmarks.scale.{module}", *words]
    said: Found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return said


PARTS: dict[str, Callable[[str, argparse.Namespace], Found]] = {
    "slope": slope,
    "peak": peak,
    "rate": rate,
    "estimate": estimate,
}


if __name__ == "__main__":
    main()
