"""Profiles: what is kept of a Snapshot's columns."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.errors import UserError
from tidemill.profile import Profile, binned, codes_of, profile, profile_frame, window_numbers
from tidemill.snapshot import write_snapshot
from tidemill.store import Store
from tidemill.usecase.schema import CleanRules

GOLDEN = Path(__file__).parents[2] / "golden" / "profile-1.json"
RULES = CleanRules()


def of(values: object, kind: str) -> Profile:
    frame = pd.DataFrame({"x": values})
    return profile_frame("s", frame, {"x": kind}, rules=RULES)  # type: ignore[dict-item]


def test_numbers_are_cut_into_tenths() -> None:
    column = of(np.arange(1000.0), "number").column("x")
    assert len(column.counts) == 10
    assert set(column.counts) == {100}
    assert (column.low, column.high, column.mean) == (0, 999, 499.5)


def test_few_values_get_a_bin_each() -> None:
    column = of([0] * 90 + [1] * 8 + [7, None], "number").column("x")
    assert column.edges == (0, 1)
    assert column.counts == (90, 8, 1)
    assert column.missing == 1


def test_categories_keep_the_frequent_ones_and_know_all() -> None:
    column = of(["a"] * 600 + ["b"] * 395 + [f"r{number}" for number in range(5)] + [None], "category").column("x")
    assert column.levels == ("a", "b")
    assert column.counts == (600, 395, 5)
    assert column.known == ("a", "b", "r0", "r1", "r2", "r3", "r4")


def test_booleans_and_times() -> None:
    assert of([True, False, True, None], "boolean").column("x").levels == ("true", "false")
    at = of(pd.date_range("2024-01-01", periods=3, tz="UTC"), "time").column("x")
    assert (at.counts, at.low) == ((), 1704067200.0)


@pytest.mark.parametrize("kind", ["number", "category", "boolean", "time"])
def test_a_column_without_values(kind: str) -> None:
    column = of(pd.Series([None, None], dtype="object"), kind).column("x")
    assert (column.missing, column.missing_share, column.counts) == (2, 1.0, ())


@given(
    st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6), st.integers(0, 5)), min_size=1, max_size=80),
    st.lists(st.one_of(st.none(), st.floats(-1e7, 1e7)), min_size=1, max_size=80),
)
def test_every_value_has_its_bin(training: list[float | None], later: list[float | None]) -> None:
    column = of(pd.Series(training, dtype="float64"), "number").column("x")
    assert sum(column.counts) + column.missing == len(training)
    values = pd.Series(later, dtype="float64")
    if column.counts:
        assert int(binned(column, values).sum()) == int(values.notna().sum())
        assert ((codes_of(column, values) >= 0) == values.notna()).all()
        assert tuple(binned(column, pd.Series(training, dtype="float64"))) == column.counts


def test_what_windows_do_by_themselves() -> None:
    days = np.arange(40 * 50) // 50
    random = np.random.default_rng(1)
    frame = pd.DataFrame(
        {"season": days + random.normal(size=len(days)), "still": random.normal(size=len(days)), "level": days // 10}
    )
    frame["level"] = "l" + frame["level"].astype("str")
    kinds = {"season": "number", "still": "number", "level": "category"}
    made = profile_frame("s", frame, kinds, rules=RULES, windows=days // 10)  # type: ignore[arg-type]
    season, still, level = (made.column(name).usual for name in kinds)
    assert season is not None
    assert still is not None
    assert level is not None
    assert season.windows == 4
    assert season.psi > 1 > 0.1 > still.psi
    assert season.unseen > 0.8
    assert still.unseen < 0.05
    assert level.unseen == 1.0


def test_windows_are_whole_and_end_with_the_newest_row() -> None:
    times = pd.Series(pd.date_range("2024-01-01", periods=75, freq="D", tz="UTC"))
    numbers = window_numbers(times, timedelta(days=30))
    assert numbers[-1] == 1
    assert (numbers == 1).sum() == (numbers == 0).sum() == 30
    assert (numbers[:15] == -1).all()


def test_two_windows_say_nothing_of_what_is_usual() -> None:
    frame = pd.DataFrame({"x": np.arange(100.0)})
    made = profile_frame("s", frame, {"x": "number"}, rules=RULES, windows=np.arange(100) // 50)
    assert made.column("x").usual is None


def test_it_is_stored_and_read_again(memory: Store) -> None:
    frame = pd.DataFrame(
        {
            "at": pd.date_range("2024-01-01", periods=400, freq="h", tz="UTC"),
            "x": np.arange(400.0),
            "k": ["a", "b"] * 200,
        }
    )
    snapshot = write_snapshot(memory, "toy", "train", frame)
    made = profile(memory, snapshot, {"x": "number", "k": "category"}, time="at", window=timedelta(days=4))
    (key,) = memory.list("toy/profiles")
    assert key.startswith(f"toy/profiles/{snapshot.id}-")
    for part in memory.list("toy/parts"):
        memory.delete(part)
    assert profile(memory, snapshot, {"x": "number", "k": "category"}, time="at", window=timedelta(days=4)) == made
    said = memory.read_json(key)
    memory.write_json(key, {**said, "format": 2})
    with pytest.raises(UserError, match="has format 2; this Tidemill reads up to 1: upgrade"):
        profile(memory, snapshot, {"x": "number", "k": "category"}, time="at", window=timedelta(days=4))


def test_what_an_older_tidemill_stored_still_loads() -> None:
    found = Profile.model_validate(json.loads(GOLDEN.read_text()))
    amount = found.column("amount")
    assert amount.usual is not None
    assert amount.usual.windows == 4
    assert found.column("region").known == ("east", "north", "south", "west")
