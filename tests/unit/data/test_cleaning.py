from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.data.cases import case, collected_of, csv_case
from tests.unit.data.plain_cleaning import cleaned_plainly
from tidemill.cleaning import clean
from tidemill.collecting import collect
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


def test_units_are_converted_and_what_has_no_way_there_is_refused(tmp_path: Path, memory: Store) -> None:
    said = ["70 kg", "154 lb", "68", "1.75m", "heavy", "1,000 g", None]
    frame = pd.DataFrame({"weight": said, "share": ["12 %", "3%", "4", "5", "6", "7", "8"], "y": range(7)})
    result, tidy = cleaned(memory, tmp_path, frame, "clean: {units: {weight: kg, share: '%'}}")
    assert tidy["weight"].tolist()[:4] == pytest.approx([70, 69.85322498, 68, 1.0])
    assert tidy["share"].tolist()[:3] == [12, 3, 4]
    assert result.refused == {
        "`weight` is a number in a unit that can't be made kg": 1,
        "`weight` is not a number": 1,
    }
    assert "3 values of `weight` had a unit and are in kg" in result.changes


def test_money_has_its_sign_and_thousands_taken_away_and_no_other_currency(tmp_path: Path, memory: Store) -> None:
    frame = pd.DataFrame({"price": ["$1,200.50", "-$5", "USD 3", "7 USD", "€ 4", "1,5"], "y": range(6)})
    result, tidy = cleaned(memory, tmp_path, frame, "clean: {units: {price: $}}")
    assert tidy["price"].tolist() == [1200.5, -5, 3, 7]
    assert result.refused == {"`price` is a number in a unit that can't be made $": 1, "`price` is not a number": 1}


def test_a_unit_that_nearly_all_have_is_proposed_and_nothing_is_changed(tmp_path: Path, memory: Store) -> None:
    frame = pd.DataFrame({"weight": [f"{number} kg" for number in range(99)] + ["?"], "y": range(100)})
    result, tidy = cleaned(memory, tmp_path, frame)
    assert tidy["weight"].iloc[0] == "0 kg"
    assert any("clean.units: {weight: 'kg'}" in said for said in result.changes)


def test_dates_in_declared_forms_are_read_and_others_are_told_apart_from_junk(tmp_path: Path, memory: Store) -> None:
    said = ["03/04/2024", "2024-04-03", "3 Apr 2024", "04.03.24", "soon"]
    frame = pd.DataFrame({"when": said, "y": range(5)})
    text = "time: when\nclean: {time_formats: {when: ['%d/%m/%Y', '%d %b %Y']}}"
    result, tidy = cleaned(memory, tmp_path, frame, text)
    assert tidy["when"].dt.strftime("%Y-%m-%d").tolist() == ["2024-04-03"] * 3
    assert result.refused == {
        "`when` is a date in a form that is not declared: add it to `clean.time_formats`": 1,
        "`when` is not a time": 1,
    }


def test_spellings_that_differ_in_case_and_space_only_become_the_most_frequent(tmp_path: Path, memory: Store) -> None:
    frame = pd.DataFrame({"city": ["Paris"] * 5 + ["PARIS", "pa ris", "a", "A"], "y": range(9)})
    result, tidy = cleaned(memory, tmp_path, frame)
    assert tidy["city"].tolist() == ["Paris"] * 7 + ["a", "A"]
    assert result.changes == ("2 values of `city` spelt like most of their kind (case, white space)",)
    assert result.rules is not None
    assert result.rules.fitted is not None
    assert result.rules.fitted.spellings == {"city": {"paris": "Paris"}}
    assert cleaned(memory, tmp_path, frame, "clean: {spellings: keep}")[1]["city"].nunique() == 5
    assert cleaned(memory, tmp_path, frame, "id: [city, y]")[1]["city"].nunique() == 5


