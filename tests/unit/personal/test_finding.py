from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.personal.people import HONEST, PERSONAL, column
from tidemill.personal import find_personal
from tidemill.scaffold import found_usecase

ROWS = 300


@pytest.mark.parametrize("what", PERSONAL)
@pytest.mark.parametrize("gaps", [0.0, 0.3])
def test_personal_data_is_found_with_its_kind_and_the_example_is_masked(what: str, gaps: float) -> None:
    name, kind, maker = PERSONAL[what]
    values = column(maker, ROWS, seed=1, gaps=gaps)
    found = find_personal(pd.DataFrame({"amount": np.arange(ROWS) / 3, name: values}))
    assert [(one.column, one.kind, one.allowed) for one in found] == [(name, kind, False)]
    raw = [str(value) for value in values.dropna()]
    assert not any(value in found[0].evidence for value in raw)
    assert "% of the values in" in found[0].evidence


@pytest.mark.parametrize("what", HONEST)
@pytest.mark.parametrize("gaps", [0.0, 0.3])
def test_honest_columns_are_not_accused(what: str, gaps: float) -> None:
    name, maker = HONEST[what]
    assert find_personal(pd.DataFrame({name: column(maker, ROWS, seed=2, gaps=gaps)})) == []


@settings(max_examples=40)
@given(
    what=st.sampled_from(sorted(PERSONAL)),
    rows=st.integers(40, 400),
    seed=st.integers(0, 10**6),
)
def test_whatever_the_rows_personal_data_is_found(what: str, rows: int, seed: int) -> None:
    name, kind, maker = PERSONAL[what]
    rows = max(rows, 150) if kind == "text" else rows
    assert [one.kind for one in find_personal(pd.DataFrame({name: column(maker, rows, seed)}))] == [kind]


@settings(max_examples=60)
@given(what=st.sampled_from(sorted(HONEST)), rows=st.integers(20, 400), seed=st.integers(0, 10**6))
def test_whatever_the_rows_honest_columns_are_not_accused(what: str, rows: int, seed: int) -> None:
    name, maker = HONEST[what]
    assert find_personal(pd.DataFrame({name: column(maker, rows, seed)})) == []


def test_the_use_case_has_the_last_word() -> None:
    name, _, maker = PERSONAL["email"]
    values = column(maker, ROWS, seed=3)
    frame = pd.DataFrame({name: values, "other": values, "third": values, "code": np.arange(ROWS)})
    found = find_personal(frame, {name: "allow", "other": "not_personal", "code": "leave_out"}, skip=("third",))
    assert [(one.column, one.kind, one.allowed) for one in found] == [
        (name, "email", True),
        ("code", "declared", False),
    ]
    assert "the use case says so" in found[1].evidence


def test_nothing_to_look_at_is_no_error_and_the_same_frame_gives_the_same_answer() -> None:
    empty = pd.DataFrame({"a": pd.Series([None, None], dtype="str"), "b": [np.nan, np.inf], "c": [True, False]})
    assert find_personal(empty) == []
    assert find_personal(empty.head(0)) == []
    frame = pd.DataFrame({name: column(maker, 50, 4) for name, _, maker in PERSONAL.values()})
    before = frame.copy()
    assert find_personal(frame) == find_personal(frame)
    pd.testing.assert_frame_equal(frame, before)


@settings(max_examples=60)
@given(st.lists(st.one_of(st.none(), st.text(max_size=40), st.integers(), st.floats(), st.dates()), max_size=30))
def test_any_values_can_be_scanned(values: list[object]) -> None:
    frame = pd.DataFrame({"telephone name of birth": pd.Series(values, dtype="object")})
    for one in find_personal(frame):
        assert 0 <= one.share <= 1


def test_a_first_use_case_tells_of_personal_data_and_shows_none() -> None:
    frame = pd.DataFrame(
        {"mail": column(PERSONAL["email"][2], 200, 1), "no_hp": column(PERSONAL["phone as a number"][2], 200, 2)}
    )
    frame["y"] = np.arange(200) % 2
    text = found_usecase("people", "people.csv", frame, target="y")[0]
    assert "    # mail: allow # 100% of the values in 200 sampled rows are e-mail addresses, such as `" in text
    assert "    # no_hp: allow # 100% of the values" in text
    assert not any(str(value) in text for name in ("mail", "no_hp") for value in frame[name])
