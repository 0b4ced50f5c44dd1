"""How long an erasure takes in a lake of many Snapshots, and how much of that is the proof.

    python benchmarks/erasing/many_snapshots.py [--snapshots 100] [--rows 200000] [--out results.json]

Each Snapshot has rows of its own: an id, a customer (a text), a note, and numbers. One customer has a row in one
Snapshot in ten. The peer is a plain script's least: every part read whole with pyarrow and filtered, nothing written.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tidemill.erasing.erasure import Request, erase
from tidemill.snapshot import write_snapshot
from tidemill.store import Store
from tidemill.usecase import UseCase

PERSON = "customer-00004711@shop.example"


def frame(number: int, rows: int) -> pd.DataFrame:
    """The rows of one Snapshot."""
    random = np.random.default_rng(number)
    who = random.integers(10_000_000, 99_999_999, rows)
    made = pd.DataFrame(
        {"order": np.arange(rows) + number * rows, "customer": [f"customer-{one}@shop.example" for one in who]}
    )
    if number % 10 == 0:
        made.loc[rows // 2, "customer"] = PERSON
    made["note"] = random.choice(["called", "wrote", "came by", "asked for a refund"], rows)
    for column in range(4):
        made[f"x{column}"] = random.normal(size=rows)
    return made


def bare(folder: Path) -> float:
    """Seconds to read and filter every part."""
    started = time.perf_counter()
    for file in folder.rglob("*.parquet"):
        table = pq.read_table(file)
        table.filter(pc.not_equal(table.column("customer"), PERSON))
    return time.perf_counter() - started


def main() -> None:
    """Fill a lake, erase one person, and say how long that took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--snapshots", type=int, default=100)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("results.json"))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tidemill-erasing-") as folder:
        store = Store(folder)
        for number in range(asked.snapshots):
            write_snapshot(store, "shop", "raw", frame(number, asked.rows))
        use_case = UseCase.model_validate(
            {"name": "shop", "sources": {"rows": {"url": "x.csv"}}, "target": {"column": "x0"}, "id": "order"}
        )
        plain = bare(Path(folder))
        made = erase(store, use_case, Request((PERSON,), "customer"))
        assert made.proof is not None
        assert made.proof.passed
        result = {
            "snapshots": asked.snapshots,
            "rows_each": asked.rows,
            "rows_erased": made.rows,
            "bytes": made.proof.bytes,
            "seconds": made.seconds,
            "seconds_of_the_proof": made.proof.seconds,
            "seconds_to_read_and_filter_all_parts_once": round(plain, 3),
        }
    asked.out.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