def test_case_synonyms_and_numbers_that_mean_missing(tmp_path: Path, memory: Store) -> None:
    frame = pd.DataFrame({"city": [" nyc", "new  york", "Lyon"], "age": [30, -999, 9999], "y": range(3)})
    text = "clean: {case: title, synonyms: {city: {NYC: new york}}, missing_numbers: {age: [-999, 9999]}}"
    result, tidy = cleaned(memory, tmp_path, frame, text)
    assert tidy["city"].tolist() == ["New York", "New York", "Lyon"]
    assert tidy["age"].isna().tolist() == [False, True, True]
    assert result.changes == (
        "2 values of `city` written anew (white space, letters, synonyms)",
        "2 values of `age` became null",
    )


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        ("{range: [0, 20]}", [0, 10, 20]),
        ("{range: [0, 20], then: 'null'}", [None, 10, None]),
        ("{robust_z: 3}", [1.1044, 10, 18.8956]),
        ("{quantile: [0.25, 0.75]}", [8.5, 10, 11.5]),
    ],
)
def test_outliers_are_put_at_the_bound_or_taken_away(
    tmp_path: Path, memory: Store, rule: str, wanted: list[float | None]
) -> None:
    frame = pd.DataFrame({"x": [-50.0, 8, 9, 10, 11, 12, 900], "y": range(7)})
    _, tidy = cleaned(memory, tmp_path, frame, f"clean: {{outliers: {{x: {rule}}}}}")
    found = tidy["x"].iloc[[0, 3, 6]].tolist()
    assert [None if pd.isna(value) else value for value in found] == pytest.approx(wanted)


def test_an_outlier_can_refuse_its_row_with_the_bound_it_is_beyond(tmp_path: Path, memory: Store) -> None:
    frame = pd.DataFrame({"x": [8.0, 9, 10, 11, 900], "y": range(5)})
    result, _ = cleaned(memory, tmp_path, frame, "clean: {outliers: {x: {robust_z: 5, then: refuse}}}")
    assert result.refused == {"`x` is an outlier: below 2.587 or above 17.413": 1}


def test_a_column_that_is_mostly_one_value_has_its_spread_from_the_mean(tmp_path: Path, memory: Store) -> None:
    frame = pd.DataFrame({"x": [0.0] * 8 + [1.0, 500.0], "c": 3.0, "y": range(10)})
    text = "clean: {outliers: {x: {robust_z: 3}, c: {robust_z: 3}}}"
    result, tidy = cleaned(memory, tmp_path, frame, text)
    assert tidy["x"].max() == pytest.approx(3 * 1.2533 * 50.1)
    assert any("more than half of `x` is 0" in said for said in result.changes)
    assert any("`c` is 3 in every training row" in said for said in result.changes)


def test_gaps_are_filled_and_counted(tmp_path: Path, memory: Store) -> None:
    frame = pd.DataFrame(
        {
            "a": [1.0, None, 3.0, 100.0],
            "c": pd.Series(["x", None, "x", "z"], dtype="str"),
            "d": pd.Series(["x", None, "x", "z"], dtype="str"),
            "b": pd.Series([True, None, True, False], dtype="boolean"),
            "y": range(4),
        }
    )
    result, tidy = cleaned(memory, tmp_path, frame, "clean: {fill: {a: median, c: mode, d: unknown, b: mode}}")
    assert tidy.iloc[1][["a", "c", "d", "b"]].tolist() == [3.0, "x", "unknown", True]
    assert result.changes == (
        "1 gap of `a` filled with the median, 3",
        "1 gap of `c` filled with the mode",
        "1 gap of `d` filled with `unknown`",
        "1 gap of `b` filled with the mode",
    )


def test_what_is_fitted_sees_rows_before_the_boundary_only(tmp_path: Path, memory: Store) -> None:
    frame = pd.DataFrame(
        {"at": [f"2024-01-{day:02}" for day in range(1, 11)], "x": [*range(8), 500.0, None], "y": range(10)}
    )
    shared, _ = cleaned(memory, tmp_path, frame, "time: at\nclean: {fill: {x: median}}")
    declared, tidy = cleaned(
        memory,
        tmp_path,
        frame,
        "time: at\nsplit: {train_until: 2024-01-04}\nclean: {fill: {x: median}, outliers: {x: {quantile: [0, 1]}}}",
    )
    assert shared.rules is not None
    assert shared.rules.fitted is not None
    assert shared.rules.fitted.fill == {"x": 3.0}
    assert declared.rules is not None
    assert declared.rules.fitted is not None
    assert declared.rules.fitted.fill == {"x": 1.0}
    assert tidy["x"].tolist() == [0, 1, *[2] * 7, 1]


