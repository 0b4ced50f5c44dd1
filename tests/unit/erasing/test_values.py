"""What names a person: the same whatever type a column has, and never somebody else."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.erasing.values import fields, hashed, said, spelt, telling


@pytest.mark.parametrize(
    ("column", "texts"),
    [
        (pa.array([17, None, -3]), ["17", None, "-3"]),
        (pa.array([17.0, 17.5, None]), ["17", "17.5", None]),
        (pa.array([" 17", "17.0", "017", "017.0", "", None]), ["17", "17", "017", "017.0", "", None]),
        (pa.array(["C17 ", "c17"]).dictionary_encode(), ["C17", "c17"]),
        (pa.array(["C17"], pa.large_string()), ["C17"]),
        (pa.array([True]), ["true"]),
        (pa.array([[1, 2]]), [None]),
    ],
)
def test_a_value_is_one_text_in_every_type(column: pa.Array, texts: list[str | None]) -> None:
    assert said(pa.chunked_array([column])).to_pylist() == texts


@given(st.integers(1 - 2**53, 2**53 - 1))
def test_a_whole_number_is_itself_as_integer_float_and_text(number: int) -> None:
    columns = (pa.array([number]), pa.array([float(number)]), pa.array([f"{number}"]), pa.array([f"{number}.0"]))
    assert {said(pa.chunked_array([one]))[0].as_py() for one in columns} == {str(number)} == {spelt(f" {number}.00 ")}


def test_letters_count_unless_cleaning_changes_them() -> None:
    assert spelt("C17") != spelt("c17")
    assert spelt("C17", fold=True) == spelt("c17", fold=True)


def test_hashes_tell_columns_and_salts_apart() -> None:
    salts = ("00" * 16, "01" * 16)
    made = {hashed(salt, columns, ["17"]) for salt in salts for columns in (["a"], ["b"])}
    assert len(made) == 4
    assert hashed(salts[0], ["a", "b"], ["1", "23"]) != hashed(salts[0], ["a", "b"], ["12", "3"])


@pytest.mark.parametrize("value", ["c17@shop.example", "C-004711", "123456789", "3f2a9c1b"])
def test_what_stands_nowhere_by_chance(value: str) -> None:
    assert telling(value)


@pytest.mark.parametrize("value", ["17", "12345678", "C17", "Amsterdam", "color", "2024"])
def test_what_may_stand_anywhere(value: str) -> None:
    assert not telling(value)


@pytest.mark.parametrize(
    "line",
    ["x,C17,3", 'x;"C17";3;4', '{"id": "C17", "a": [1', '{"id":C17', "C17", " C17 |3"],
)
def test_the_fields_of_a_line_that_nobody_could_read(line: str) -> None:
    assert "C17" in fields(line)
    assert "C1" not in fields(line)
