"""Columns whose cells are lists of numbers: arrays, JSON text and lists in a request are read alike."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from tests.unit.learning.world import make_use_case
from tidemill.errors import UserError
from tidemill.learning.features import Recipe
from tidemill.learning.fitting import fit_recipe
from tidemill.learning.levels import Known
from tidemill.learning.rows import RowReader

IMAGES, DIGITS = load_digits(return_X_y=True)
ROWS = 400


def digits(**columns: object) -> pd.DataFrame:
    return pd.DataFrame(
        {"image": list(IMAGES[:ROWS]), "ink": IMAGES[:ROWS].sum(axis=1), "bought": DIGITS[:ROWS], **columns}
    )


def recipe_of(frame: pd.DataFrame, **sections: object) -> tuple[Recipe, np.ndarray]:
    known = Known(frame["bought"].to_numpy(float), 10)
    return fit_recipe(frame, make_use_case(time=None, id=[], derive={}, **sections), {}, known)


RECIPE, MATRIX = recipe_of(digits())
READER = RowReader(RECIPE)


def test_a_list_becomes_a_feature_a_number_and_numbers_that_never_change_are_left_out() -> None:
    told = [place for place, _ in enumerate(IMAGES[0]) if f"image: {place}" in RECIPE.feature_names]
    assert 40 < len(told) < 64
    assert "image: 0" not in RECIPE.feature_names  # a corner, always white
    np.testing.assert_array_equal(MATRIX[:, : len(told)], IMAGES[:ROWS, told].astype(np.float32))
    contract = next(column for column in RECIPE.columns if column.name == "image")
    assert contract.pixels == 64


def test_json_text_and_rows_of_rows_are_the_same_lists() -> None:
    frame = digits()
    for image in (
        [json.dumps(cell.tolist()) for cell in IMAGES[:ROWS]],
        [cell.reshape(8, 8).tolist() for cell in IMAGES[:ROWS]],
        [tuple(cell) for cell in IMAGES[:ROWS].astype(int)],
    ):
        np.testing.assert_array_equal(RECIPE.transform(frame.assign(image=image)), MATRIX)
    declared, matrix = recipe_of(digits(), columns={"types": {"image": "pixels"}})
    assert declared.feature_names == RECIPE.feature_names
    np.testing.assert_array_equal(matrix, MATRIX)


def test_lists_that_never_change_are_left_out_with_a_reason() -> None:
    assert "nearly every training row" in recipe_of(digits(image=[[1, 2]] * ROWS))[0].excluded["image"]
    few = [[1, 2]] * (ROWS - 2) + [[3, 4]] * 2
    assert "nearly every training row" in recipe_of(digits(image=few))[0].excluded["image"]


def test_json_gives_the_same_recipe_back() -> None:
    again = Recipe.model_validate_json(RECIPE.model_dump_json())
    assert again == RECIPE
    np.testing.assert_array_equal(again.transform(digits()), MATRIX)


@pytest.mark.parametrize(
    ("cell", "said"), [([1.0] * 63, "63 numbers"), ("black", "'black'"), ([{"a": 1}], '"a": 1'), (7, "'7'")]
)
def test_a_cell_that_is_no_such_list_is_named_by_row_and_column(cell: object, said: str) -> None:
    good: dict[str, Any] = {"image": IMAGES[0].tolist(), "ink": 1.0}
    for read in (lambda rows: RECIPE.transform(pd.DataFrame(rows)), READER.matrix):
        with pytest.raises(UserError, match=rf"row 1 .*{said}.*`image`.*a list of 64") as error:
            read([good, {**good, "image": cell}])
        assert (error.value.row, error.value.column) == (1, "image")


def test_a_training_row_with_another_length_is_named() -> None:
    image = [*IMAGES[: ROWS - 1], IMAGES[0][:60]]
    with pytest.raises(UserError, match=rf"row {ROWS - 1} .*60 numbers.*`image`.*list of 64"):
        recipe_of(digits(image=image))


def test_a_list_where_a_number_belongs_is_named() -> None:
    for read in (lambda rows: RECIPE.transform(pd.DataFrame(rows)), READER.matrix):
        with pytest.raises(UserError, match=r"row 0 .*`ink`, which is a number"):
            read([{"image": None, "ink": [1.0]}])


number = st.one_of(st.none(), st.floats(), st.integers(-(2**60), 2**60))
cells = st.one_of(
    st.none(),
    st.just(""),
    st.lists(number, min_size=64, max_size=64),
    st.lists(st.lists(number, min_size=8, max_size=8), min_size=8, max_size=8),
    st.lists(st.integers(0, 16), min_size=64, max_size=64).map(json.dumps),
)


@given(st.lists(st.fixed_dictionaries({"image": cells, "ink": st.floats()}), min_size=1, max_size=3))
def test_a_list_over_rest_is_read_as_in_a_frame(found: list[dict[str, Any]]) -> None:
    frame = pd.DataFrame({name: pd.Series([row[name] for row in found], dtype=object) for name in ("image", "ink")})
    np.testing.assert_array_equal(READER.matrix(found), RECIPE.transform(frame))
