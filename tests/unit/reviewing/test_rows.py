from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.learning.world import make_use_case
from tidemill.reviewing.rows import naming_columns, row_keys, texts

WITHOUT_ID = make_use_case(id=[])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (pd.Series([7, 8]), ["7", "8"]),
        (pd.Series([7.0, None, 2.5, 1e12, -0.0]), ["7", None, "2.5", "1000000000000", "0"]),
        (pd.Series([7, None], dtype="Int64"), ["7", None]),
        (pd.Series([2**60 + 1]), [str(2**60 + 1)]),
        (pd.Series(["a", None, "0471"], dtype="str"), ["a", None, "0471"]),
        (pd.Series(["a", None], dtype="category"), ["a", None]),
        (pd.Series([True, None], dtype="boolean"), ["true", None]),
        (pd.Series(pd.to_datetime(["2024-01-31 12:00"], utc=True).as_unit("us")), ["2024-01-31 12:00:00.000000Z"]),
        (pd.Series([], dtype="float64"), []),
        (pd.Series([None, None], dtype="object"), [None, None]),
    ],
)
def test_a_value_has_one_text_in_whatever_type_it_comes(values: pd.Series, said: list[str | None]) -> None:
    assert texts(values) == said


def test_a_row_is_named_by_its_id() -> None:
    use_case = make_use_case(id=["shop", "row"])
    frame = pd.DataFrame({"shop": ["a", 'q"'], "row": [1.0, 2.0]})
    assert naming_columns(use_case, ["x", "row", "shop"]) == ["shop", "row"]
    assert row_keys(use_case, frame) == ['["a", "1"]', '["q\\"", "2"]']


def test_without_an_id_by_its_content_but_for_the_target_and_what_is_derived() -> None:
    columns = naming_columns(WITHOUT_ID, ["b", "a", "bought", "per_year"])
    assert columns == ["a", "b"]


VALUE = st.one_of(st.none(), st.text(max_size=6))


@given(st.lists(st.tuples(VALUE, VALUE), min_size=1, max_size=30))
def test_rows_share_a_name_only_if_they_are_equal(rows: list[tuple[str | None, str | None]]) -> None:
    frame = pd.DataFrame(rows, columns=["a", "b"], dtype="str")
    keys = row_keys(WITHOUT_ID, frame)
    assert len(set(keys)) == len(set(rows))
    assert all(len(key) == 32 for key in keys)
    assert row_keys(WITHOUT_ID, frame.iloc[::-1]) == keys[::-1]


def test_the_name_of_a_content_is_the_same_for_ever() -> None:
    """Answers in lakes hang on it."""
    frame = pd.DataFrame({"a": [1], "b": ["x"]})
    assert row_keys(WITHOUT_ID, frame) == row_keys(WITHOUT_ID, frame.astype({"a": "float64"}))
    assert row_keys(WITHOUT_ID, frame) == ["b94f24a951efbd5ce52dc6f4f857b6da"]
