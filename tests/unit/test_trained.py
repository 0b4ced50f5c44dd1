"""Which rows a version was trained on, by what is stored beside its Snapshot."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidemill.snapshot import write_snapshot
from tidemill.store import Store
from tidemill.trained import Lookup, Unknown, remember, seen
from tidemill.usecase.schema import UseCase


def use_case(**said: object) -> UseCase:
    start = {"name": "toy", "sources": {"rows": {"url": "rows.csv"}}, "target": {"column": "bought"}}
    return UseCase.model_validate({**start, **said})


def rows(count: int, start: int = 0) -> pd.DataFrame:
    number = np.arange(start, start + count)
    return pd.DataFrame(
        {
            "row": number,
            "name": [f"n{one}" for one in number],
            "at": pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(number, unit="h"),
            "amount": number / 7.0,
            "bought": number % 2,
        }
    )


@settings(max_examples=15, deadline=None)
@given(
    trained=st.sets(st.integers(0, 60), min_size=1),
    asked=st.lists(st.integers(0, 60), min_size=1, max_size=40),
    names=st.sampled_from([("row",), ("name",), ("row", "at"), ()]),
)
def test_exactly_the_rows_that_were_trained_on_are_known_again(
    trained: set[int], asked: list[int], names: tuple[str, ...]
) -> None:
    store, everything = Store(f"memory://trained-{hash((tuple(trained), tuple(asked), names))}"), rows(61)
    case = use_case(id=names, clean={"unique_id": True})
    known = remember(store, case, write_snapshot(store, "toy", "train", everything.iloc[sorted(trained)]))
    found = seen(store, known, Lookup(store, write_snapshot(store, "toy", "gate", everything.iloc[asked])))
    assert found.tolist() == [one in trained for one in asked]


def test_a_value_has_one_hash_in_whatever_type_it_is_stored(memory: Store) -> None:
    case = use_case(id=["row", "name"])
    known = remember(memory, case, write_snapshot(memory, "toy", "train", rows(50)))
    later = rows(80)
    later["row"] = later["row"].astype("float64")
    later["name"] = later["name"].astype("category")
    later["amount"] = 0.0
    found = seen(memory, known, Lookup(memory, write_snapshot(memory, "toy", "gate", later)))
    assert found.tolist() == [True] * 50 + [False] * 30
    as_text = later.assign(row=later["row"].astype(int).astype(str))
    assert seen(memory, known, Lookup(memory, write_snapshot(memory, "toy", "gate", as_text))).sum() == 50


def test_large_whole_numbers_are_told_apart(memory: Store) -> None:
    big = 2**60 + np.arange(40)
    case = use_case(id=["row"])
    known = remember(memory, case, write_snapshot(memory, "toy", "train", pd.DataFrame({"row": big[::2]})))
    found = seen(memory, known, Lookup(memory, write_snapshot(memory, "toy", "gate", pd.DataFrame({"row": big}))))
    assert found.tolist() == [True, False] * 20


def test_ids_that_may_repeat_are_known_with_their_moment(memory: Store) -> None:
    case = use_case(id=["name"], time="at", clean={"unique_id": False})
    known = remember(memory, case, write_snapshot(memory, "toy", "train", rows(20)))
    assert known.names == ("name", "at")
    moved = rows(20).assign(at=lambda frame: frame["at"] + pd.Timedelta(days=9))
    assert not seen(memory, known, Lookup(memory, write_snapshot(memory, "toy", "gate", moved))).any()


def test_what_was_derived_names_no_row(memory: Store) -> None:
    case = use_case(derive={"half": "amount / 2"})
    frame = rows(20).assign(half=1.0)
    known = remember(memory, case, write_snapshot(memory, "toy", "train", frame))
    assert "half" not in known.names
    again = write_snapshot(memory, "toy", "gate", frame.drop(columns="half"))
    assert seen(memory, known, Lookup(memory, again)).all()


def test_eight_bytes_a_row_are_stored_once(memory: Store) -> None:
    snapshot = write_snapshot(memory, "toy", "train", rows(20_000))
    known = remember(memory, use_case(id=["name"]), snapshot)
    assert known.key.startswith(snapshot.prefix)
    assert len(memory.read_bytes(known.key)) < 8.2 * 20_000
    assert remember(memory, use_case(id=["name"]), snapshot) == known


def test_what_can_not_be_told_is_said(memory: Store) -> None:
    known = remember(memory, use_case(id=["name"]), write_snapshot(memory, "toy", "train", rows(30)))
    gate = write_snapshot(memory, "toy", "gate", rows(30).drop(columns="name"))
    with pytest.raises(Unknown, match="known by `name`, which is no longer a column"):
        seen(memory, known, Lookup(memory, gate))
    whole = write_snapshot(memory, "toy", "gate", rows(30))
    memory.write_bytes(known.key, memory.read_bytes(known.key) + b"x")
    with pytest.raises(Unknown, match="was changed"):
        seen(memory, known, Lookup(memory, whole))
    memory.delete(known.key)
    with pytest.raises(Unknown, match="is gone"):
        seen(memory, known, Lookup(memory, whole))


def test_the_hashes_are_those_of_the_first_day(memory: Store) -> None:
    """Stored hashes outlive the code: another hash would make every row look new."""
    frame = pd.DataFrame({"row": [1, 2], "name": ["a", None], "at": pd.to_datetime(["2024-01-01", None], utc=True)})
    known = remember(memory, use_case(id=["row", "name", "at"]), write_snapshot(memory, "toy", "train", frame))
    assert np.load(io.BytesIO(memory.read_bytes(known.key))).tolist() == [3217271102682760756, 14987541693767803610]
