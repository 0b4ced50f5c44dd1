"""What was brought back out of Quarantine: kept for ever, the newest of a row counts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from tidemill.collecting.replays import Mended, Replay, Replays
from tidemill.errors import UserError
from tidemill.snapshot import write_snapshot
from tidemill.store import Store

GOLDEN = Path(__file__).parents[2] / "golden" / "replays-1"
SCHEMA = pa.schema([("id", pa.int64()), ("age", pa.float64()), ("city", pa.string())])


def brought_back(store: Store, minute: int, rows: dict[str, float]) -> Replay:
    frame = pd.DataFrame({"id": range(len(rows)), "age": list(rows.values())})
    replay = Replay(
        use_case="toy",
        snapshot=write_snapshot(store, "toy", "mended", frame),
        rows=tuple(rows),
        who="ana",
        when=datetime(2024, 1, 1, 0, minute, tzinfo=UTC),
        why="asked",
    )
    Replays(store, "toy").add(replay)
    return replay


def test_of_a_row_that_is_brought_back_twice_the_newest_counts(memory: Store) -> None:
    brought_back(memory, 1, {"a": 30, "b": 31})
    brought_back(memory, 2, {"b": 41, "c": 42})
    replays = Replays(memory, "toy")
    mended = Mended(memory, replays.all())
    assert (mended.rows, replays.replayed()) == (3, {"a", "b", "c"})
    frame = pd.concat(mended.frames(SCHEMA, "data.csv"), ignore_index=True)
    assert frame["age"].tolist() == [30, 41, 42]
    assert frame["city"].isna().all(), "the source has got a column since"


def test_rows_that_no_longer_fit_the_source_are_named(memory: Store) -> None:
    text = write_snapshot(memory, "toy", "mended", pd.DataFrame({"age": ["thirty"]}))
    replay = brought_back(memory, 1, {"a": 30}).model_copy(update={"snapshot": text})
    with pytest.raises(UserError, match=r"ana brought back on 2024-01-01 00:01 no longer fit data\.csv"):
        list(Mended(memory, [replay]).frames(SCHEMA, "data.csv"))


def test_a_record_of_format_1_loads(memory: Store) -> None:
    (replay,) = Replays(Store(str(GOLDEN)), "toy").all()
    assert (replay.who, replay.rows, replay.why) == ("ana", ("a", "b"), "asked")
    assert replay.snapshot.rows == 2


@pytest.mark.parametrize(("change", "says"), [({"format": 2}, "has format 2"), ({"who": None}, "is damaged")])
def test_a_record_that_can_not_be_read_is_named(memory: Store, change: dict[str, object], says: str) -> None:
    brought_back(memory, 1, {"a": 30})
    (key,) = Replays(memory, "toy").keys()
    memory.write_json(key, {**memory.read_json(key), **change})
    with pytest.raises(UserError, match=says):
        Replays(memory, "toy").all()
