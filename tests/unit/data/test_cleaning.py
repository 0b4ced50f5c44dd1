from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.data.cases import case, collected_of
from tests.unit.data.plain_cleaning import cleaned_plainly
from tidemill.cleaning import clean
from tidemill.errors import UserError
from tidemill.results import Cleaned
from tidemill.store import Store


def cleaned(store: Store, folder: Path, frame: pd.DataFrame, text: str = "") -> tuple[Cleaned, pd.DataFrame]:
    result = clean(store, case(folder, text), collected_of(store, frame))
    return result, result.snapshot.read(store)


def test_equal_rows_are_kept_once_and_counted(tmp_path: Path, memory: Store) -> None:
    frame = pd.DataFrame({"a": ["x", " x ", None, None, "y"], "b": [1.0, 1.0, None, None, 2.0]})
    result, tidy = cleaned(memory, tmp_path, frame)
    assert (result.deduplicated, tidy["a"].isna().tolist()) == (2, [False, True, False])
    assert cleaned(memory, tmp_path, frame, "clean: {deduplicate: false}")[0].deduplicated == 0


def test_the_newest_row_of_each_id_is_kept(tmp_path: Path, memory: Store) -> None:
    frame = pd.DataFrame(
        {"id": [1, 2, 1, 1], "at": ["2020-01-02", "2020-01-01", "2020-01-03", "2020-01-01"], "y": range(4)}
    )
    result, tidy = cleaned(memory, tmp_path, frame, "id: id\ntime: at\n")
    assert (result.deduplicated, tidy["y"].tolist()) == (2, [1, 2])
    _, by_place = cleaned(memory, tmp_path, frame, "id: id\n")
    assert by_place["y"].tolist() == [1, 3]
    assert cleaned(memory, tmp_path, frame, "id: id\nclean: {unique_id: false}")[0].deduplicated == 0


def test_a_broken_row_never_displaces_a_good_one_of_its_id(tmp_path: Path, memory: Store) -> None:
    frame = pd.DataFrame({"id": [1, 1], "at": ["2020-01-01", "2020-01-02"], "y": [5.0, -1.0]})
    result, tidy = cleaned(memory, tmp_path, frame, "id: id\ntime: at\nclean: {ranges: {y: [0, null]}}")
    assert (result.deduplicated, tidy["y"].tolist(), result.refused) == (0, [5.0], {"`y` is below 0": 1})


def test_refused_rows_keep_what_they_held_and_say_why(tmp_path: Path, memory: Store) -> None:
    frame = pd.DataFrame(
        {
            "at": ["2020-01-01", "soon", None, "2020-01-04"],
            "age": ["30", "old", "200", " 40 "],
            "name": ["a", "b", "", "d"],
            "y": range(4),
        }
    )
    text = "time: at\ncolumns: {types: {age: number}}\nclean: {required: [name], ranges: {age: [0, 120]}}"
    result, tidy = cleaned(memory, tmp_path, frame, text)
    assert (tidy["y"].tolist(), tidy["age"].tolist()) == ([0, 3], [30.0, 40.0])
    assert result.refused == {"`age` is not a number": 1, "`at` is missing": 1}
    assert result.quarantine is not None
    refused = result.quarantine.read(memory)
    assert refused["age"].tolist() == ["old", "200"]
    assert refused["_rule"].tolist() == ["type:age", "required:at"]
    assert refused["_reason"].tolist() == [
        "`age` is not a number; `at` is not a time",
        "`at` is missing; `name` is missing; `age` is above 120",
    ]


def test_numbers_that_came_as_text_are_numbers_and_the_odd_one_out_is_refused(tmp_path: Path, memory: Store) -> None:
    frame = pd.DataFrame(
        {"n": [*map(str, range(99)), "oops"], "zip": [f"0{n:03}" for n in range(100)], "y": range(100)}
    )
    result, tidy = cleaned(memory, tmp_path, frame)
    assert result.refused == {"`n` is not a number": 1}
    assert result.changes == ("`n` came as text and is read as numbers",)
    assert (str(tidy["n"].dtype), str(tidy["zip"].dtype)) == ("float64", "str")


def test_times_that_came_as_text_are_times(tmp_path: Path, memory: Store) -> None:
    days = [f"2020-01-{day:02}" for day in range(1, 31)]
    _, tidy = cleaned(memory, tmp_path, pd.DataFrame({"day": days, "y": range(30)}))
    assert str(tidy["day"].dtype) == "datetime64[us, UTC]"


@pytest.mark.parametrize("values", [["1", "2", "3"] * 30, ["7"] * 89 + ["x"], [*map(str, range(80)), *(["x"] * 10)]])
def test_categories_with_names_of_digits_stay_categories(tmp_path: Path, memory: Store, values: list[str]) -> None:
    result, tidy = cleaned(memory, tmp_path, pd.DataFrame({"c": values, "y": range(90)}))
    assert (str(tidy["c"].dtype), result.refused) == ("str", {})


