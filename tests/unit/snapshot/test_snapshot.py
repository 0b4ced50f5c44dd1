"""Snapshots: what goes in comes out, the same content is the same Snapshot, damage is noticed."""

from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tidemill.errors import UserError
from tidemill.snapshot import Snapshot, SnapshotWriter, write_snapshot
from tidemill.store import Store


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidemill.tables.PART_ROWS", 100)


def every_kind(rows: int = 60) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "number": np.arange(rows) / 7,
            "whole": np.arange(rows),
            "big": pd.array([2**60 + 1, None] * (rows // 2), dtype="Int64"),
            "flag": [True, False] * (rows // 2),
            "maybe": pd.array([True, None] * (rows // 2), dtype="boolean"),
            "text": ["x", None] * (rows // 2),
            "level": pd.Categorical(["low", "high"] * (rows // 2), categories=["low", "mid", "high"], ordered=True),
            "at": pd.date_range("2024-01-01", periods=rows, freq="h"),
            "zoned": pd.date_range("2024-01-01", periods=rows, freq="h", tz="Asia/Jakarta"),
            "utc": pd.date_range("2024-01-01", periods=rows, freq="h", tz="UTC").as_unit("ns"),
            "lasted": pd.to_timedelta(np.arange(rows), unit="s"),
            "nothing": [None] * rows,
            "nan": [np.nan] * rows,
            "day": [date(2024, 1, 1)] * rows,
            "price": [Decimal("1.50")] * rows,
        }
    )


def test_what_goes_in_comes_out(store: Store) -> None:
    frame = every_kind()
    snapshot = write_snapshot(store, "toy", "raw", frame, parents=("a",), watermark=datetime(2024, 1, 1, tzinfo=UTC))
    assert snapshot.rows == len(frame)
    back = snapshot.read(store)
    pd.testing.assert_frame_equal(back, frame)
    manifest = snapshot.manifest(store)
    assert [column.name for column in manifest.columns] == list(frame.columns)
    assert manifest.parents == ("a",)
    assert manifest.watermark == datetime(2024, 1, 1, tzinfo=UTC)
    assert manifest.code
    assert set(store.list("toy")) == {*manifest.part_keys(), f"{snapshot.prefix}/manifest.json"}


def test_columns_are_given_in_the_order_asked_for(memory: Store) -> None:
    snapshot = write_snapshot(memory, "toy", "raw", every_kind())
    assert list(snapshot.read(memory, ["whole", "number"]).columns) == ["whole", "number"]
    with pytest.raises(UserError, match=r"no column `hole` \(did you mean `whole`\?\)"):
        snapshot.read(memory, ["hole"])


def test_the_same_content_is_the_same_snapshot_and_is_not_written_again(memory: Store) -> None:
    first = write_snapshot(memory, "toy", "raw", every_kind())
    before = {key: memory.read_bytes(key) for key in memory.list()}
    assert write_snapshot(memory, "toy", "raw", every_kind()) == first
    assert {key: memory.read_bytes(key) for key in memory.list()} == before
    other = write_snapshot(memory, "toy", "labelled", every_kind())
    assert other.id != first.id
    assert len(memory.list("toy/parts")) == 1
    assert write_snapshot(memory, "toy", "raw", every_kind().assign(whole=0)).id != first.id


def test_the_index_does_not_matter(memory: Store) -> None:
    frame = every_kind()
    moved = frame.set_index(pd.Index(np.arange(len(frame)) + 9, name="whatever"))
    assert write_snapshot(memory, "toy", "raw", moved) == write_snapshot(memory, "toy", "raw", frame)


@pytest.mark.usefixtures("small_parts")
@hypothesis.given(st.lists(st.integers(0, 700), max_size=5))
def test_cuts_do_not_matter(cuts: list[int]) -> None:
    store = Store("memory://cuts")
    frame = every_kind(700).drop(columns="level")
    edges = [0, *sorted(cuts), 700]
    pieces = [frame.iloc[start:end] for start, end in itertools.pairwise(edges)]
    snapshot = write_snapshot(store, "toy", "raw", pieces)
    assert snapshot == write_snapshot(store, "toy", "raw", frame)
    assert [part.rows for part in snapshot.manifest(store).parts] == [100] * 7


@pytest.mark.usefixtures("small_parts")
def test_frames_come_a_part_at_a_time_in_row_order(memory: Store) -> None:
    snapshot = write_snapshot(memory, "toy", "raw", every_kind(250))
    frames = list(snapshot.frames(memory, ["whole"]))
    assert [len(frame) for frame in frames] == [100, 100, 50]
    assert pd.concat(frames)["whole"].tolist() == list(range(250))


def test_no_rows_keep_their_columns(store: Store) -> None:
    empty = every_kind().iloc[:0]
    snapshot = write_snapshot(store, "toy", "raw", empty)
    assert snapshot.rows == 0
    back = snapshot.read(store)
    assert list(back.columns) == list(empty.columns)
    assert back.dtypes["zoned"] == empty.dtypes["zoned"]
    assert list(snapshot.read(store, ["text"]).columns) == ["text"]
    assert write_snapshot(store, "toy", "raw", []).read(store).empty


@pytest.mark.usefixtures("small_parts")
def test_an_empty_frame_among_others_adds_nothing(memory: Store) -> None:
    frame = every_kind(150).drop(columns="level")
    with_empty = [frame.iloc[:0], frame.iloc[:120], frame.iloc[:0], frame.iloc[120:]]
    assert write_snapshot(memory, "toy", "raw", with_empty) == write_snapshot(memory, "toy", "raw", frame)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize(
    ("early", "late", "expected"),
    [([None], ["x"], "str"), ([np.nan], ["x"], "str"), ([1], [1.5], "float64"), ([None], [True], "object")],
)
def test_a_column_may_become_wider_in_a_later_part(
    memory: Store, early: list[object], late: list[object], expected: str
) -> None:
    frames = [pd.DataFrame({"row": range(100), "x": values * 100}) for values in (early, late)]
    if expected == "str":
        frames[0]["x"] = frames[0]["x"].astype(object).where(frames[0]["x"].notna(), None)
    snapshot = write_snapshot(memory, "toy", "raw", frames)
    back = snapshot.read(memory)
    assert back["x"].dtype == expected
    assert back["x"].tolist()[100:] == late * 100
    schemas = {
        str(pq.read_schema(pa.BufferReader(memory.read_bytes(key)))) for key in snapshot.manifest(memory).part_keys()
    }
    assert len(schemas) == 1


@pytest.mark.usefixtures("small_parts")
def test_whole_numbers_with_gaps_in_a_later_part(memory: Store) -> None:
    frames = [pd.DataFrame({"x": range(100)}), pd.DataFrame({"x": [1.0, None] * 50})]
    assert write_snapshot(memory, "toy", "raw", frames).read(memory)["x"].isna().sum() == 50
    frames[0]["x"] += 2**60
    with pytest.raises(UserError, match="`x` can't be made one kind"):
        write_snapshot(memory, "toy", "raw", frames)


def test_categories_may_differ_between_frames(memory: Store) -> None:
    frames = [pd.DataFrame({"c": pd.Categorical(levels)}) for levels in (["a", "b"], ["b", "c"], [None, "a"])]
    back = write_snapshot(memory, "toy", "raw", frames).read(memory)
    assert isinstance(back["c"].dtype, pd.CategoricalDtype)
    assert back["c"].astype(object).where(back["c"].notna(), None).tolist() == ["a", "b", "b", "c", None, "a"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f: f.drop(columns="text"), "`text` is missing in a later part"),
        (lambda f: f.assign(extra=1), "`extra` is new in a later part"),
        (lambda f: f.assign(whole="x"), "`whole` is int64 in one part of the table and .*string in another"),
        (lambda f: pd.concat([f, f[["text"]]], axis=1), "two columns are named `text`"),
        (lambda f: f.assign(text=pd.Series([1, "x"] * 30, dtype=object)), "`text` can't be stored: .* int, str"),
        (lambda f: f.assign(text=[object()] * 60), "`text` can't be stored: .* object"),
        (lambda f: f.assign(number=1j), "`number` can't be stored: .* complex"),
        (lambda f: f.rename(columns={"text": 3}), "the column name 3 is not text"),
    ],
)
def test_what_does_not_fit_is_told_by_column(memory: Store, change, says: str) -> None:  # type: ignore[no-untyped-def]
    frame = every_kind()
    with pytest.raises(UserError, match=says):
        write_snapshot(memory, "toy", "raw", [frame, change(frame)])
    assert memory.list("toy/snapshots") == []


def test_columns_in_another_order_are_the_same_columns(memory: Store) -> None:
    frame = every_kind().drop(columns="level")
    mixed = write_snapshot(memory, "toy", "raw", [frame, frame[frame.columns[::-1]]])
    assert mixed == write_snapshot(memory, "toy", "raw", [frame, frame])


def test_a_snapshot_is_not_seen_before_it_is_whole(store: Store) -> None:
    def broken() -> Iterator[pd.DataFrame]:
        yield every_kind()
        raise RuntimeError("source broke off")

    with pytest.raises(RuntimeError):
        write_snapshot(store, "toy", "raw", broken())
    assert store.list("toy/snapshots") == []


def test_a_flipped_bit_is_noticed(memory: Store) -> None:
    snapshot = write_snapshot(memory, "toy", "raw", every_kind())
    (key,) = snapshot.manifest(memory).part_keys()
    data = bytearray(memory.read_bytes(key))
    data[len(data) // 2] ^= 1
    memory.write_bytes(key, bytes(data))
    with pytest.raises(UserError, match=r"parts/.*\.parquet was changed after it was written"):
        snapshot.read(memory)


def test_what_is_missing_or_damaged_is_named(memory: Store) -> None:
    snapshot = write_snapshot(memory, "toy", "raw", every_kind())
    (key,) = snapshot.manifest(memory).part_keys()
    memory.delete(key)
    with pytest.raises(UserError, match=r"parts/.*\.parquet is missing"):
        snapshot.read(memory)
    manifest = f"{snapshot.prefix}/manifest.json"
    said = memory.read_json(manifest)
    for content, says in [
        ({**said, "format": 3}, r"has format 3; this Tidemill reads up to 2: upgrade"),
        ({**said, "rows": "many"}, "manifest.json is damaged"),
        ([], "manifest.json is damaged"),
    ]:
        memory.write_json(manifest, content)
        with pytest.raises(UserError, match=says):
            snapshot.read(memory)
    memory.delete(manifest)
    with pytest.raises(UserError, match=r"manifest\.json is missing"):
        snapshot.read(memory)


def test_a_run_again_mends_what_was_removed(memory: Store) -> None:
    snapshot = write_snapshot(memory, "toy", "raw", every_kind())
    memory.delete(snapshot.manifest(memory).part_keys()[0])
    assert write_snapshot(memory, "toy", "raw", every_kind()) == snapshot
    assert len(snapshot.read(memory)) == 60


def test_a_reference_is_small_json(memory: Store) -> None:
    snapshot = write_snapshot(memory, "toy", "raw", every_kind())
    assert Snapshot.model_validate_json(snapshot.model_dump_json()) == snapshot
    assert len(snapshot.model_dump_json()) < 200


def test_memory_stays_flat(memory: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidemill.tables.PART_BYTES", 2**20)
    writer = SnapshotWriter(memory, "toy", "raw")
    start = pa.total_allocated_bytes()
    highest = 0
    random = np.random.default_rng(0)
    tracemalloc.start()
    for _ in range(20):
        writer.add(pd.DataFrame(random.integers(0, 3, (10_000, 20)), columns=[f"c{i}" for i in range(20)]))
        highest = max(highest, pa.total_allocated_bytes() - start)
    tracemalloc.stop()
    snapshot = writer.close()
    sizes = [part.rows for part in snapshot.manifest(memory).parts]
    assert max(sizes) * 20 * 8 <= 2**20
    assert sum(sizes) == 200_000
    assert highest < 8 * 2**20
