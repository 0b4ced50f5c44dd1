"""Traps that both sides of the split show, planted and not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.data.cases import case, labelled_of
from tidemill.results import Trap, Validation
from tidemill.splitting import split
from tidemill.store import Store
from tidemill.traps import find_split_traps, stopped_by

FEW = settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
SEEDS = st.integers(0, 10**6)


def people(rows: int, seed: int, *, numbers: bool = True) -> pd.DataFrame:
    """A table of categories that hang together, as real ones do, and numbers; the target hangs on some of them."""
    random = np.random.default_rng(seed)
    trade = random.choice(8, rows, p=[0.3, 0.2, 0.15, 0.1, 0.1, 0.08, 0.05, 0.02])
    school = np.clip(trade // 2 + random.integers(0, 2, rows), 0, 4)
    house = np.where(random.random(rows) < 0.8, school // 2, random.integers(0, 3, rows))
    chance = 1 / (1 + np.exp(-(school - 2 + random.normal(scale=0.5, size=rows))))
    frame = pd.DataFrame(
        {
            "row": np.arange(rows),
            "trade": [f"t{one}" for one in trade],
            "school": school,
            "house": [f"h{one}" for one in house],
            "area": [f"a{one}" for one in house],
            "member": random.random(rows) < 0.3,
            "y": (random.random(rows) < chance).astype("int64"),
        }
    )
    return (
        frame.assign(income=np.round(random.gamma(2, 900, rows), 2), size=random.normal(size=rows))
        if numbers
        else frame
    )


def found_in(
    store: Store, folder: Path, frame: pd.DataFrame, text: str = "id: row\n", task: str = "binary"
) -> list[Trap]:
    use_case = case(folder, text)
    labelled = labelled_of(store, frame, task)
    parts = split(store, use_case, labelled, labelled.snapshot)
    validation = Validation(
        subject="x",
        passed=True,
        reasons=(),
        results=(),
        leaks=(),
        excluded={},
        snapshot=labelled.snapshot,
        quarantine=None,
    )
    return find_split_traps(store, use_case, labelled, validation, parts)


def copied(frame: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    """The table with a share of its rows written a second time under a new number."""
    more = pd.concat([frame, frame.sample(frac=share, random_state=seed)], ignore_index=True)
    return more.sample(frac=1, random_state=seed).assign(row=np.arange(len(more))).reset_index(drop=True)


@FEW
@given(rows=st.integers(1_500, 5_000), seed=SEEDS, share=st.floats(0.35, 1.0), numbers=st.booleans())
def test_copies_across_the_split_stop_the_run(
    tmp_path: Path, memory: Store, rows: int, seed: int, share: float, numbers: bool
) -> None:
    frame = copied(people(rows, seed), share, seed)
    frame = frame if numbers else frame.drop(columns="size")
    found = found_in(memory, tmp_path, frame)
    assert [(trap.kind, trap.severity, trap.stops) for trap in found] == [("duplicates", "critical", True)]
    assert "100% of them have its target too" in found[0].evidence
    assert "say `validate: {allow: [duplicates]}`" in stopped_by(found)[0]
    allowed = found_in(memory, tmp_path, frame, "id: row\nvalidate: {allow: [duplicates]}\n")
    assert [(trap.stops, trap.allowed) for trap in allowed] == [(False, True)]


@FEW
@given(rows=st.integers(1_500, 5_000), seed=SEEDS, numbers=st.booleans())
def test_rows_that_are_alike_by_chance_are_not_accused(
    tmp_path: Path, memory: Store, rows: int, seed: int, numbers: bool
) -> None:
    """With categories alone nearly every gate row has a twin; that is what such tables are like."""
    assert found_in(memory, tmp_path, people(rows, seed, numbers=numbers)) == []


def test_a_rare_class_that_was_copied_before_the_split_stops_it_too(tmp_path: Path, memory: Store) -> None:
    frame = people(6_000, 1)
    rare = frame[frame["y"] == 1].sample(400, random_state=1)
    frame = pd.concat([frame[frame["y"] == 0], *[rare] * 5], ignore_index=True).assign(
        row=lambda one: np.arange(len(one))
    )
    assert [(trap.kind, trap.stops) for trap in found_in(memory, tmp_path, frame)] == [("duplicates", True)]


def test_twins_with_other_targets_are_a_warning(tmp_path: Path, memory: Store) -> None:
    """Two rows a customer, say, with nothing of their own: no copies, but they know each other."""
    frame = people(2_000, 1)
    again = frame.assign(y=np.random.default_rng(0).permutation(frame["y"]))
    both = pd.concat([frame, again], ignore_index=True).assign(row=np.arange(4_000))
    found = found_in(memory, tmp_path, both)
    assert [(trap.kind, trap.severity) for trap in found] == [("duplicates", "warning")]


def test_copies_of_numbers_are_found_for_regression(tmp_path: Path, memory: Store) -> None:
    frame = copied(people(2_000, 1).assign(y=lambda one: one["income"] * 3 + one["size"]), 1.0, 1)
    assert [trap.stops for trap in found_in(memory, tmp_path, frame, task="regression")] == [True]


def dated(rows: int, seed: int) -> pd.DataFrame:
    at = pd.date_range("2020-01-01", periods=rows, freq="h", tz="UTC").as_unit("us")
    return people(rows, seed).assign(at=at)


def test_columns_that_come_or_go_are_named(tmp_path: Path, memory: Store) -> None:
    frame = dated(2_000, 1)
    frame["gone"] = frame["size"].where(np.arange(2_000) < 1_500)
    frame["new"] = frame["size"].where(np.arange(2_000) >= 1_600)
    found = found_in(memory, tmp_path, frame, "id: row\ntime: at\n")
    assert [(trap.kind, trap.columns, trap.severity) for trap in found] == [
        ("changed", ("gone",), "warning"),
        ("changed", ("new",), "info"),
    ]
    assert "missing in 6% of the training rows and in 100% of the gate rows" in found[0].evidence


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_a_target_that_moved_is_named(tmp_path: Path, memory: Store, task: str) -> None:
    frame = dated(2_000, 1)
    late = np.arange(2_000) >= 1_600
    frame["y"] = (
        frame["size"] + 3 * late
        if task == "regression"
        else (frame["size"] > np.where(late, -0.8, 0.8)).astype("int64")
    )
    found = found_in(memory, tmp_path, frame, "id: row\ntime: at\n", task)
    assert [(trap.kind, trap.severity) for trap in found] == [("target_moved", "warning")]


def test_few_rows_are_no_error(tmp_path: Path, memory: Store) -> None:
    assert found_in(memory, tmp_path, people(60, 1), "id: row\nsplit: {minimum_rows: 10, gate_share: 0.3}\n") == []
