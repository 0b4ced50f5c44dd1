"""What the rules of cleaning do to values, and what they say when they can't."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pandas as pd
import pytest

from tests.unit.data.cases import case, collected_of, csv_case
from tests.unit.data.test_cleaning import cleaned
from tidemill.cleaning import clean
from tidemill.collecting import collect
from tidemill.errors import UserError
from tidemill.store import Store


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


def test_a_column_with_a_word_to_fill_its_gaps_is_not_taken_for_numbers(tmp_path: Path, memory: Store) -> None:
    frame = pd.DataFrame({"zone": pd.Series([*map(str, range(30)), None], dtype="str"), "y": range(31)})
    _, tidy = cleaned(memory, tmp_path, frame, "clean: {fill: {zone: unknown}}")
    assert tidy["zone"].iloc[[0, 30]].tolist() == ["0", "unknown"]


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


def test_rows_whose_labels_are_still_to_come_do_not_move_the_boundary(tmp_path: Path, memory: Store) -> None:
    frame = pd.DataFrame({"at": [f"2024-01-{day:02}" for day in range(1, 11)], "x": [*range(9), None], "y": range(10)})
    text = "time: at\nmonitor: {label_delay: 5d}\nclean: {fill: {x: median}}"
    result, _ = cleaned(memory, tmp_path, frame, text)
    assert result.rules is not None
    assert result.rules.fitted is not None
    assert result.rules.fitted.fill == {"x": 1.0}  # five rows are ripe, and the newest of them is the gate's


def test_temporary_disk_that_can_not_be_used_is_named(
    tmp_path: Path, memory: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    collected = collected_of(memory, pd.DataFrame({"x": [1.0], "y": [1]}))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(UserError, match=r"temporary disk.*nowhere: No such file or directory\. .*TMPDIR"):
        clean(memory, case(tmp_path), collected)


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