def test_what_was_changed_is_said(tmp_path: Path, memory: Store) -> None:
    frame = pd.DataFrame({"c": [" a", "b", "?", "NA"], "f": [1.0, float("inf"), 2.0, 3.0], "y": range(4)})
    result, _ = cleaned(memory, tmp_path, frame)
    assert result.changes == (
        "2 values of `c` became null",
        "1 value of `c` trimmed of white space",
        "1 value of `f` became null",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("clean: {required: [nam]}", r"clean\.required: there is no column `nam` \(did you mean `name`"),
        ("clean: {ranges: {agee: [0, 1]}}", r"clean\.ranges: there is no column `agee` \(did you mean `age`"),
        ("clean: {ranges: {name: [0, 1]}}", r"clean\.ranges\.name: the column does not hold numbers"),
        (
            "clean: {ranges: {age: [0, 1]}}",
            r"no row is left after cleaning: 2 of 2 were refused, most because `age` is above",
        ),
        ("id: idd", "id: there is no column `idd`"),
        ("time: att", "time: there is no column `att`"),
    ],
)
def test_rules_that_can_not_work_are_explained(tmp_path: Path, memory: Store, text: str, said: str) -> None:
    collected = collected_of(memory, pd.DataFrame({"name": ["a", "b"], "age": [30, 40], "y": [0, 1]}))
    before = memory.list()
    with pytest.raises(UserError, match=said):
        clean(memory, case(tmp_path, text), collected)
    assert memory.list() == before


CELL = st.one_of(
    st.none(), st.integers(-3, 3), st.floats(width=16), st.sampled_from(["", " a", "a", "NA", "7", "2020-01-01"])
)


@given(
    st.lists(st.tuples(CELL, CELL, st.integers(0, 2)), min_size=1, max_size=30),
    st.sampled_from(["", "id: y\n", "id: a\n", "time: d\n", "id: a\ntime: d\n"]),
    st.sampled_from(
        ["", "columns: {types: {a: number, b: category}}\n", "columns: {types: {a: boolean, b: number}}\n"]
    ),
    st.sampled_from(["", "clean: {ranges: {y: [1, null]}, required: [b]}\n", "clean: {deduplicate: false}\n"]),
)
def test_every_row_is_kept_refused_or_a_repeat(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[object, object, int]], ids: str, types: str, rules: str
) -> None:
    folder = tmp_path_factory.mktemp("balance")
    store = Store(f"memory://{folder}")
    frame = pd.DataFrame(
        {
            "a": [str(row[0]) if row[0] is not None else None for row in cells],
            "b": pd.Series([row[1] if isinstance(row[1], float) else None for row in cells], dtype="float64"),
            "y": [row[2] for row in cells],
        }
    )
    frame["d"] = [["2020-01-01", "soon", None][row[2]] for row in cells]
    sure = pd.DataFrame({"a": ["1"], "b": [1.0], "y": [2], "d": ["2020-01-02"]})
    frame = pd.concat([frame, sure], ignore_index=True)
    result, tidy = cleaned(store, folder, frame, ids + types + rules)
    refused = result.quarantine.rows if result.quarantine else 0
    assert len(frame) == len(tidy) + refused + result.deduplicated
    assert sum(result.refused.values()) == refused
    if "false" not in rules:
        assert not tidy.duplicated().any()


@given(
    st.lists(st.tuples(CELL, CELL, st.integers(0, 2)), min_size=1, max_size=30),
    st.sampled_from(["", "id: y\n", "id: [a, y]\ntime: d\n", "time: d\n"]),
    st.sampled_from(["", "columns: {types: {a: number, b: category}}\n", "columns: {types: {a: boolean}}\n"]),
    st.sampled_from(["", "clean: {ranges: {y: [1, null]}, required: [b]}\n", "clean: {deduplicate: false}\n"]),
    st.integers(1, 7),
)
def test_part_by_part_is_as_whole_in_memory(
    tmp_path_factory: pytest.TempPathFactory,
    cells: list[tuple[object, object, int]],
    ids: str,
    types: str,
    rules: str,
    part: int,
) -> None:
    folder = tmp_path_factory.mktemp("plain")
    store = Store(f"memory://{folder}")
    frame = pd.DataFrame(
        {
            "a": pd.Series([None if row[0] is None else str(row[0]) for row in cells], dtype="str"),
            "b": pd.Series([row[1] if isinstance(row[1], float) else None for row in cells], dtype="float64"),
            "y": [row[2] for row in cells],
        }
    )
    frame["d"] = pd.Series([["2020-01-01", "soon", None][row[2]] for row in cells], dtype="str")
    sure = pd.DataFrame({"a": ["1"], "b": [1.0], "y": [2], "d": ["2020-01-02"]})
    frame = pd.concat([frame, sure], ignore_index=True)
    use_case = case(folder, ids + types + rules)
    wanted = cleaned_plainly(use_case, frame)
    with patch("tidemill.tables.PART_ROWS", part):
        collected = collected_of(store, frame)
        result = clean(store, use_case, collected)
    pd.testing.assert_frame_equal(result.snapshot.read(store), wanted.kept)
    assert result.deduplicated == wanted.deduplicated
    if result.quarantine:
        pd.testing.assert_frame_equal(result.quarantine.read(store), wanted.refused)
    else:
        assert wanted.refused.empty
    assert len(collected.snapshot.manifest(store).parts) == -(-len(frame) // part)
