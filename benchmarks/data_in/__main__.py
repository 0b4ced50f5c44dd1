"""Collect + clean + snapshot of a large CSV, beside reading, deduplicating and writing it bare, in one run.

    python -m benchmarks.data_in [--rows 5000000] [--rounds 2] [--alone] [--folder DIR]

Each way runs in a process of its own, by turns, ``--rounds`` times; the fastest of each counts. ``--alone`` leaves the
bare way out, which holds the table in memory. Writes ``results.json`` beside this file, by number of rows.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.data_in.rows import write_rows

__all__ = ["main"]

RESULTS = Path(__file__).with_name("results.json")


def main() -> None:
    """Write the rows, run both ways, and tell."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--folder", help="where the CSV and the lake go; left out, the temporary folder")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as name:
        folder = Path(name)
        write_rows(folder / "rows.csv", asked.rows)
        runs: dict[str, list[dict[str, Any]]] = {"tidemill": []} if asked.alone else {"bare": [], "tidemill": []}
        for _ in range(asked.rounds):
            for way, made in runs.items():
                made.append(_run(way, folder))
    found = {way: min(made, key=lambda one: float(one["seconds"])) for way, made in runs.items()}
    for way, one in found.items():
        print(f"{way:<9} {one['seconds']:7.1f} s  {one['processor_seconds']:7.1f} s of processor  {one['peak_gb']} GB")
        print(f"          {one['stages']}")
    if "bare" in found:
        for name in ("seconds", "processor_seconds"):
            found[f"ratio_of_{name}"] = round(found["tidemill"][name] / found["bare"][name], 2)
            print(f"{name}: {found[f'ratio_of_{name}']} x bare")
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    known[str(asked.rows)] = found
    RESULTS.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")


def _run(way: str, folder: Path) -> dict[str, Any]:
    arguments = {
        "bare": ["benchmarks.data_in.bare", str(folder / "rows.csv"), str(folder / "out.parquet")],
        "tidemill": ["benchmarks.data_in.ours", str(folder)],
    }[way]
    done = subprocess.run(
        [sys.executable, "-m", *arguments], stdout=subprocess.PIPE, text=True, check=True, env=dict(os.environ)
    )
    shutil.rmtree(folder / "lake", ignore_errors=True)
    (folder / "out.parquet").unlink(missing_ok=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    main()
