"""The same CSV collected and cleaned into Snapshots of a lake on this disk.

    python -m benchmarks.data_in.ours folder

``folder`` holds ``rows.csv``. Prints what :mod:`benchmarks.data_in.bare` prints.
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.data_in.measuring import Stopwatch, told
from tidemill.cleaning import clean
from tidemill.collecting import collect
from tidemill.store import Store
from tidemill.usecase.loading import read_usecase

__all__ = ["main"]

USE_CASE = "name: large\nsources: {rows: {url: rows.csv}}\ntarget: {column: signed}\n"


def main(folder: str) -> None:
    """Do it, and tell."""
    file = Path(folder) / "usecase.yaml"
    file.write_text(USE_CASE)
    use_case, store = read_usecase(file), Store(str(Path(folder) / "lake"))
    watch = Stopwatch()
    collected = collect(store, use_case)
    watch.lap("collect")
    cleaned = clean(store, use_case, collected)
    watch.lap("clean")
    assert collected.snapshot.rows == cleaned.snapshot.rows + cleaned.deduplicated
    told(watch, cleaned.snapshot.rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
