"""Rows taken out of Snapshots: the others are as they were, in their order, under the same name."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidemill.erasing.searching import Wanted, search
from tidemill.erasing.snapshots import manifests, redact
from tidemill.snapshot import SnapshotWriter, part_key, write_snapshot
from tidemill.store import Store

WHEN = datetime(2024, 1, 1, tzinfo=UTC)
ROWS = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.one_of(st.none(), st.sampled_from(["a", "b", "é"])),
        st.floats(allow_nan=True, width=64),
        st.one_of(st.none(), st.booleans()),
    ),
    min_size=1,
    max_size=30,
)


def mask_of(who: int):  # type: ignore[no-untyped-def]
    return lambda table: np.asarray(table.column("who").to_numpy() == who)


@settings(max_examples=25)
@given(ROWS, st.integers(1, 3))
def test_rows_before_are_rows_after_and_those_erased(rows: list[tuple[object, ...]], pieces: int) -> None:
    store = Store(f"memory://{id(rows)}")
    frame = pd.DataFrame(rows, columns=["who", "level", "number", "flag"])
    frame = frame.astype({"who": "int64", "level": "category", "number": "float64", "flag": "boolean"})
    writer = SnapshotWriter(store, "toy", "raw")
    for piece in np.array_split(np.arange(len(frame)), pieces):
        writer.add(frame.iloc[piece])
        writer._flush(last=True) if len(piece) else None  # parts of their own
    snapshot = writer.close()
    before = list(snapshot.tables(store))
    parts = snapshot.manifest(store).parts
    held = [part.sha256 for part, table in zip(parts, before, strict=True) if mask_of(2)(table).any()]
    assert redact(store, "toy", dict.fromkeys(held), mask_of(2), "e1", WHEN) == {}
    manifest, after = snapshot.manifest(store), list(snapshot.tables(store))
    gone = int((frame["who"] == 2).sum())
    assert manifest.rows == len(frame) - gone == sum(table.num_rows for table in after)
    assert sum(one.rows for one in manifest.redactions) == gone
    assert len(after) == len(before), "a landing's ranges go with its parts"
    for old, new in zip(before, after, strict=True):
        kept = old.filter(pa.array(~mask_of(2)(old)))
        for name in old.column_names:
            one, other = (_plain(table.column(name)) for table in (kept, new))
            assert one.equals(other) or _bits(one) == _bits(other)
        if old.num_rows > new.num_rows and pa.types.is_dictionary(new.schema.field("level").type):
            levels = new.column("level").combine_chunks()
            assert set(levels.dictionary.to_pylist()) == set(levels.to_pylist()) - {None}, "no level that nobody has"


def _plain(column: pa.ChunkedArray) -> pa.Array:
    kind = column.type
    return (column.cast(kind.value_type) if pa.types.is_dictionary(kind) else column).combine_chunks()


def _bits(column: pa.Array) -> bytes:
    return bytes(column.to_numpy(zero_copy_only=False).tobytes())


def test_a_category_forgets_a_level_that_no_row_has(memory: Store) -> None:
    frame = pd.DataFrame({"who": pd.Categorical(["a", "b", "a"], categories=["a", "b", "c17"])})
    snapshot = write_snapshot(memory, "toy", "raw", frame)
    (key,) = snapshot.manifest(memory).part_keys()
    wanted = Wanted("who", ("c17",), fold=False)
    found = search(memory, [key], wanted, ())
    assert found.rows == {key: 0}
    redact(memory, "toy", [snapshot.manifest(memory).parts[0].sha256], wanted.mask, "e1", WHEN)
    assert list(snapshot.read(memory)["who"].cat.categories) == ["a", "b"]


def test_a_part_that_two_snapshots_share_goes_out_of_both(memory: Store) -> None:
    frame = pd.DataFrame({"who": [1, 2, 3], "x": [1.0, 2.0, 3.0]})
    one, other = (write_snapshot(memory, "toy", kind, frame) for kind in ("raw", "cleaned"))
    (part,) = one.manifest(memory).parts
    redact(memory, "toy", [part.sha256], mask_of(2), "e1", WHEN)
    for snapshot in (one, other):
        assert snapshot.read(memory)["who"].tolist() == [1, 3]
        (note,) = snapshot.manifest(memory).redactions
        assert (note.erasure, note.rows, list(note.parts)) == ("e1", 1, [part.sha256])
    assert not memory.exists(part_key("toy", part.name))


def test_a_part_that_no_snapshot_has_goes_whole(memory: Store) -> None:
    frame = pd.DataFrame({"who": [1, 2]})
    snapshot = write_snapshot(memory, "toy", "raw", frame)
    (part,) = snapshot.manifest(memory).parts
    memory.delete(f"{snapshot.prefix}/manifest.json")
    redact(memory, "toy", [part.sha256], mask_of(2), "e1", WHEN)
    assert memory.list("toy/parts") == []


def test_a_damaged_part_is_left_and_named(memory: Store) -> None:
    snapshot = write_snapshot(memory, "toy", "raw", pd.DataFrame({"who": [1, 2]}))
    other = write_snapshot(memory, "toy", "raw", pd.DataFrame({"who": [1, 2, 3]}))
    (key,), (data,) = snapshot.manifest(memory).part_keys(), other.manifest(memory).part_keys()
    memory.write_bytes(key, memory.read_bytes(data))
    (part,) = snapshot.manifest(memory).parts
    lost = redact(memory, "toy", [part.sha256], mask_of(2), "e1", WHEN)
    assert "was changed after it was written" in lost[key]
    assert not snapshot.manifest(memory).redactions


@pytest.mark.parametrize("after", ["part", "manifest"])
def test_a_killed_redaction_is_finished_by_another(memory: Store, after: str, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame({"who": [1, 2, 3]})
    snapshots = [write_snapshot(memory, "toy", kind, frame) for kind in ("raw", "cleaned")]
    (part,) = snapshots[0].manifest(memory).parts
    real, writes = Store.write_json, []

    def dies(store: Store, key: str, value: object) -> None:
        writes.append(key)
        if len(writes) > (1 if after == "part" else 2):
            raise KeyboardInterrupt
        real(store, key, value)

    monkeypatch.setattr(Store, "write_json", dies)
    with pytest.raises(KeyboardInterrupt):
        redact(memory, "toy", [part.sha256], mask_of(2), "e1", WHEN)
    monkeypatch.setattr(Store, "write_json", real)
    for snapshot in snapshots:
        assert snapshot.read(memory)["who"].tolist() in ([1, 2, 3], [1, 3]), "whole at every moment"
    redact(memory, "toy", [part.sha256], mask_of(2), "e1", WHEN)
    assert [snapshot.read(memory)["who"].tolist() for snapshot in snapshots] == [[1, 3], [1, 3]]
    assert not memory.exists(part_key("toy", part.name))


def test_a_manifest_that_somebody_wrote_meanwhile_is_mended(memory: Store) -> None:
    frame = pd.DataFrame({"who": [1, 2, 3]})
    snapshot = write_snapshot(memory, "toy", "raw", frame)
    old = memory.read_json(f"{snapshot.prefix}/manifest.json")
    (part,) = snapshot.manifest(memory).parts
    redact(memory, "toy", [part.sha256], mask_of(2), "e1", WHEN)
    memory.write_json(f"{snapshot.prefix}/manifest.json", old)
    redact(memory, "toy", [], mask_of(9), "e2", WHEN)
    assert snapshot.read(memory)["who"].tolist() == [1, 3]


def test_what_is_written_again_after_a_lift_is_whole(memory: Store) -> None:
    frame = pd.DataFrame({"who": [1, 2, 3]})
    snapshot = write_snapshot(memory, "toy", "raw", frame)
    (part,) = snapshot.manifest(memory).parts
    redact(memory, "toy", [part.sha256], mask_of(2), "e1", WHEN)
    again = write_snapshot(memory, "toy", "raw", frame)
    assert again == snapshot
    redact(memory, "toy", [], mask_of(9), "e2", WHEN)
    assert again.read(memory)["who"].tolist() == [1, 2, 3]


def test_a_manifest_without_redactions_is_as_it_always_was(memory: Store) -> None:
    snapshot = write_snapshot(memory, "toy", "raw", pd.DataFrame({"who": [1]}))
    said = memory.read_json(f"{snapshot.prefix}/manifest.json")
    assert said["format"] == 1
    assert "redactions" not in said
    assert list(manifests(memory, "toy")) == [snapshot.id]
