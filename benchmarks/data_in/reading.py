"""What reading a CSV costs beside ``pyarrow.csv.read_csv``: time and peak memory, each in a process of its own.

Run ``python -m benchmarks.data_in.reading [rows]`` (1,000,000 by default; 20 columns).
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.data_in.rows import write_rows

PIECE = 100_000
REPEATS = 3


def bare(file: str) -> int:
    """The whole table at once, as Arrow guesses its types from the first megabyte."""
    from pyarrow import csv

    return int(csv.read_csv(file).num_rows)


def ours(file: str) -> int:
    """Types that hold for the whole file, every row accounted for, as frames of 100,000 rows."""
    from tidemill.reading import open_dataset

    return sum(len(frame) for frame in open_dataset(file).frames(PIECE))


def measured(way: str, file: str) -> None:
    """Print rows, seconds of wall time, seconds of processor time and peak megabytes."""
    import pandas  # noqa: F401 - imports are not what is measured

    import tidemill.reading  # noqa: F401

    wall, busy = time.perf_counter(), time.process_time()
    rows = {"bare": bare, "ours": ours}[way](file)
    wall, busy = time.perf_counter() - wall, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{rows} {wall:.2f} {busy:.2f} {peak:.0f}")


def main(rows: int) -> None:
    """Measure both ways in turn, and print the best of each."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.csv"
        write_rows(file, rows)
        best: dict[str, list[float]] = {}
        for _ in range(REPEATS):
            for way in ("bare", "ours"):
                command = [sys.executable, "-m", "benchmarks.data_in.reading", way, str(file)]
                said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
                found = [float(one) for one in said]
                best[way] = [min(pair) for pair in zip(best.get(way, found), found, strict=True)]
        size = file.stat().st_size / 2**20
    print(f"{rows:,} rows x 20, {size:.0f} MB; best of {REPEATS}")
    for way, (_, wall, busy, peak) in best.items():
        print(f"{way:5} {wall:6.2f} s, {busy:6.2f} s of processor time, {peak:6.0f} MB at most")
    more = [ours / bare for ours, bare in zip(best["ours"], best["bare"], strict=True)]
    print(f"ours takes {more[1]:.2f} x the time, {more[2]:.2f} x the work, {more[3]:.2f} x the memory")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        measured(sys.argv[1], sys.argv[2])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
