from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.unit.data.cases import case, cleaned_of
from tidemill.errors import UserError
from tidemill.labelling import label
from tidemill.results import Labelled
from tidemill.store import Store


def labelled(
    store: Store, folder: Path, frame: pd.DataFrame, text: str = "", *, target: str = "{column: y}", **more: Any
) -> Labelled:
    return label(store, case(folder, text, target=target), cleaned_of(store, frame), **more)


def frame_of(values: object, dtype: str | None = None) -> pd.DataFrame:
    column = pd.Series(values, dtype=dtype)
    return pd.DataFrame({"x": range(len(column)), "y": column})


def found(result: Labelled) -> tuple[str, list[object], list[int]]:
    return result.task, [one.label for one in result.classes], [one.rows for one in result.classes]


@pytest.mark.parametrize(
    ("values", "more", "wanted"),
    [
        (["no", "yes", "no"], "", ("binary", ["no", "yes"], [2, 1])),
        (["no", "yes", "yes"], "", ("binary", ["no", "yes"], [1, 2])),
        (["yes", "no", "yes"], ", positive: no", ("binary", ["yes", "no"], [2, 1])),
        ([True, False, True], "", ("binary", [False, True], [1, 2])),
        ([True, False, True], ", positive: false", ("binary", [True, False], [2, 1])),
        ([1, 0, 0], "", ("binary", [0, 1], [2, 1])),
        ([1.0, 0.0, None, 0.0], "", ("binary", [0, 1], [2, 1])),
        ([5, 7, 7], "", ("binary", [7, 5], [2, 1])),
        (["good", "bad", "good"], "", ("binary", ["good", "bad"], [2, 1])),
        (["good", "bad", "good"], ", positive: good", ("binary", ["bad", "good"], [1, 2])),
        (["good", "bad"], ", labels: {good: fine}, positive: fine", ("binary", ["bad", "fine"], [1, 1])),
        ([True, False], ", labels: {true: late, false: on_time}", ("binary", ["on_time", "late"], [1, 1])),
        ([0, 1, 1], ", positive: true", ("binary", [0, 1], [1, 2])),
        (["c", "a", "b", "a", "c", "b"], "", ("multiclass", ["a", "b", "c"], [2, 2, 2])),
        ([10, 2, 1, 2, 1, 10], "", ("multiclass", [1, 2, 10], [2, 2, 2])),
        ([0.5, 1.5, 2.5], "", ("regression", [], [])),
        (list(range(21)), "", ("regression", [], [])),
    ],
)
def test_task_classes_and_their_order(
    tmp_path: Path, memory: Store, values: list[object], more: str, wanted: tuple[str, list[object], list[int]]
) -> None:
    result = labelled(memory, tmp_path, frame_of(values), target=f"{{column: y{more}}}")
    assert found(result) == wanted
    assert [type(one.label) for one in result.classes] == [type(label) for label in wanted[1]]


def test_codes_are_places_in_the_classes(tmp_path: Path, memory: Store) -> None:
    result = labelled(memory, tmp_path, frame_of(["c", "a", None, "b", "a", "c", "b"]))
    frame = result.snapshot.read(memory)
    assert (frame["y"].tolist(), str(frame["y"].dtype)) == ([2, 0, 1, 0, 2, 1], "int64")
    assert frame["x"].tolist() == [0, 1, 3, 4, 5, 6]


def test_a_number_stays_a_number(tmp_path: Path, memory: Store) -> None:
    frame = labelled(memory, tmp_path, frame_of([1, 2, 3]), "task: regression").snapshot.read(memory)
    assert (frame["y"].tolist(), str(frame["y"].dtype)) == ([1.0, 2.0, 3.0], "float64")


def test_an_expression_makes_the_target_beside_its_columns(tmp_path: Path, memory: Store) -> None:
    frame = pd.DataFrame({"delay": [20.0, 3.0, None, 15.0]})
    result = labelled(memory, tmp_path, frame, target="{expression: delay > 15, name: late}")
    assert found(result) == ("binary", [False, True], [2, 1])
    assert result.snapshot.read(memory).to_dict("list") == {"delay": [20.0, 3.0, 15.0], "late": [1, 0, 0]}


