from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from tidemill.hashing import hash_rows, hash_values

VALUES = st.one_of(
    st.lists(st.one_of(st.none(), st.text(max_size=20)), min_size=1).map(lambda cells: pd.Series(cells, dtype="str")),
    st.lists(st.one_of(st.none(), st.floats(allow_nan=False))).map(lambda cells: pd.Series(cells, dtype="float64")),
    st.lists(st.integers(-(2**63), 2**63 - 1)).map(lambda cells: pd.Series(cells, dtype="int64")),
    st.lists(st.one_of(st.none(), st.booleans())).map(lambda cells: pd.Series(cells, dtype="boolean")),
)


def distinct(lanes: tuple[np.ndarray, np.ndarray], lane: int) -> int:
    return len(set(lanes[lane].tolist()))


@given(VALUES)
def test_equal_values_have_equal_hashes_and_others_differ_in_both_lanes(column: pd.Series) -> None:
    lanes = hash_values(column)
    wanted = column.nunique(dropna=False)
    assert (distinct(lanes, 0), distinct(lanes, 1)) == (wanted, wanted)


@given(st.lists(st.text(max_size=4), min_size=1, max_size=8))
def test_a_text_hashes_as_itself_among_any_others(cells: list[str]) -> None:
    many = pd.Series(cells * 3_000, dtype="str")
    together, alone = hash_values(many), hash_values(many.iloc[: len(cells)])
    for lane in (0, 1):
        np.testing.assert_array_equal(together[lane].reshape(3_000, -1), np.tile(alone[lane], (3_000, 1)))


def test_columns_do_not_change_places_and_long_texts_count_to_their_end() -> None:
    frame = pd.DataFrame({"a": ["x", "y", "x" * 600 + "1"], "b": ["y", "x", "x" * 600 + "2"]}, dtype="str")
    assert distinct(hash_rows(frame, ["a", "b"]), 0) == 3
    there, back = hash_rows(frame, ["a", "b"]), hash_rows(frame, ["b", "a"])
    assert not (there[0] == back[0]).any()
    ends = hash_values(pd.Series(["x" * 600 + "1", "x" * 600 + "2"], dtype="str"))
    assert (distinct(ends, 0), distinct(ends, 1)) == (2, 2)


def test_a_million_different_rows_have_a_million_hashes() -> None:
    frame = pd.DataFrame({"n": np.arange(1_000_000) // 1_000, "x": np.arange(1_000_000) % 1_000 / 7})
    lanes = hash_rows(frame, ["n", "x"])
    assert (len(np.unique(lanes[0])), len(np.unique(lanes[1]))) == (1_000_000, 1_000_000)
