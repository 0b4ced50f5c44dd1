"""Judging a Snapshot with the real Great Expectations."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from expectations import Judgement, judge
from tests.toy import toy_rows
from tests.unit.expectations.conftest import Suited
from tidemill.errors import UserError
from tidemill.progress import Note
from tidemill.snapshot import Snapshot, write_snapshot
from tidemill.store import Store
from tidemill.usecase import UseCase, load_usecase


def judged(store: Store, use_case: UseCase, frame: pd.DataFrame, *, purpose: str = "training") -> Judgement:
    snapshot = write_snapshot(store, "toy", "labelled", frame)
    return judge(store, use_case, snapshot, purpose=purpose, publish=True)  # type: ignore[arg-type]


def entry(kind: str, kwargs: str, more: str = "") -> str:
    return f"  - type: {kind}\n    kwargs: {{{kwargs}}}\n{more}"


BETWEEN = "expect_column_values_to_be_between"


def test_results_are_in_words_and_in_the_order_of_the_file(memory: Store, suited: Suited) -> None:
    use_case = suited(
        entry(BETWEEN, "column: age, min_value: 18, max_value: 60", "    severity: warning\n    note: grown up\n")
        + entry("expect_column_values_to_be_unique", "column: row")
        + entry("expect_column_mean_to_be_between", "column: age, min_value: 20, max_value: 30", "    severity: info\n")
        + entry("expect_table_row_count_to_be_between", "min_value: 10")
        + entry("expect_compound_columns_to_be_unique", "column_list: [row, at]")
    )
    result = judged(memory, use_case, toy_rows(100))
    found = [(one.column, one.passed, one.severity) for one in result.results]
    assert found == [
        ("age", False, "warning"),
        ("row", True, "critical"),
        ("age", False, "info"),
        (None, True, "critical"),
        ("row, at", True, "critical"),
    ]
    first = result.results[0]
    assert first.expectation == "values are between 18 and 60"
    assert re.fullmatch(r"\d+ of 100 rows fail \(\d+\s%\), such as \d+, \d+, \d+", first.observed)
    assert first.note == "grown up"
    assert result.results[1].observed == "all 100 rows pass"
    assert re.fullmatch(r"it is 4\d\.\d+", result.results[2].observed)
    assert result.passed
    assert result.refused is None


def test_pairs_that_fail_are_shown_together(memory: Store, suited: Suited) -> None:
    kind = "expect_column_pair_values_a_to_be_greater_than_b"
    result = judged(memory, suited(entry(kind, "column_A: age, column_B: row")), toy_rows(100).tail(1))
    assert re.fullmatch(r"1 of 1 rows fail \(100\s%\), such as \(\d+, 99\)", result.results[0].observed)


def test_a_critical_failure_is_not_passed(memory: Store, suited: Suited) -> None:
    result = judged(memory, suited(entry("expect_column_values_to_be_unique", "column: region")), toy_rows(30))
    assert not result.passed


def test_rows_are_refused_with_every_reason_and_none_is_lost(memory: Store, suited: Suited) -> None:
    frame = toy_rows(60)
    frame.loc[[3, 7], "age"] = 400
    frame.loc[[7, 9], "channel"] = "pigeon"
    refuse = "    rows: refuse\n"
    use_case = suited(
        entry(BETWEEN, "column: age, max_value: 120, mostly: 0.9", refuse)
        + entry("expect_column_values_to_be_in_set", "column: channel, value_set: [web, shop, phone]", refuse)
    )
    result = judged(memory, use_case, frame)
    assert result.refused is not None
    refused = result.refused.read(memory)
    assert refused["row"].tolist() == [3, 7, 9]
    assert refused["_rule"].tolist() == ["suite:age", "suite:age", "suite:channel"]
    assert refused["_reason"][1] == (
        "`age` is not as expected: values are at most 120; "
        "`channel` is not as expected: values are among web, shop, phone"
    )
    kept = result.kept.read(memory)
    assert sorted([*kept["row"], *refused["row"]]) == list(range(60))
    assert [(one.passed, one.refused_rows) for one in result.results] == [(True, 2), (False, 2)]
    assert result.passed, "a refusing entry is a warning unless it says otherwise"


def test_nothing_refused_keeps_the_snapshot(memory: Store, suited: Suited) -> None:
    use_case = suited(entry(BETWEEN, "column: age, max_value: 120", "    rows: refuse\n"))
    snapshot = write_snapshot(memory, "toy", "labelled", toy_rows(20))
    result = judge(memory, use_case, snapshot, purpose="training", publish=False)
    assert result.kept == snapshot
    assert result.data_docs is None
    assert not memory.list("toy/data_docs")


def test_every_row_refused_is_an_error(memory: Store, suited: Suited) -> None:
    use_case = suited(entry(BETWEEN, "column: age, max_value: 1", "    rows: refuse\n"))
    with pytest.raises(UserError, match=r"refuses all 20 rows, first because `age` is not as expected"):
        judged(memory, use_case, toy_rows(20))


def test_a_missing_column_fails_in_words(memory: Store, suited: Suited) -> None:
    use_case = suited(
        entry("expect_column_values_to_not_be_null", "column: agee")
        + entry("expect_column_to_exist", "column: chanel")
        + entry(BETWEEN, "column: region, min_value: 3")
    )
    result = judged(memory, use_case, toy_rows(20))
    assert not any(one.passed for one in result.results)
    assert result.results[0].observed == "there is no column `agee` (did you mean `age`?)"
    assert result.results[1].observed == "there is no column `chanel` (did you mean `channel`?)"
    assert result.results[2].observed == "`region` holds texts, which have no order with numbers"


@pytest.mark.parametrize("zone", ["UTC", None])
def test_moments_are_compared_with_either_kind_of_time(memory: Store, suited: Suited, zone: str | None) -> None:
    frame = toy_rows(20)
    frame["at"] = frame["at"].dt.tz_localize(zone) if zone else frame["at"]
    use_case = suited(
        entry(BETWEEN, "column: at, min_value: 2024-01-01, max_value: 2024-01-01T12:00:00Z")
        + entry("expect_column_max_to_be_between", "column: at, max_value: 2025-01-01")
    )
    result = judged(memory, use_case, frame)
    assert result.results[0].observed.startswith("7 of 20 rows fail")
    assert result.results[0].expectation == "values are between 2024-01-01 and 2024-01-01T12:00:00Z"
    assert result.results[1].passed


def test_the_target_is_not_asked_for_where_there_is_none(memory: Store, suited: Suited) -> None:
    use_case = suited(
        entry("expect_column_values_to_not_be_null", "column: bought")
        + entry("expect_column_values_to_not_be_null", "column: age")
        + entry("expect_table_row_count_to_be_between", "min_value: 10", "    only: training\n")
    )
    bare = toy_rows(5).drop(columns="bought")
    assert [one.column for one in judged(memory, use_case, bare, purpose="scoring").results] == ["age"]
    assert len(judged(memory, use_case, bare, purpose="training").results) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            entry("expect_column_values_to_be_betwen", "column: age"),
            r"line 3, expect_\w+: there is no such expectation, .*did",
        ),
        (entry(BETWEEN, "column: age, min_valu: 1"), r"kwargs\.min_valu: .*\(did you mean `min_value`\?\)"),
        (entry(BETWEEN, "column: age, min_value: [1]"), r"line 3, .*kwargs\.min_value: "),
        (entry(BETWEEN, "min_value: 1"), r"kwargs\.column: field required"),
        (entry(BETWEEN, "column: age"), r"kwargs: min_value and max_value cannot both be None"),
        (entry(BETWEEN, "column: age, severity: info"), r"`severity` stands beside `kwargs`"),
        (
            entry("expect_table_row_count_to_be_between", "min_value: 1", "    rows: refuse\n"),
            r"\.rows: it judges the table, not single rows",
        ),
        (entry(BETWEEN, "column: age, min_value: 1, mostly: 1.5"), r"kwargs\.mostly: .*less than or equal to 1"),
        (entry(BETWEEN, "column: age, min_value: 1, mostly: most"), r"kwargs\.mostly: "),
        (entry("expect_column_values_to_match_regex", 'column: region, regex: "[a-"'), r"no regular expression: unter"),
        (entry("expect_column_values_to_match_regex_list", 'column: region, regex_list: ["(x"]'), r"regex_list: `\(x`"),
        (entry("expect_column_values_to_be_in_set", "column: region, value_set: north"), r"kwargs\.value_set: "),
        (entry("expect_column_quantile_values_to_be_between", "column: age, quantile_ranges: 3"), r"quantile_ranges: "),
        (
            entry("expect_column_kl_divergence_to_be_less_than", "column: region, partition_object: {}, threshold: a"),
            r"kwargs\.threshold: ",
        ),
        (entry("ExpectColumnToExist", "column: age"), r"no such expectation.*did you mean `expect_column_to_exist`"),
    ],
)
def test_what_great_expectations_does_not_have_is_refused(
    memory: Store, suited: Suited, text: str, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        judged(memory, suited(text), toy_rows(20))


def test_no_suite_is_a_note(memory: Store, project: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "tidemill.progress")
    result = judged(memory, load_usecase("toy", project), toy_rows(20))
    assert (result.results, result.refused, result.data_docs) == ((), None, None)
    notes = [getattr(record, "event", None) for record in caplog.records]
    assert Note("toy: the data is not judged: there is no expectations/toy.yaml") in notes


def test_data_docs_are_whole_and_need_no_network(
    memory: Store, suited: Suited, capfd: pytest.CaptureFixture[str]
) -> None:
    use_case = suited(
        entry(BETWEEN, "column: age, max_value: 30, mostly: 0.99", "    note: <b>why</b>\n")
        + entry("expect_column_values_to_not_be_null", "column: age")
    )
    result = judged(memory, use_case, toy_rows(50))
    snapshot = write_snapshot(memory, "toy", "labelled", toy_rows(50))
    assert isinstance(snapshot, Snapshot)
    assert result.data_docs == f"toy/data_docs/{snapshot.id}/index.html"
    page = memory.read_bytes(result.data_docs).decode()
    assert "1 critical expectation did not hold" in page
    assert "&lt;b&gt;why&lt;/b&gt;" in page
    assert "values are at most 30, in at least 99 % of rows" in page
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", page)
    raw = json.loads(memory.read_bytes(f"toy/data_docs/{snapshot.id}/validation.json"))
    assert raw["success"] is False
    assert raw["results"][0]["expectation_config"]["type"] == BETWEEN
    assert raw["results"][0]["result"]["element_count"] == 50
    assert capfd.readouterr().err == "", "no progress bars, no warnings"
