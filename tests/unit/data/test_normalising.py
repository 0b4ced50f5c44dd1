from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.cleaning import Kind, normalise
from tidemill.errors import UserError
from tidemill.usecase.schema import CleanRules

RULES = CleanRules()


def one(values: object, kind: Kind | None = None, rules: CleanRules = RULES) -> pd.Series:
    column = values if isinstance(values, pd.Series) else pd.Series(values)
    return normalise(pd.DataFrame({"x": column}), rules, {"x": kind} if kind else {})["x"]


def plain(column: pd.Series) -> list[object]:
    return [None if value is None or pd.isna(value) else value for value in column.tolist()]


def test_text_is_trimmed_and_words_for_missing_are_null() -> None:
    assert plain(one([" a", "NA", "", "b ", None])) == ["a", None, None, "b", None]


def test_without_strip_only_the_words_for_missing_are_null() -> None:
    assert plain(one([" a", "NA", ""], rules=CleanRules(strip=False))) == [" a", None, ""]


@pytest.mark.parametrize(
    ("values", "dtype", "wanted"),
    [
        ([1.5, np.inf, None], "float64", [1.5, None, None]),
        ([None, None], "float64", [None, None]),
        ([True, None], "boolean", [True, None]),
        ([1, None, 2.5], "float64", [1, None, 2.5]),
        ([1, "b", None], "str", ["1", "b", None]),
        (pd.Series([1, None], dtype="Int64"), "float64", [1, None]),
        (pd.Series([1, 2], dtype="Int64"), "int64", [1, 2]),
        (pd.Series([" a", None], dtype="category"), "str", ["a", None]),
        (pd.Series([" a", None], dtype=pd.ArrowDtype(pa.string())), "str", ["a", None]),
        (pd.Series([1, None], dtype=pd.ArrowDtype(pa.int32())), "float64", [1, None]),
    ],
)
def test_columns_that_are_not_declared_get_the_plain_type_of_what_they_hold(
    values: object, dtype: str, wanted: list[object]
) -> None:
    column = one(values)
    assert (str(column.dtype), plain(column)) == (dtype, wanted)


@pytest.mark.parametrize(
    ("kind", "values", "dtype", "wanted"),
    [
        ("number", ["1", " 2.5 ", "many", "NA"], "float64", [1.0, 2.5, None, None]),
        ("number", [True, False], "float64", [1.0, 0.0]),
        ("category", [7, 8], "str", ["7", "8"]),
        ("category", [7.0, None, 9.5], "str", ["7", None, "9.5"]),
        ("category", [True, None], "str", ["true", None]),
        ("boolean", ["Yes", "off", "perhaps", None], "boolean", [True, False, None, None]),
        ("boolean", [1, 0, 7], "boolean", [True, False, None]),
    ],
)
def test_declared_columns_become_what_they_are_declared_as(
    kind: Kind, values: list[object], dtype: str, wanted: list[object]
) -> None:
    column = one(values, kind)
    assert (str(column.dtype), plain(column)) == (dtype, wanted)


@pytest.mark.parametrize(
    "value",
    ["2013-01-01T10:00:00Z", "2013-01-01 10:00", "2013-01-01T12:00:00+02:00", 1357034400, 1357034400000, 1357034400e6],
)
def test_times_are_read_from_text_and_from_seconds_since_1970_as_utc(value: object) -> None:
    assert one([value], "time").tolist() == [pd.Timestamp("2013-01-01 10:00", tz="UTC")]


@pytest.mark.parametrize("value", ["soon", 2013, 7, True])
def test_what_is_no_time_is_null(value: object) -> None:
    assert plain(one([value], "time")) == [None]


def test_times_of_any_unit_and_zone_become_utc_microseconds() -> None:
    column = one(pd.Series(pd.to_datetime(["2013-01-01 05:00"])).dt.tz_localize("America/New_York").dt.as_unit("ns"))
    assert str(column.dtype) == "datetime64[us, UTC]"
    assert column[0] == pd.Timestamp("2013-01-01 10:00", tz="UTC")


def test_index_columns_and_rows_stay_and_the_given_frame_is_not_touched() -> None:
    frame = pd.DataFrame({"b": [" x", "y "], "a": ["1", "2"]}, index=[9, 4])
    tidy = normalise(frame, RULES, {"a": "number"})
    assert (list(tidy.columns), list(tidy.index)) == (["b", "a"], [9, 4])
    assert frame["b"].tolist() == [" x", "y "]


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(UserError, match="two columns are called `a`"):
        normalise(pd.DataFrame([[1, 2]], columns=["a", "a"]), RULES, {})


CELLS = st.one_of(
    st.none(), st.text(alphabet=" ab1.NA-", max_size=4), st.sampled_from(["12", "2013-01-01", "yes", "?"])
)


@given(st.lists(CELLS, min_size=1, max_size=12), st.sampled_from(["number", "category", "time", "boolean"]))
def test_a_row_alone_is_tidied_as_it_is_among_others(cells: list[str | None], kind: Kind) -> None:
    frame = pd.DataFrame({"x": pd.Series(cells, dtype="str"), "y": pd.Series(cells, dtype="str")})
    whole = normalise(frame, RULES, {"x": kind})
    for place in range(len(frame)):
        alone = normalise(frame.iloc[[place]], RULES, {"x": kind})
        pd.testing.assert_frame_equal(alone, whole.iloc[[place]])


@given(st.lists(CELLS, max_size=12), st.sampled_from(["number", "category", "time", "boolean"]))
def test_tidying_twice_changes_nothing(cells: list[str | None], kind: Kind) -> None:
    once = normalise(pd.DataFrame({"x": pd.Series(cells, dtype="str")}), RULES, {"x": kind})
    pd.testing.assert_frame_equal(normalise(once, RULES, {"x": kind}), once)
