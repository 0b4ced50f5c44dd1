from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.unit.data.cases import case, cleaned_of
from tests.unit.reviewing.test_answers import answer
from tidemill.labelling import label
from tidemill.results import Labelled
from tidemill.reviewing.answers import AnswerLog
from tidemill.reviewing.correcting import given_labels
from tidemill.store import Store

NOW = datetime(2024, 3, 1, tzinfo=UTC)


def frame_of(values: list[Any], **columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"row": range(len(values)), "y": values, **columns})


def labelled(
    store: Store, folder: Path, frame: pd.DataFrame, said: dict[int, Any], text: str = "", **more: Any
) -> Labelled:
    use_case = case(folder, f"id: row\n{text}", target=more.pop("target", "{column: y}"))
    answers = {f'["{row}"]': value for row, value in said.items()}
    return label(store, use_case, cleaned_of(store, frame), answers=answers, now=NOW, **more)


def targets(store: Store, made: Labelled, name: str = "y") -> dict[int, Any]:
    frame = made.snapshot.read(store)
    values = frame[name].tolist()
    if made.classes:
        values = [made.classes[int(code)].label for code in values]
    return dict(zip(frame["row"].tolist(), values, strict=True))


@pytest.mark.parametrize(
    ("values", "target", "said", "wanted"),
    [
        (["no", "yes", "no"], "{column: y}", {0: "yes", 1: "yes"}, {0: "yes", 1: "yes", 2: "no"}),
        ([True, False, False], "{column: y}", {0: False, 2: True}, {0: False, 1: False, 2: True}),
        ([1, 0, 0], "{column: y}", {0: 0, 2: 1}, {0: 0, 1: 0, 2: 1}),
        ([1.0, 0.0, 0.0], "{column: y}", {0: 0, 2: 1}, {0: 0, 1: 0, 2: 1}),
        (
            [True, False, False],
            "{column: y, labels: {true: late, false: fine}}",
            {1: "late"},
            {0: "late", 1: "late", 2: "fine"},
        ),
        ([1, 0, 0], "{column: y, labels: {'1': late, '0': fine}}", {1: "late"}, {0: "late", 1: "late", 2: "fine"}),
        ([0.5, 1.5, 2.5], "{column: y}", {1: 7.25}, {0: 0.5, 1: 7.25, 2: 2.5}),
        ([9, 5, 1], "{expression: y > 3, name: big}", {2: True, 0: False}, {0: False, 1: True, 2: True}),
    ],
)
def test_an_answer_stands_in_place_of_the_label(
    tmp_path: Path, memory: Store, values: list[Any], target: str, said: dict[int, Any], wanted: dict[int, Any]
) -> None:
    made = labelled(memory, tmp_path, frame_of(values), said, target=target)
    assert targets(memory, made, "big" if "big" in target else "y") == wanted


def test_whole_numbers_take_an_answer_that_is_none(tmp_path: Path, memory: Store) -> None:
    made = labelled(memory, tmp_path, frame_of([1, 2, 3]), {1: 2.5}, "task: regression")
    assert targets(memory, made) == {0: 1.0, 1: 2.5, 2: 3.0}


def test_a_whole_number_that_may_be_missing_takes_one_too(memory: Store, tmp_path: Path) -> None:
    frame = frame_of([1, None, 3]).astype({"y": "Int64"})
    made = labelled(memory, tmp_path, frame, {1: 2.5}, "task: regression")
    assert targets(memory, made) == {0: 1.0, 1: 2.5, 2: 3.0}


def test_later_rows_are_not_told_of_answers_to_others(
    memory: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A monitoring window has few of the rows that people looked at."""
    like = labelled(memory, tmp_path, frame_of(["no", "yes"]), {})
    with caplog.at_level(logging.INFO, logger="tidemill.progress"):
        made = labelled(memory, tmp_path, frame_of(["no", "yes"]), {1: "no", 99: "no"}, like=like)
    assert targets(memory, made) == {0: "no", 1: "no"}
    assert "not in the data" not in caplog.text


def test_only_what_another_label_or_a_first_one_is_counts_as_corrected(tmp_path: Path, memory: Store) -> None:
    made = labelled(memory, tmp_path, frame_of(["no", "yes", "no", None]), {0: "yes", 1: "yes", 3: "no"})
    assert made.corrected == 2
    assert labelled(memory, tmp_path, frame_of(["no", "yes"]), {}).corrected == 0


def test_a_row_that_had_no_label_or_waited_is_labelled_by_an_answer(tmp_path: Path, memory: Store) -> None:
    at = pd.Series(pd.to_datetime(["2024-01-01", "2024-02-29", "2024-02-29", "2024-01-01"], utc=True)).astype(
        "datetime64[us, UTC]"
    )
    frame = frame_of(["no", None, "yes", None], at=at)
    text = "time: at\nmonitor: {label_delay: 14d}\n"
    made = labelled(memory, tmp_path, frame, {1: "yes", 3: "no"}, text)
    assert targets(memory, made) == {0: "no", 1: "yes", 3: "no"}
    assert (made.waiting, made.quarantine, made.corrected) == (1, None, 2)


def test_answers_whose_row_is_gone_or_that_do_not_fit_are_told(
    tmp_path: Path, memory: Store, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="tidemill.progress"):
        made = labelled(memory, tmp_path, frame_of([1, 0, 0]), {0: "late", 1: 1, 99: 0})
    assert targets(memory, made) == {0: 1, 1: 1, 2: 0}
    assert "1 of people's answers are of rows that are not in the data any more" in caplog.text
    assert "1 of people's answers are nothing that the target `y` can be" in caplog.text


def test_rows_without_an_id_are_found_by_their_content(tmp_path: Path, memory: Store) -> None:
    from tidemill.reviewing.rows import naming_columns, row_keys

    use_case = case(tmp_path)
    frame = pd.DataFrame({"a": ["x", "z", "z"], "b": [1.0, None, 2.0], "y": ["no", "yes", "no"]})
    keys = row_keys(use_case, frame[naming_columns(use_case, list(frame.columns))])
    made = label(memory, use_case, cleaned_of(memory, frame), answers={keys[2]: "yes"})
    assert made.snapshot.read(memory)["y"].tolist() == [0, 1, 1]


def test_a_run_of_the_past_knows_only_the_answers_of_then(tmp_path: Path, memory: Store) -> None:
    use_case = case(tmp_path)
    log = AnswerLog(memory, "small")
    key = log.add(answer("r", "yes"))
    log.add(answer("r", "no"))
    then = log.known()[key].when
    assert given_labels(memory, use_case) == {"r": "no"}
    assert given_labels(memory, use_case, until=then) == {"r": "yes"}
    assert given_labels(memory, use_case, until=then - timedelta(seconds=1)) == {}
