"""A CSV read, deduplicated and written bare: pyarrow reads, pandas drops equal rows, pyarrow writes Parquet.

    python -m benchmarks.data_in.bare rows.csv out.parquet

Prints JSON: rows, wall and processor seconds after the imports, peak memory of the process in GB.
"""

from __future__ import annotations

import sys

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from benchmarks.data_in.measuring import Stopwatch, told

__all__ = ["main"]


def main(source: str, output: str) -> None:
    """Do it, and tell."""
    watch = Stopwatch()
    table = pyarrow.csv.read_csv(source)
    watch.lap("read")
    frame = table.to_pandas()
    del table
    frame = frame.drop_duplicates()
    watch.lap("dedupe")
    pyarrow.parquet.write_table(pa.Table.from_pandas(frame, preserve_index=False), output)
    watch.lap("write")
    told(watch, len(frame))


if __name__ == "__main__":
    main(*sys.argv[1:])
