"""Rows read one value at a time give what the recipe gives for a frame of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.cleaning import normalise
from tidemill.errors import UserError
from tidemill.learning.features import ColumnContract, Feature, Recipe
from tidemill.learning.rows import RowReader, Scalar
from tidemill.usecase.schema import CleanRules

KINDS: dict[str, Any] = {
    "size": "number", "shop": "category", "flag": "boolean", "at": "time", "seen": "time",
    "ratio": "number", "until": "time", "big": "boolean", "place": "category",
}  # fmt: skip
DERIVE = {
    "ratio": "size / 0.5 - 1",
    "until": "seen + minutes(size)",
    "big": "size > 3",
    "place": "lower(shop)",
}


def recipe(*, strip: bool = True, **derive: str) -> Recipe:
    features = [
        Feature(name="size", column="size", kind="number"),
        Feature(name="shop", column="shop", kind="category", levels=("a", "7", "true", "1.5"), other=True),
        Feature(name="flag", column="flag", kind="boolean"),
        *(
            Feature(name=f"at: {part}", column="at", kind="time", part=part)
            for part in ("hour", "weekday", "day of month", "day of year", "days since 1970")
        ),
        Feature(name="seen", column="seen", kind="time", part="hours before"),
        Feature(name="at until", column="at", kind="time", part="hours before", until="seen"),
        *(
            Feature(
                name=name, column=name, kind=KINDS[name], levels=("a", "true"), part="hour" if name == "until" else None
            )
            for name in derive
        ),
    ]
    names = ["size", "shop", "flag", "at", "seen"]
    return Recipe(
        features=tuple(features),
        columns=tuple(ColumnContract(name=name, kind=KINDS[name]) for name in names),
        derive=derive,
        kinds={name: KINDS[name] for name in [*names, *derive]},
        clean=CleanRules(strip=strip),
        reference="at",
        excluded={},
    )


texts = st.one_of(
    st.sampled_from(
        ["a", " a ", "A", "7", "7.0", "1e3", "yes", "No", "true", "NA", "?", "", "\u2003b\x1f", "inf", "0x1f"]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6),
)
numbers = st.one_of(
    st.integers(-10, 10),
    st.sampled_from([0, 1, 2**53 + 1, 2**63, -(2**70), 10**320, 1.7e9, 1700000000000]),
    st.floats(),
)
times = st.one_of(
    st.datetimes().map(lambda moment: moment.isoformat()),
    st.datetimes().map(lambda moment: f"{moment:%Y-%m-%d %H:%M}+05:30"),
    st.dates().map(str),
    st.sampled_from(
        ["2024-01-31T12:00:00Z", "2024-02-30", "20240131", "2024-01-31T24:00", "2024", "soon", "2024-01-31T12"]
    ),
)
scalars: st.SearchStrategy[Scalar] = st.one_of(st.none(), st.booleans(), numbers, texts, times)


def both(of: Recipe, row: dict[str, Scalar]) -> tuple[object, object]:
    """What each way gives: a matrix, or the column that it complains of."""
    found: list[object] = []
    for way in (lambda: RowReader(of).matrix([row]), lambda: of.transform(pd.DataFrame([row]))):
        try:
            found.append(way())
        except UserError as error:
            found.append("unreadable" if error.row is not None else str(error))
        except OverflowError:  # pandas can't hold the number at all
            found.append("unreadable")
    return found[0], found[1]


def assert_same(of: Recipe, row: dict[str, Scalar]) -> None:
    fast, general = both(of, row)
    if isinstance(fast, np.ndarray) and isinstance(general, np.ndarray):
        np.testing.assert_array_equal(fast, general, err_msg=repr(row))
    else:
        assert fast == general, row


@given(scalars, scalars, scalars, scalars, scalars)
def test_any_row_reads_as_in_a_frame(size: Scalar, shop: Scalar, flag: Scalar, at: Scalar, seen: Scalar) -> None:
    assert_same(recipe(), {"size": size, "shop": shop, "flag": flag, "at": at, "seen": seen})


@given(st.one_of(st.none(), numbers, st.booleans()), st.one_of(st.none(), texts), times, times)
def test_derived_columns_too(size: Scalar, shop: Scalar, at: Scalar, seen: Scalar) -> None:
    assert_same(recipe(**DERIVE), {"size": size, "shop": shop, "flag": None, "at": at, "seen": seen})


@given(texts)
def test_text_that_is_not_stripped(shop: str) -> None:
    assert_same(recipe(strip=False), {"size": 1, "shop": shop, "flag": None, "at": None, "seen": None})


def test_white_space_is_what_cleaning_says_it_is() -> None:
    spaces = [chr(code) for code in range(1, 0x3100) if chr(code).isspace()]
    frame = pd.DataFrame({"x": pd.Series([f"{space}a{space}" for space in spaces], dtype="str")})
    tidy = normalise(frame, CleanRules(), {"x": "category"})["x"]
    assert [text.strip() for text in frame["x"]] == tidy.tolist()


@pytest.mark.parametrize("whole", [True, False])
def test_many_rows_are_read_each_alone(whole: bool) -> None:
    """In a frame, one row's text would turn its neighbours' numbers into text."""
    of = recipe(**DERIVE)
    good = {"size": 3, "shop": 7, "flag": True, "at": "2024-01-31", "seen": "2024-01-30T06:00:00Z"}
    others = [{**good, "size": "4.5"}, {**good, "shop": "a", "flag": "no"}, {**good, "ratio": 2}, {**good, "at": None}]
    rows = [good, *others] if whole else others
    one_by_one = np.concatenate([RowReader(of).matrix([row]) for row in rows])
    np.testing.assert_array_equal(RowReader(of).matrix(rows), one_by_one)


def test_a_row_that_lacks_a_column_is_named() -> None:
    good = {"size": 3, "shop": 7, "flag": True, "at": "2024-01-31", "seen": None}
    bad = {**{name: value for name, value in good.items() if name != "shop"}, "Shop": "a"}
    with pytest.raises(UserError, match=r"row 1 .* no column `shop`.*did you mean `Shop`.*null") as caught:
        RowReader(recipe()).matrix([good, bad])
    assert (caught.value.row, caught.value.column) == (1, "shop")


def test_a_column_to_derive_from_is_named_and_the_derived_one_will_do() -> None:
    reader = RowReader(recipe(ratio=DERIVE["ratio"]))
    row: dict[str, Scalar] = {"shop": "a", "flag": True, "at": None, "seen": None, "size": 1}
    assert math.isclose(reader.matrix([row])[0, -1], 1.0)
    assert math.isclose(reader.matrix([{**row, "ratio": 9}])[0, -1], 9.0)


@pytest.mark.parametrize(("column", "value"), [("size", "many"), ("flag", "maybe"), ("at", "soon"), ("size", 10**400)])
def test_an_unreadable_value_is_named_by_row_and_column(column: str, value: Scalar) -> None:
    good: dict[str, Scalar] = {"size": 3, "shop": 7, "flag": True, "at": "2024-01-31", "seen": None}
    with pytest.raises(UserError, match=f"row 2 .* in column `{column}`") as caught:
        RowReader(recipe()).matrix([good, good, {**good, column: value}, good])
    assert (caught.value.row, caught.value.column) == (2, column)


def test_a_time_beyond_the_calendar_goes_the_general_way() -> None:
    assert_same(
        recipe(until=DERIVE["until"]),
        {"size": 1e11, "shop": "a", "flag": None, "at": None, "seen": "2024-01-01T00:00:00Z"},
    )
