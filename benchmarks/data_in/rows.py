"""A CSV of 20 columns: numbers, whole numbers with gaps, categories, free text, times and booleans."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

__all__ = ["write_rows"]

PIECE = 250_000
REPEATED = 100
WORDS = "the parcel was left with a neighbour at noon late early damaged fine thanks call before coming again"


def write_rows(file: Path, rows: int, seed: int = 7) -> None:
    """Write ``rows`` rows to ``file``; one in a hundred repeats a row of the same piece of 250,000."""
    with file.open("wb") as sink:
        for start in range(0, rows, PIECE):
            table = pa.Table.from_pandas(_piece(start, min(PIECE, rows - start), seed), preserve_index=False)
            options = pyarrow.csv.WriteOptions(include_header=start == 0, quoting_style="needed")
            pyarrow.csv.write_csv(table, sink, options)


def _piece(start: int, rows: int, seed: int) -> pd.DataFrame:
    random = np.random.default_rng([seed, start])
    numbers = np.arange(start, start + rows)
    frame = pd.DataFrame({"parcel": numbers, "depot": random.integers(1, 400, rows)})
    for place in range(5):
        frame[f"reading_{place}"] = np.round(random.normal(50, 20, rows), 3)
    frame["amount"] = np.round(random.gamma(2, 40, rows), 2)
    for place in range(3):
        column = pd.Series(random.integers(0, 10 ** (place + 2), rows), dtype="Int64")
        frame[f"count_{place}"] = column.mask(random.uniform(size=rows) < 0.1)
    for place, levels in enumerate((4, 30, 800, 5_000)):
        frame[f"category_{place}"] = (
            pd.Series([f"level {level}" for level in range(levels)], dtype="str")
            .take(random.integers(0, levels, rows))
            .to_numpy()
        )
    for place, length in enumerate((4, 9)):
        words = np.array(WORDS.split())[random.integers(0, 18, (rows, length))]
        frame[f"note_{place}"] = pd.Series([" ".join(row) for row in words.tolist()], dtype="str")
    moments = pd.Timestamp("2024-01-01") + pd.to_timedelta(numbers * 7, unit="s")
    frame["sent"] = moments.strftime("%Y-%m-%d %H:%M:%S")
    frame["due"] = (moments + pd.to_timedelta(random.integers(1, 72, rows), unit="h")).strftime("%Y-%m-%dT%H:%M:%SZ")
    frame["signed"] = np.where(random.uniform(size=rows) < 0.7, "true", "false")
    repeats = random.choice(rows, rows // REPEATED, replace=False)
    places = np.arange(rows)
    places[repeats] = random.integers(0, rows, len(repeats))
    return frame.take(places)