def test_rows_without_a_target_are_refused_with_the_reason(tmp_path: Path, memory: Store) -> None:
    frame = pd.DataFrame({"delay": [20.0, 3.0, None, 15.0]})
    result = labelled(memory, tmp_path, frame, target="{expression: delay > 15, name: late}")
    assert result.refused == {"the target `late` (delay > 15) has no value": 1}
    assert result.quarantine is not None
    assert result.quarantine.read(memory)["_reason"].tolist() == list(result.refused)


def test_rows_whose_label_is_not_due_wait(tmp_path: Path, memory: Store) -> None:
    frame = frame_of([1, 0, None, 1, None])
    frame["at"] = pd.date_range("2020-01-01", periods=5, freq="D", tz="UTC").as_unit("us")
    text = "time: at\nmonitor: {label_delay: 2d}\n"
    result = labelled(memory, tmp_path, frame, text, now=datetime(2020, 1, 5, tzinfo=UTC))
    assert (result.waiting, result.snapshot.rows, sum(result.refused.values())) == (2, 2, 1)
    assert labelled(memory, tmp_path, frame, text).waiting == 0
    with pytest.raises(UserError, match=r"no row has a label yet: 5 of 5 wait .*monitor\.label_delay"):
        labelled(memory, tmp_path, frame, text, now=datetime(2020, 1, 1, tzinfo=UTC))


def test_later_rows_are_coded_as_the_training_rows_were(tmp_path: Path, memory: Store) -> None:
    target = "{column: y, labels: {g: good}}"
    like = labelled(memory, tmp_path, frame_of(["g", "b", "g"]), target=target)
    assert [one.label for one in like.classes] == ["good", "b"]
    later = labelled(memory, tmp_path, frame_of(["b", "b", "g", "new", None]), target=target, like=like)
    assert found(later) == ("binary", ["good", "b"], [1, 2])
    assert later.snapshot.read(memory)["y"].tolist() == [1, 1, 0]
    assert later.refused == {
        "the target `y` has no value": 1,
        "`y` is a class that the model does not know": 1,
    }


def test_a_later_window_of_one_class_is_no_error(tmp_path: Path, memory: Store) -> None:
    like = labelled(memory, tmp_path, frame_of([True, False, True]))
    later = labelled(memory, tmp_path, frame_of([True, True]), like=like)
    assert found(later) == ("binary", [False, True], [0, 2])
    numbers = labelled(memory, tmp_path, frame_of([1.5, 2.5, 3.5]))
    assert labelled(memory, tmp_path, frame_of([1, 1]), like=numbers).snapshot.read(memory)["y"].tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("values", "text", "target", "said"),
    [
        ([1, 1, 1], "", "{column: y}", "the target `y` is 1 in all of its 3 rows"),
        (["a", None, "a"], "", "{column: y}", "the target `y` is a in all of its 2 rows"),
        ([None, None], "", "{column: y}", "the target `y` has no value in any of 2 rows"),
        ([1, 2], "", "{column: yy}", r"target: there is no column `yy` in the data \(did you mean `y`"),
        ([1, 2], "", "{expression: yy > 1}", r"target: there is no column `yy`"),
        ([1, 2], "", "{expression: y > 1, name: x}", r"target\.name: the data has a column `x` already"),
        (["a", "b", "c"], "task: regression", "{column: y}", "holds text such as `a`, and task is regression"),
        (["a", "b", "c"], "task: binary", "{column: y}", r"has 3 different values \(a, b, c, …\), and task is binary"),
        ([f"n{n}" for n in range(90)], "", "{column: y}", "90 different values in 90 rows: too many"),
        ([0.5, 1.5, 2.5, 0.5, 1.5, 2.5], "task: multiclass", "{column: y}", "too many, or too fine, for classes"),
        (pd.to_datetime(["2020-01-01", "2020-01-02"]), "", "{column: y}", "holds times, which can't be predicted"),
        (["a", "b"], "", "{column: y, positive: c}", r"target\.positive: `c` is not a value .* which has a and b"),
        (["a", "b"], "", "{column: y, labels: {c: d}}", r"target\.labels: `c` is not a value"),
        (["a", "b"], "", "{column: y, labels: {a: b}}", "gives two classes one name"),
    ],
)
def test_targets_that_can_not_be_learned_are_explained(
    tmp_path: Path, memory: Store, values: list[object], text: str, target: str, said: str
) -> None:
    cleaned = cleaned_of(memory, frame_of(values))
    use_case = case(tmp_path, text, target=target)
    before = memory.list()
    with pytest.raises(UserError, match=said):
        label(memory, use_case, cleaned)
    assert memory.list() == before
