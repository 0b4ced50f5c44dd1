"""When a column's movement is worth a word, and when it is not."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from tidemill.monitoring.drift import Limits, Tally, judge_column
from tidemill.monitoring.records import ColumnDrift
from tidemill.profile import ColumnProfile, Usual, profile_frame
from tidemill.usecase.schema import CleanRules

LIMITS = Limits(warn=0.1, page=0.25, columns=10)


def trained(values: object, kind: str = "number") -> ColumnProfile:
    return profile_frame("s", pd.DataFrame({"x": values}), {"x": kind}, rules=CleanRules()).column("x")  # type: ignore[dict-item]


NORMAL = trained(np.random.default_rng(0).normal(size=100_000))


def judged(column: ColumnProfile, values: object, *, limits: Limits = LIMITS, young: bool = False) -> ColumnDrift:
    tally = Tally(column)
    series = pd.Series(values)
    half = len(series) // 2
    for part in (series.iloc[:half], series.iloc[half:]):
        tally.add(part)
    return judge_column(tally, limits, young=young)


@pytest.mark.parametrize("rows", [60, 300, 3_000, 30_000])
def test_an_alarm_does_not_hang_on_the_number_of_rows(rows: int) -> None:
    random = np.random.default_rng(rows)
    still = [judged(NORMAL, random.normal(size=rows)).level for _ in range(100)]
    assert still.count(None) >= 99
    moved = [judged(NORMAL, random.normal(1.0, size=rows)).level for _ in range(10)]
    assert moved.count("page") >= 9
    little = [judged(NORMAL, random.normal(0.1, size=rows)).level for _ in range(20)]
    assert little.count(None) >= 19, "significant is not the same as large"


def test_the_size_of_a_movement_does_not_hang_on_the_number_of_rows() -> None:
    random = np.random.default_rng(3)
    found = [
        np.mean([judged(NORMAL, random.normal(0.5, size=rows)).movement for _ in range(12)]) for rows in (400, 40_000)
    ]
    assert found[0] == pytest.approx(found[1], rel=0.15)


def test_limits_decide_between_warn_and_page() -> None:
    values = np.random.default_rng(1).normal(1.0, size=5_000)
    assert judged(NORMAL, values, limits=Limits(warn=0.1, page=None, columns=1)).level == "warn"
    assert judged(NORMAL, values, limits=Limits(warn=0.1, page=9.0, columns=1)).level == "warn"
    assert judged(NORMAL, values, limits=Limits(warn=9.0, page=10.0, columns=1)).level is None


def test_what_training_did_too_is_a_note() -> None:
    usual = Usual(windows=9, psi=1.0, missing_low=0.0, missing_high=0.0, unseen=1.0)
    seasonal = NORMAL.model_copy(update={"usual": usual})
    random = np.random.default_rng(2)
    drift = judged(seasonal, random.normal(1.0, size=5_000))
    assert drift.level == "note"
    assert "and by up to 1 among training's own windows" in drift.findings[0].words
    assert judged(seasonal, random.normal(3.0, size=5_000)).level == "page"


def test_young_windows_are_noted_only() -> None:
    drift = judged(NORMAL, np.random.default_rng(1).normal(2.0, size=500), young=True)
    assert drift.level == "note"


def test_fewer_than_fifty_rows_say_nothing() -> None:
    drift = judged(NORMAL, np.full(49, 50.0))
    assert drift.findings == ()
    assert drift.rows == 49


def test_missing_values() -> None:
    values = np.random.default_rng(4).normal(size=4_000)
    few, many = values.copy(), values.copy()
    few[:100], many[:400] = np.nan, np.nan
    assert [(one.kind, one.level) for one in judged(NORMAL, few).findings] == [("missing", "note")]
    assert [(one.kind, one.level) for one in judged(NORMAL, many).findings] == [("missing", "warn")]
    usual = Usual(windows=9, psi=0.01, missing_low=0.0, missing_high=0.2, unseen=0.0)
    assert judged(NORMAL.model_copy(update={"usual": usual}), many).level is None


def test_a_column_that_is_all_missing() -> None:
    drift = judged(NORMAL, np.full(200, np.nan))
    assert [(one.kind, one.level) for one in drift.findings] == [("missing", "warn")]
    assert drift.psi == 0.0


def test_new_levels_are_told_by_name() -> None:
    regions = trained(["north", "south"] * 5_000, "category")
    some = pd.Series(["north", "south"] * 480 + ["Atlantis"] * 40)
    (finding,) = judged(regions, some).findings
    assert (finding.kind, finding.level) == ("unseen", "note")
    assert re.fullmatch(r"has values in 4\s% of rows that training never had, such as Atlantis", finding.words)
    many = pd.Series(["north", "south"] * 350 + ["Atlantis"] * 300)
    assert ("unseen", "warn") in [(one.kind, one.level) for one in judged(regions, many).findings]


def test_levels_that_always_came_new_are_usual() -> None:
    usual = Usual(windows=9, psi=0.0, missing_low=0.0, missing_high=0.0, unseen=0.04)
    planes = trained([f"N{number}" for number in range(3_000)], "category").model_copy(update={"usual": usual})
    values = pd.Series([f"N{number}" for number in range(960)] + [f"M{number}" for number in range(40)])
    assert judged(planes, values).findings == ()


def test_a_boolean_that_turns() -> None:
    members = trained([True] * 900 + [False] * 100, "boolean")
    turned = pd.Series([True] * 100 + [False] * 900, dtype="boolean")
    drift = judged(members, turned)
    assert drift.level == "page"
    assert drift.counts == (100, 900, 0)


def test_false_alarms_over_many_columns_keep_to_the_stated_rate() -> None:
    random = np.random.default_rng(8)
    limits = Limits(warn=0.02, page=None, columns=30)
    rows = 400
    windows = [any(judged(NORMAL, random.normal(size=rows), limits=limits).level for _ in range(30)) for _ in range(60)]
    assert sum(windows) <= 3
