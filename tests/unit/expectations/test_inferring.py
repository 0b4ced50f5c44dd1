"""The first suite, written from data, and the one that ships."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from expectations import infer_suite, judge, load_suite
from expectations.suites import parse_suite
from tests.toy import toy_frame, toy_rows
from tidemill.snapshot import write_snapshot
from tidemill.store import Store
from tidemill.usecase import load_usecase

ROOT = Path(__file__).parents[3]


@pytest.fixture
def inferred(project: Path) -> str:
    text = infer_suite(load_usecase("toy", project), toy_frame())
    (project / "expectations").mkdir()
    (project / "expectations" / "toy.yaml").write_text(text)
    return text


def test_it_holds_for_the_data_that_it_was_made_from(inferred: str, project: Path, memory: Store) -> None:
    use_case = load_usecase("toy", project)
    snapshot = write_snapshot(memory, "toy", "labelled", toy_rows(1180))
    result = judge(memory, use_case, snapshot, purpose="training", publish=False)
    assert [one for one in result.results if not one.passed] == []
    assert len(result.results) > 20


def test_it_fails_where_a_unit_changes(inferred: str, project: Path, memory: Store) -> None:
    use_case = load_usecase("toy", project)
    snapshot = write_snapshot(memory, "toy", "labelled", toy_rows(1180).assign(age=lambda rows: rows["age"] * 12))
    result = judge(memory, use_case, snapshot, purpose="training", publish=False)
    assert [one.column for one in result.results if not one.passed] == ["age"]


def test_it_says_what_matters_and_leaves_the_rest_open(inferred: str, project: Path) -> None:
    suite = parse_suite(inferred.encode(), "toy.yaml")
    said = {(entry.type, entry.columns()): entry for entry in suite.entries}
    assert said["expect_column_values_to_be_unique", ("row",)].severity == "critical"
    assert said["expect_column_to_exist", ("bought",)].only == "training"
    region = said["expect_column_values_to_be_in_set", ("region",)]
    assert region.severity == "warning"
    assert region.kwargs["value_set"] == ["east", "north", "south", "west"]
    assert said["expect_column_values_to_not_be_null", ("region",)].kwargs["mostly"] < 0.95
    assert said["expect_column_values_to_be_between", ("amount",)].kwargs["min_value"] == 0


def test_odd_columns_make_a_suite_that_loads(project: Path) -> None:
    rows = 40
    frame = pd.DataFrame(
        {
            "row": range(rows),
            "at": pd.date_range("2024-01-01", periods=rows, freq="h"),
            "bought": ["yes", "no"] * 20,
            "empty": np.nan,
            "same": 5.0,
            "a: b": -np.arange(rows) / 1e6,
            "yes": ["no", "on", "true", "1"] * 10,
            "flag": [True, False] * 20,
            "text": [f"t{number}" for number in range(rows)],
        }
    )
    suite = parse_suite(infer_suite(load_usecase("toy", project), frame).encode(), "toy.yaml")
    assert {name for entry in suite.entries for name in entry.columns()} >= {"a: b", "yes", "empty", "same"}
    (levels,) = [entry.kwargs["value_set"] for entry in suite.entries if "value_set" in entry.kwargs]
    assert levels == ["1", "no", "on", "true"]


def test_the_flights_suite_holds_for_a_month_of_flights(memory: Store) -> None:
    from tidemill.cleaning import clean
    from tidemill.collecting import collect

    use_case = load_usecase("flights", ROOT)
    assert len(load_suite(use_case).entries) > 40
    january = collect(memory, use_case, since=datetime(2013, 1, 3, tzinfo=UTC), until=datetime(2013, 1, 20, tzinfo=UTC))
    rows = clean(memory, use_case, january).snapshot
    result = judge(memory, use_case, rows, purpose="monitoring", publish=False)
    assert [one for one in result.results if not one.passed] == []
    assert all(
        one.note or one.severity != "critical" or "null" in one.expectation or one.column for one in result.results
    )
