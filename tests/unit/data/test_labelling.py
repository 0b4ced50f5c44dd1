from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
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


def counts(rows: int, mean: float) -> list[int]:
    return [int(one) for one in np.random.default_rng(4).poisson(mean, rows)]


@pytest.mark.parametrize(
    ("values", "text", "task", "why"),
    [
        (counts(400, 1.2), "", "count", "whole numbers from 0 on"),
        (counts(400, 25.0), "", "count", "as counts"),
        ([int(one) for one in np.random.default_rng(1).gamma(0.8, 90, 400)], "", "count", "as counts"),
        (counts(400, 1.2), "tune: {metric: rmse}", "count", "as counts"),
        (counts(400, 1.2), "tune: {metric: log_loss}", "multiclass", "`tune.metric: log_loss` asks for it"),
        (counts(400, 1.2), "tune: {class_weights: balanced}", "multiclass", "`tune.class_weights` asks for it"),
        ([1, 2, 3, 4, 5] * 80, "", "multiclass", "5 different whole numbers, few enough to be classes"),
        ([1, 2, 3, 4, 5] * 80, "tune: {metric: mae}", "regression", "`tune.metric: mae` asks for it"),
        ([0, 1, 2, 3, 4, 5, 6, 7, 8, 9] * 40, "", "multiclass", "few enough to be classes"),
        ([1980 + number % 45 for number in range(400)], "", "regression", "not spread as counts"),
        (list(range(1, 401)), "", "regression", "not spread as counts"),
        ([number - 200 for number in range(400)], "", "regression", "not spread as counts"),
        ([0.5, 1.0, 2.0, 3.0] * 100, "", "regression", "numbers with fractions"),
        (["a", "b", "c", "a"] * 100, "", "multiclass", "text with 3 different values"),
        ([True, False] * 200, "", "binary", "two values, false and true"),
        ([3, 8] * 200, "", "binary", "two values, 3 and 8"),
        ([3, 8] * 200, "tune: {metric: rmse}", "regression", "`tune.metric: rmse` asks for it"),
        ([1, 2, 3, 4, 5] * 80, "task: regression", "regression", "the use case says so"),
    ],
)
def test_the_task_is_chosen_and_it_says_why(
    tmp_path: Path, memory: Store, values: list[object], text: str, task: str, why: str
) -> None:
    result = labelled(memory, tmp_path, frame_of(values), text)
    assert result.task == task
    assert why in result.why


def test_counts_are_whole_numbers_from_0_on(tmp_path: Path, memory: Store) -> None:
    frame = labelled(memory, tmp_path, frame_of([0, 2_000_000_000, 3]), "task: count").snapshot.read(memory)
    assert (frame["y"].tolist(), str(frame["y"].dtype)) == ([0.0, 2e9, 3.0], "float64")
    with pytest.raises(UserError, match=r"the target `y` is -2 in one of 1 rows that are no whole number from 0 on"):
        labelled(memory, tmp_path, frame_of([0, -2, 3]), "task: count")
    with pytest.raises(UserError, match=r"is 0.5 in one of 2 rows .* Say `task: regression`"):
        labelled(memory, tmp_path, frame_of([0.5, 1.5, 3.0]), "task: count")
    with pytest.raises(UserError, match="holds text such as `many`, and task is count, which needs numbers"):
        labelled(memory, tmp_path, frame_of(["many", "few", "none"]), "task: count")


def test_a_metric_that_does_not_fit_what_was_found_is_said_at_once(tmp_path: Path, memory: Store) -> None:
    wanted = r"`tune.metric: rmse` does not fit the task `multiclass`: choose one of log_loss, auc"
    with pytest.raises(UserError, match=wanted):
        labelled(memory, tmp_path, frame_of(["a", "b", "c"] * 20), "tune: {metric: rmse}")


def test_rows_without_a_weight_stop_the_run_before_it_trains(tmp_path: Path, memory: Store) -> None:
    frame = pd.DataFrame({"y": [1.5, None, 2.5, 3.5], "w": [1.0, None, 2.0, None]})
    with pytest.raises(UserError, match=r"weight: `w` is no number in 1 of 3 rows"):
        labelled(memory, tmp_path, frame, "weight: w")
    with pytest.raises(UserError, match=r"weight: there is no column `ww` in the data \(did you mean `w`"):
        labelled(memory, tmp_path, frame, "weight: ww")


def test_an_infinite_target_is_refused_with_its_reason(tmp_path: Path, memory: Store) -> None:
    result = labelled(memory, tmp_path, frame_of([1.5, float("inf"), 2.5, float("-inf"), 7.25]))
    assert result.refused == {"`y` is infinite": 2}
    assert result.snapshot.read(memory)["y"].tolist() == [1.5, 2.5, 7.25]


def test_classes_that_are_called_too_rare_are_set_aside(tmp_path: Path, memory: Store) -> None:
    values = ["a"] * 30 + ["b"] * 3 + ["c"] * 20 + ["d"] * 25
    result = labelled(memory, tmp_path, frame_of(values), target="{column: y, minimum_class_rows: 5}")
    assert found(result) == ("multiclass", ["a", "c", "d"], [30, 20, 25])
    assert result.refused == {"`y` is a class of fewer than 5 rows": 3}
    assert result.snapshot.read(memory)["y"].tolist() == [0] * 30 + [1] * 20 + [2] * 25
    with pytest.raises(UserError, match=r"target.minimum_class_rows: 30 rows a class leave fewer than two"):
        labelled(memory, tmp_path, frame_of(values), target="{column: y, minimum_class_rows: 30}")


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
