"""Whole monitoring runs on a small trained model."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.unit.monitoring.conftest import START, Watched, make_watched
from tests.unit.reporting.test_training_report import words
from tidemill.errors import UserError
from tidemill.monitoring import DriftReport, Monitored, stored_windows, watch
from tidemill.results import Cleaned, ExpectationResult
from tidemill.snapshot import Snapshot
from tidemill.store import Store

GOLDEN = Path(__file__).parents[2] / "golden" / "monitoring-1.json"


def levels(monitored: Monitored) -> dict[str, str]:
    return {alarm.kind: alarm.level for alarm in reversed(monitored.alarms)}


def urgent(monitored: Monitored) -> list[str]:
    return [alarm.kind for alarm in monitored.alarms if alarm.level != "note"]


def scaled(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(amount=frame["amount"] * 30)


def upside_down(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(bought=1 - frame["bought"])


def test_nothing_happens_when_nothing_changed(watched: Watched) -> None:
    found = watched.watch(watched.later(30))
    assert urgent(found) == []
    assert found.passed
    assert found.reasons == ()
    assert found.rows == 720
    assert len(found.windows) == 2
    assert found.quality.measured is not None
    assert found.quality.estimated is not None
    assert found.quality.labels == 720
    low, high = found.quality.measured.low, found.quality.measured.high
    assert low < found.quality.proven.value < high or abs(found.quality.measured.value - low) < 0.1
    assert {one.name for one in found.windows[0].columns} == {
        "age", "amount", "region", "shop", "member", "noise", "copy",
    } & {column.name for column in found.windows[0].columns}  # fmt: skip


def test_a_unit_that_changed_warns_and_names_the_column(watched: Watched) -> None:
    found = watched.watch(watched.later(20, change=scaled))
    drift = next(alarm for alarm in found.alarms if alarm.kind == "drift")
    assert drift.level == "warn"
    assert drift.columns[0] == "amount"
    assert "`amount` moved by" in drift.what
    assert "unit" in drift.advice
    assert drift.since == START
    assert any("amount" in reason for reason in found.reasons)


def test_answers_that_went_wrong_page(watched: Watched) -> None:
    found = watched.watch(watched.later(20, change=upside_down))
    assert levels(found)["quality"] == "page"
    assert not found.passed
    (quality,) = [alarm for alarm in found.alarms if alarm.kind == "quality"]
    assert re.search(r"AUC 0\.\d+ \(.*\) on 480 rows with labels, AUC 0\.\d+ .* on the gate rows", quality.what)


def test_without_labels_there_is_an_estimate(watched: Watched) -> None:
    found = watched.watch(watched.later(20, change=upside_down), labels=False)
    assert found.quality.measured is None
    assert found.quality.estimated is not None
    assert found.quality.labels == 0
    assert urgent(found) == [], "what the labels would say can't be known yet"


def test_rows_that_are_harder_lower_the_estimate(watched: Watched) -> None:
    hard = watched.watch(watched.later(20, change=lambda rows: rows.assign(age=50, amount=85.0)), labels=False)
    assert hard.quality.estimated is not None
    assert hard.quality.estimated.value < hard.quality.proven.value - 0.1
    assert levels(hard)["estimate"] == "warn"


def test_an_alarm_knows_when_it_began(watched: Watched) -> None:
    watched.watch(watched.later(15))
    second = START + timedelta(days=15)
    first_bad = watched.watch(watched.later(15, start=second, change=scaled))
    third = second + timedelta(days=15)
    later = watched.watch(watched.later(15, start=third, seed=6, change=scaled))
    for found in (first_bad, later):
        (since,) = {alarm.since for alarm in found.alarms if alarm.kind == "drift" and alarm.level == "warn"}
        assert since == second
    fourth = third + timedelta(days=15)
    calm = watched.watch(watched.later(15, start=fourth, seed=7))
    assert "drift" not in urgent(calm)
    again = watched.watch(watched.later(15, start=fourth + timedelta(days=15), seed=8, change=scaled))
    (since,) = {alarm.since for alarm in again.alarms if alarm.kind == "drift" and alarm.level == "warn"}
    assert since == fourth + timedelta(days=15)
    assert [one.window.since for one in stored_windows(watched.store, "toy")] == [
        START + timedelta(days=15 * number) for number in range(5)
    ]


def test_what_is_over_is_a_note(watched: Watched) -> None:
    broken = watched.later(15, change=scaled)
    mended = watched.later(15, start=START + timedelta(days=15))
    found = watched.watch(pd.concat([broken, mended], ignore_index=True))
    assert "drift" not in urgent(found)
    (over,) = [alarm for alarm in found.alarms if alarm.kind == "drift" and alarm.what.startswith("No longer so")]
    assert over.what.startswith("No longer so, a warn before: `amount` moved by")
    assert over.level == "note"
    assert over.since == START


def test_a_window_grows_under_one_name(watched: Watched) -> None:
    frame = watched.later(12)
    watched.watch(frame[frame["at"] < frame["at"].min() + timedelta(days=9)])
    watched.watch(frame)
    (one,) = stored_windows(watched.store, "toy")
    assert one.rows == 288


def test_a_young_window_is_not_alarmed_about(watched: Watched) -> None:
    found = watched.watch(watched.later(5, change=scaled))
    assert found.windows[0].young
    assert "drift" not in urgent(found)
    assert "drift" in levels(found)


def test_a_window_without_rows(watched: Watched) -> None:
    frame = watched.later(45)
    late = frame["at"] >= START + timedelta(days=30)
    early = frame["at"] < START + timedelta(days=15)
    found = watched.watch(frame[late | early])
    assert [report.rows for report in found.windows] == [360, 0, 360]
    assert [alarm.kind for alarm in found.windows[1].alarms] == ["rows"]
    assert found.windows[1].subject is None


def test_broken_expectations_alarm_by_severity(painted: Watched) -> None:
    windows = painted.windows(painted.later(15))
    rows = windows[0].rows
    assert rows is not None

    class Judged:
        kept: Snapshot = rows
        refused = None
        data_docs = "toy/data_docs/x/index.html"
        results = (
            ExpectationResult(
                expectation="no value comes twice", column="row", severity="critical", passed=False,
                observed="2 of 360 rows fail",
            ),
            ExpectationResult(
                expectation="the mean is above 1", column=None, severity="info", passed=False, observed="it is 0"
            ),
        )  # fmt: skip

    cleaned = Cleaned(snapshot=rows, quarantine=None, deduplicated=0, refused={})
    found = watch(painted.store, painted.use_case, painted.version, windows, [Judged()], cleaned=cleaned)
    data = [alarm for alarm in found.alarms if alarm.kind == "data"]
    assert [(alarm.level, alarm.columns) for alarm in data] == [("page", ("row",)), ("note", ())]
    assert data[0].what == "`row`: expected that no value comes twice, but 2 of 360 rows fail"
    assert not found.passed
    page = painted.store.read_bytes(found.report).decode()
    assert 'href="../../data_docs/x/index.html"' in page


def test_many_refused_rows_warn(watched: Watched) -> None:
    found = watched.watch(watched.later(15), refused={"`age` is not a number": 200})
    (refused,) = [alarm for alarm in found.alarms if alarm.kind == "refused"]
    assert refused.level == "warn"
    assert refused.what.startswith("200 of 560 rows (36")


def test_a_missing_column_is_named(watched: Watched) -> None:
    windows = watched.windows(watched.later(15).drop(columns="age"))
    with pytest.raises(UserError, match="age"):
        watched.look(windows)


def test_the_run_and_its_page_are_stored(painted: Watched) -> None:
    def hostile(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(region=np.where(frame.index % 5 == 0, "<script>alert(1)</script>", frame["region"]))

    found = painted.watch(painted.later(30, change=hostile))
    assert found.report == f"toy/monitoring/20240425-{painted.version.version[-8:]}/report.html"
    page = painted.store.read_bytes(found.report).decode()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", page)
    assert "What moved" in page
    run = painted.store.read_json(found.report.replace("report.html", "run.json"))
    assert Monitored.model_validate(run) == found
    assert json.dumps(run).count("NaN") == 0


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_other_tasks(memory: Store, task: str) -> None:
    watched = make_watched(memory, task)
    found = watched.watch(watched.later(20))
    assert urgent(found) == []
    assert found.quality.measured is not None
    assert (found.quality.estimated is None) == (task == "regression")
    assert found.windows[0].prediction is not None
    assert found.windows[0].prediction.kind == ("number" if task == "regression" else "category")


def test_history_that_can_not_be_read_is_refused(watched: Watched) -> None:
    found = watched.watch(watched.later(15))
    key = found.report.replace("report.html", "monitoring.json")
    said = watched.store.read_json(key)
    watched.store.write_json(key, {**said, "format": 2})
    with pytest.raises(UserError, match="has format 2; this Tidemill reads up to 1: upgrade"):
        stored_windows(watched.store, "toy")
    watched.store.write_json(key, {**said, "rows": "many"})
    with pytest.raises(UserError, match=r"monitoring\.json is damaged at `rows`: remove it"):
        stored_windows(watched.store, "toy")


def test_what_an_older_tidemill_stored_still_loads() -> None:
    report = DriftReport.model_validate(json.loads(GOLDEN.read_text()))
    assert (report.alarms[0].level, report.alarms[0].kind) == ("warn", "drift")
    assert report.quality.measured is not None
    assert report.columns[0].findings[0].kind == "drift"


def test_the_page_speaks_the_language_of_the_use_case(painted: Watched) -> None:
    rules = painted.use_case.report.model_copy(update={"language": "id"})
    here = Watched(
        painted.store, painted.use_case.model_copy(update={"report": rules, "title": "Siapa?"}), painted.version
    )
    found = here.watch(here.later(20, change=lambda rows: scaled(upside_down(rows))))
    assert {"drift", "quality"} <= set(levels(found))
    text = words(here.store.read_bytes(found.report).decode())
    for said in ("`amount`", "bergeser sebesar", "Pemantauan", "darurat"):
        assert said.strip("`") in text
    assert re.findall(r"(?i)\b(the|of|and|is|was|were|it|not|with|for|than|that|rows|by)\b", text) == []
    assert re.search(r"AUC 0,\d+ \(0,\d+ sampai 0,\d+\) pada 480 baris berlabel", text)
    assert "AUC 0." in next(alarm.what for alarm in found.alarms if alarm.kind == "quality"), (
        "what is stored is English"
    )