def test_rows_to_watch_are_mended_with_the_numbers_of_training(tmp_path: Path, memory: Store) -> None:
    use_case = case(tmp_path, "clean: {fill: {x: median}}")
    trained = clean(memory, use_case, collected_of(memory, pd.DataFrame({"x": [1.0, 2, 3], "y": range(3)})))
    later = collected_of(memory, pd.DataFrame({"x": [70.0, 80, None], "y": range(3)}))
    watched = clean(memory, use_case, later, like=trained.rules)
    assert watched.snapshot.read(memory)["x"].tolist() == [70, 80, 2]


def test_derived_columns_are_made_before_gaps_are_filled(tmp_path: Path, memory: Store) -> None:
    text = "derive: {twice: x * 2}\nclean: {fill: {x: 5}}"
    use_case = csv_case(tmp_path, "x,y\n1,0\n,1\n", text)
    tidy = clean(memory, use_case, collect(memory, use_case)).snapshot.read(memory)
    assert tidy["x"].tolist() == [1, 5]
    assert tidy["twice"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("clean: {fill: {agee: 1}}", r"clean\.fill: there is no column `agee` \(did you mean `age`"),
        ("clean: {units: {wait: kg}}", r"clean\.units: there is no column `wait`"),
        ("clean: {fill: {age: young}}", r"clean\.fill\.age: the column holds numbers, and 'young' is not one of them"),
        ("clean: {fill: {name: median}}", "the column `name` does not hold numbers"),
        ("clean: {outliers: {name: {range: [0, 1]}}}", "the column `name` does not hold numbers"),
        ("clean: {fill: {name: ' NA '}}", r"clean\.fill\.name: ` NA ` means missing"),
        ("clean: {fill: {none: median}}", r"clean\.fill\.none: the column has no value in the training rows"),
    ],
)
def test_rules_that_do_not_go_with_their_column_are_explained(
    tmp_path: Path, memory: Store, text: str, said: str
) -> None:
    frame = pd.DataFrame({"name": ["a", "b"], "age": [30.0, None], "none": [None, float("nan")], "y": [0, 1]})
    collected = collected_of(memory, frame.astype({"none": "float64"}))
    before = memory.list()
    with pytest.raises(UserError, match=said):
        clean(memory, case(tmp_path, text), collected)
    assert memory.list() == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("clean: {units: {a: kgg}}", "clean.units.a: `kgg` is no unit that I know"),
        ("clean: {units: {a: kg}}\ncolumns: {types: {a: category}}", "clean.units.a: under `columns.types`"),
        ("clean: {time_formats: {a: ['%H:%M']}}", "`%H:%M` does not tell a date"),
        ("clean: {time_formats: {a: ['%d/%m/%Y', '%m/%d/%Y']}}", "as two dates: keep one"),
        ("clean: {synonyms: {a: {x: z, z: w}}}", "`z` has a synonym itself"),
        ("clean: {outliers: {a: {then: clip}}}", "give one of `range`, `robust_z` and `quantile`"),
        ("clean: {outliers: {a: {quantile: [0.9, 0.1]}}}", "the lower share comes first"),
        ("clean: {outliers: {y: {robust_z: 3}}}", "the target is made from it"),
        ("clean: {fill: {y: 1}}", "it can't be made up"),
        ("clean: {fill: {a: -999}, missing_numbers: {a: [-999]}}", "-999 means missing in `a`"),
        ("clean: {fitted: {fill: {a: 1}}}", "it is what cleaning finds in the data"),
        ("clean: {fill: {a: [1]}}", "clean.fill.a: it must be `true` or `false` or a number or text"),
    ],
)
def test_rules_that_contradict_are_refused_with_their_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError) as refused:
        case(tmp_path, text)
    assert said in str(refused.value)
    assert "usecase.yaml, line " in str(refused.value)
