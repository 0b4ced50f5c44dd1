"""Each trap, planted into clean data of any size, is found by its kind; clean data and permuted targets give none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.data.cases import case, labelled_of
from tidemill.leaks import find_leaks
from tidemill.results import Leak, Trap
from tidemill.snapshot import Snapshot
from tidemill.store import Store
from tidemill.traps import find_traps
from tidemill.validation import verdict

FEW = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
SIZES = st.integers(400, 3_000)
SEEDS = st.integers(0, 10**6)
CLASSES = st.integers(2, 5)
Plant = Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]


def clean_frame(rows: int, classes: int, seed: int) -> pd.DataFrame:
    """A weak signal, noise, a category, gaps, a text, a whole number that was measured, a time; nothing that tells."""
    random = np.random.default_rng(seed)
    y = random.integers(0, classes, rows)
    words = random.choice(["late", "in", "time", "good", "bad", "box", "open", "blue"], (rows, 6))
    return pd.DataFrame(
        {
            "signal": y * 0.3 + random.normal(size=rows),
            "noise": random.normal(size=rows),
            "cents": random.integers(0, 10**9, rows),
            "years": random.integers(18, 90, rows),
            "city": random.choice([f"c{n}" for n in range(30)], rows),
            "gaps": np.where(random.random(rows) < 0.6, np.nan, random.normal(size=rows)),
            "said": [" ".join(line) for line in words],
            "at": pd.date_range("2020-01-01", periods=rows, freq="h", tz="UTC").as_unit("us"),
            "y": y,
        }
    )


def leaks(folder: Path, frame: pd.DataFrame, task: str) -> list[Leak]:
    return find_leaks(case(folder, "time: at\n"), frame, None, "y", task)  # type: ignore[arg-type]


def traps(folder: Path, frame: pd.DataFrame, task: str, text: str = "time: at\n") -> list[Trap]:
    return find_traps(case(folder, text), frame, "y", task)  # type: ignore[arg-type]


def task_of(classes: int) -> str:
    return "binary" if classes == 2 else "multiclass"


def renamed(frame: pd.DataFrame, random: np.random.Generator) -> pd.Series:
    names = random.permutation([f"level {n}" for n in range(int(frame["y"].max()) + 1)])
    return pd.Series(names[frame["y"]], dtype="str")


def noted(frame: pd.DataFrame, random: np.random.Generator) -> pd.Series:
    """Every text is different, and one of its words stands for the class."""
    names = ["granted", "refused", "waiting", "closed", "void"]
    return pd.Series(
        [f"case {n} of {random.integers(10**6)}: {names[y]}" for n, y in enumerate(frame["y"])], dtype="str"
    )


LEAKS: dict[str, tuple[str, Callable[[pd.DataFrame, np.random.Generator], object]]] = {
    "a mapping": ("disguise", renamed),
    "a number, shifted and scaled": ("disguise", lambda frame, random: frame["y"] * random.uniform(2, 9) - 100),
    "the number with some noise": ("telling", lambda frame, random: frame["y"] + random.normal(scale=0.22, size=len(frame))),
    "a text that names the class": ("text", noted),
    "filled for one class only": (
        "filled_after",
        lambda frame, random: pd.Series(random.normal(size=len(frame))).where((frame["y"] == 1) & (random.random(len(frame)) < 0.5)),
    ),
}  # fmt: skip


@FEW
@given(rows=SIZES, classes=CLASSES, seed=SEEDS, what=st.sampled_from(sorted(LEAKS)))
def test_a_planted_leak_is_found_with_its_kind_and_nothing_else_is(
    tmp_path: Path, rows: int, classes: int, seed: int, what: str
) -> None:
    kind, make = LEAKS[what]
    rows = max(rows, 600 * classes)
    frame = clean_frame(rows, classes, seed).assign(planted=lambda one: make(one, np.random.default_rng(seed)))
    found = leaks(tmp_path, frame, task_of(classes))
    assert [(leak.column, leak.kind) for leak in found] == [("planted", kind)]


def uuid(random: np.random.Generator) -> str:
    return str(UUID(int=int(random.integers(2**62)) << 64 | int(random.integers(2**62))))


NAMES: dict[str, tuple[str, Callable[[int, np.random.Generator], object]]] = {
    "row numbers": ("grow from row to row", lambda rows, random: np.arange(rows) + 7),
    "row numbers, backwards": ("fall from row to row", lambda rows, random: -np.arange(rows)),
    "running numbers with holes": ("grow from row to row", lambda rows, random: np.cumsum(random.integers(1, 9, rows))),
    "shuffled row numbers": ("given out one by one", lambda rows, random: random.permutation(rows)),
    "customer numbers": ("given out one by one", lambda rows, random: 10**6 + random.choice(rows * 4, rows, replace=False)),
    "uuids": ("different UUIDs", lambda rows, random: [uuid(random) for _ in range(rows)]),
    "hashes": ("different hashes", lambda rows, random: [f"{int(one):032x}" for one in random.integers(2**62, size=rows)]),
    "hashes as numbers": ("keys or hashes", lambda rows, random: random.integers(2**62, size=rows)),
    "codes": ("different codes", lambda rows, random: [f"B{one:07d}" for one in random.choice(10**7, rows, replace=False)]),
    "codes of which few repeat": ("different codes", lambda rows, random: [f"A{one}" for one in random.integers(0, rows * 60, rows)]),
}  # fmt: skip


@FEW
@given(rows=SIZES, classes=CLASSES, seed=SEEDS, what=st.sampled_from(sorted(NAMES)))
def test_a_planted_column_that_names_rows_is_found(
    tmp_path: Path, rows: int, classes: int, seed: int, what: str
) -> None:
    words, make = NAMES[what]
    frame = clean_frame(rows, classes, seed).assign(planted=make(rows, np.random.default_rng(seed)))
    found = traps(tmp_path, frame, task_of(classes))
    assert [(trap.kind, trap.columns, trap.severity) for trap in found] == [("names_rows", ("planted",), "warning")]
    assert words in found[0].evidence
    with_gaps = frame.assign(planted=frame["planted"].where(frame["noise"] > -1))
    assert [trap.columns for trap in traps(tmp_path, with_gaps, task_of(classes))] == [("planted",)]


@FEW
@given(rows=SIZES, classes=CLASSES, seed=SEEDS)
def test_a_file_sorted_by_class_is_noted(tmp_path: Path, rows: int, classes: int, seed: int) -> None:
    frame = clean_frame(rows, classes, seed).drop(columns="at").sort_values("y", ignore_index=True)
    found = traps(tmp_path, frame, task_of(classes), "")
    assert [(trap.kind, trap.severity) for trap in found] == [("class_order", "info")]


@FEW
@given(rows=SIZES, classes=CLASSES, seed=SEEDS, mixed=st.floats(0, 0.05))
def test_classes_from_different_times_stop_the_run(
    tmp_path: Path, rows: int, classes: int, seed: int, mixed: float
) -> None:
    """Cases of another year than the controls, but for a few."""
    random = np.random.default_rng(seed)
    frame = clean_frame(rows, classes, seed)
    order = np.sort(frame["y"].to_numpy())
    y = np.where(random.random(rows) < mixed, random.integers(0, classes, rows), order)
    found = traps(tmp_path, frame.assign(y=y), task_of(classes))
    assert [(trap.kind, trap.columns, trap.stops) for trap in found] == [("time_order", ("at",), True)]
    text = "time: at\nvalidate: {allow: [time_order]}\n"
    allowed = traps(tmp_path, frame.assign(y=y), task_of(classes), text)
    assert [(trap.stops, trap.allowed) for trap in allowed] == [(False, True)]


def test_classes_that_come_and_go_are_a_warning_and_a_trend_is_one(tmp_path: Path) -> None:
    frame = clean_frame(2_000, 2, 1)
    waves = frame.assign(y=np.arange(2_000) // 200 % 2)
    assert [(trap.kind, trap.severity) for trap in traps(tmp_path, waves, "binary")] == [("time_order", "warning")]
    trend = frame.assign(y=np.arange(2_000) + frame["noise"])
    assert [(trap.kind, trap.severity) for trap in traps(tmp_path, trend, "regression")] == [("time_order", "warning")]


def test_a_time_after_the_rows_own_is_named_and_can_be_allowed(tmp_path: Path) -> None:
    frame = clean_frame(500, 2, 1).assign(done=lambda one: one["at"] + pd.Timedelta("2h"))
    frame["before"] = frame["at"] - pd.Timedelta("1h")
    found = traps(tmp_path, frame, "binary")
    assert [(trap.kind, trap.columns, trap.allowed) for trap in found] == [("later_than_row", ("done",), False)]
    assert "in 100% of the rows" in found[0].evidence
    assert traps(tmp_path, frame, "binary", "time: at\ncolumns: {allow: [done]}\n")[0].allowed


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=SIZES, classes=CLASSES, seed=SEEDS)
def test_clean_data_and_permuted_targets_give_nothing(tmp_path: Path, rows: int, classes: int, seed: int) -> None:
    """No false alarm in 40 clean frames and 40 with the target permuted."""
    frame = clean_frame(rows, classes, seed)
    permuted = frame.assign(y=np.random.default_rng(seed).permutation(frame["y"]))
    for one in (frame, permuted):
        assert leaks(tmp_path, one, task_of(classes)) == []
        assert traps(tmp_path, one, task_of(classes)) == []


class _Judged:
    """A suite's run that found nothing."""

    results = ()
    refused = None
    data_docs = None

    def __init__(self, kept: Snapshot) -> None:
        self.kept = kept


def test_nothing_left_to_learn_from_stops_the_run(tmp_path: Path, memory: Store) -> None:
    frame = clean_frame(600, 2, 1)[["y"]].assign(copy=lambda one: one["y"] * 2.0, row=np.arange(600))
    labelled = labelled_of(memory, frame)
    found = verdict(memory, case(tmp_path), labelled, _Judged(labelled.snapshot))
    assert not found.passed
    assert found.reasons[0].startswith(
        "no column is left to learn from, all were left out: `copy`: leak: it is the target"
    )
    assert "`row`: it names rows" in found.reasons[0]
    allowed = verdict(memory, case(tmp_path, "columns: {allow: [copy]}\n"), labelled, _Judged(labelled.snapshot))
    assert allowed.passed
    assert list(allowed.excluded) == ["row"]


@pytest.mark.parametrize("text", ["", "time: at\n"])
def test_the_frame_is_not_touched_and_few_rows_are_no_error(tmp_path: Path, text: str) -> None:
    frame = clean_frame(700, 2, 3)
    before = frame.copy()
    traps(tmp_path, frame, "binary", text)
    pd.testing.assert_frame_equal(frame, before)
    for rows in (0, 1, 3):
        assert traps(tmp_path, frame.head(rows), "binary", text) == []
