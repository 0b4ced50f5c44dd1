"""The list of the erased: an append-only log that every later Tidemill must read."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from tidemill.erasing.records import Erasure
from tidemill.erasing.tombstones import ErasedLog, Sieve, Tombstones
from tidemill.errors import UserError
from tidemill.snapshot import Snapshot
from tidemill.store import Store

GOLDEN = Store(str(Path(__file__).parents[2] / "golden" / "erased-1"))


def test_a_list_of_format_1_still_refuses_whom_it_named() -> None:
    sieve = Sieve(ErasedLog(GOLDEN, "toy").standing())
    kept = sieve.frame(pd.DataFrame({"customer": ["C17", "C18", "C19"], "order": [1, 2, 3]}))
    assert kept["customer"].tolist() == ["C18", "C19"], "the erasure of C18 was lifted"
    linked = sieve.table(pa.table({"order": [8, 9]}))
    assert linked.column("order").to_pylist() == [8], "9 is an order of C17, where no customer is told"
    other = sieve.frame(pd.DataFrame({"customer": ["C19"], "order": [9]}))
    assert (len(other), sieve.rows) == (1, 2), "an order of another customer is theirs"


def test_a_record_of_format_1_loads() -> None:
    made = Erasure.model_validate(GOLDEN.read_json("toy/erasures/20240101-aaaaaaaa.json"))
    assert (made.rows, made.versions[0].retrain, made.preview) == (1, True, False)


def test_a_redacted_snapshot_of_format_2_reads() -> None:
    snapshot = Snapshot(use_case="toy", id="f1ece0bc1a962c8b", kind="raw", rows=3)
    assert snapshot.read(GOLDEN)["customer"].tolist() == ["C1", "C2"]
    (note,) = snapshot.manifest(GOLDEN).redactions
    assert (note.erasure, note.rows) == ("20240101-aaaaaaaa", 1)


def test_an_empty_list_costs_nothing_and_says_nothing(memory: Store) -> None:
    none = ErasedLog(memory, "toy").standing()
    assert (bool(none), none.digest) == (False, None)
    frame = pd.DataFrame({"customer": ["C17"]})
    assert Sieve(none).frame(frame) is frame
    assert not Tombstones().mask(pa.table({"customer": ["C17"]})).any()


@pytest.mark.parametrize(
    ("key", "data", "says"),
    [
        ("20240101T000100000000-000000000000.json", b'{"format": 2}', "has format 2"),
        ("20240101T000100000000-000000000000.json", b"{", "is damaged"),
        ("notes.txt", b"x", "is no entry of the erasure list"),
    ],
)
def test_a_list_that_can_not_be_read_stops_everything(memory: Store, key: str, data: bytes, says: str) -> None:
    memory.write_bytes(f"toy/erased/{key}", data)
    with pytest.raises(UserError, match=says):
        ErasedLog(memory, "toy").standing()
