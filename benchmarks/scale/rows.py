"""Made-up rows, written part by part, so that a table of any length never is in memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from tidemill.results import ClassCount, Labelled, Split
from tidemill.snapshot import Snapshot, SnapshotWriter, write_snapshot
from tidemill.store import Store
from tidemill.usecase.schema import UseCase

__all__ = ["GATE_ROWS", "frame", "labelled", "split", "use_case"]

PART = 250_000
DISTINCT = 2_000_000
GATE_ROWS = 100_000
LEVELS = np.array([f"level {number}" for number in range(12)])
START = datetime(2024, 1, 1, tzinfo=UTC)


def frame(first: int, count: int) -> pd.DataFrame:
    """Rows ``first`` and following: 22 numbers (one with gaps), 4 categories, 3 whole numbers, a time; a target.

    The target hangs on five columns, two of them together, under much noise: the best AUC is some 0.8.
    """
    random = np.random.default_rng([7, first])
    made: dict[str, object] = {"at": pd.Timestamp(START) + pd.to_timedelta(np.arange(first, first + count), unit="s")}
    numbers = random.standard_normal((count, 22)).round(4)
    made |= {f"n{number}": numbers[:, number] for number in range(22)}
    made |= {f"c{number}": LEVELS[random.integers(0, 12, count)] for number in range(4)}
    made |= {f"i{number}": random.integers(0, 1_000, count) for number in range(3)}
    rows = pd.DataFrame(made)
    rows["n3"] = rows["n3"].mask(random.uniform(size=count) < 0.05)
    score = numbers[:, 0] + numbers[:, 1] * numbers[:, 2] + (rows["c0"] == LEVELS[3]) * 1.5 + np.sin(rows["i0"] / 80.0)
    rows["target"] = (score + 2.0 * random.logistic(size=count) > 1.0).astype("int64")
    return rows


def split(store: Store, rows: int) -> Split:
    """``rows`` to train on and the gate's that come after them, as Snapshots; found there when made before.

    Beyond 2,000,000 rows the same parts come again. Each is read anew, and a row's copies have its time, so that
    none is on both sides of a fold.
    """
    key = f"scale/made/{rows}.json"
    try:
        return Split.model_validate(store.read_json(key))
    except KeyError:
        pass
    made = Split(
        by="time",
        train=_repeated(store, rows) if rows > DISTINCT else write_snapshot(store, "scale", "train", _parts(0, rows)),
        gate=write_snapshot(store, "scale", "gate", _parts(min(rows, DISTINCT), GATE_ROWS)),
        boundary=START + timedelta(seconds=min(rows, DISTINCT)),
        end=START + timedelta(seconds=min(rows, DISTINCT) + GATE_ROWS),
    )
    store.write_json(key, made.model_dump(mode="json"))
    return made


def labelled(snapshot: Snapshot) -> Labelled:
    """What the stage before would have said of these rows."""
    classes = (ClassCount(label="no", rows=1), ClassCount(label="yes", rows=1))
    return Labelled(snapshot=snapshot, quarantine=None, refused={}, waiting=0, task="binary", classes=classes)


def use_case(memory: str | None = None) -> UseCase:
    """The use case of these rows."""
    return UseCase.model_validate(
        {
            "name": "scale",
            "sources": {"rows": {"url": str(Path("rows.csv"))}},
            "target": "target",
            "task": "binary",
            "time": "at",
            "tune": {"memory": memory},
        }
    )


def _repeated(store: Store, rows: int) -> Snapshot:
    """So many rows out of the parts of the first 2,000,000, which are written once."""
    manifest = split(store, DISTINCT).train.manifest(store)
    schema = next(split(store, DISTINCT).train.tables(store)).schema
    writer = SnapshotWriter(store, "scale", "train")
    for place in range(rows // PART):
        writer.keep([manifest.parts[place % len(manifest.parts)]], schema)
    return writer.close()


def _parts(first: int, count: int) -> Iterator[pd.DataFrame]:
    for start in range(first, first + count, PART):
        yield frame(start, min(PART, first + count - start))
