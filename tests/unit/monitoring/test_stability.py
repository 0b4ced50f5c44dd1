"""The population stability index, and what chance makes of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.stability import FEWEST_EXPECTED, chance_bound, coarser, noise, stability_index

COUNTS = st.lists(st.integers(0, 5000), min_size=2, max_size=12).map(np.array)


@given(COUNTS)
def test_nothing_moved_is_nothing(counts: np.ndarray) -> None:
    assert stability_index(counts, counts) == 0.0
    assert stability_index(counts * 3, counts) == pytest.approx(0.0, abs=1e-2)


@given(
    st.integers(2, 10).flatmap(
        lambda bins: st.tuples(*[st.lists(st.integers(0, 999), min_size=bins, max_size=bins)] * 2)
    )
)
def test_it_is_never_negative_and_the_same_from_both_sides(pair: tuple[list[int], list[int]]) -> None:
    one, other = map(np.array, pair)
    assert stability_index(one, other) >= 0.0
    assert stability_index(one, other) == pytest.approx(stability_index(other, one))


def test_the_textbook_value() -> None:
    before, after = np.array([5000, 5000]), np.array([6000, 4000])
    expected = 0.1 * np.log(0.6 / 0.5) + (-0.1) * np.log(0.4 / 0.5)
    assert stability_index(before, after) == pytest.approx(expected)


def test_an_empty_bin_is_no_infinity_and_hangs_on_no_size() -> None:
    found = [stability_index(np.array([9, 1]) * 1000, np.array([rows, 0])) for rows in (10_000, 1_000_000)]
    assert found[0] == pytest.approx(found[1])
    assert found[0] < 1


@pytest.mark.parametrize("rows", [200, 2_000, 20_000])
@pytest.mark.parametrize("bins", [2, 10, 30])
def test_chance_is_as_large_as_stated(rows: int, bins: int) -> None:
    random = np.random.default_rng(rows + bins)
    shares = np.full(bins, 1 / bins)
    groups = coarser(random.multinomial(50_000, shares), rows)
    joined = [
        [np.bincount(groups, random.multinomial(size, shares)).astype(np.int64) for size in (50_000, rows)]
        for _ in range(2_000)
    ]
    found = [stability_index(*pair) for pair in joined]
    assert np.mean(found) == pytest.approx(noise(50_000, rows, int(groups.max()) + 1), rel=0.15)
    beyond = np.mean([value > chance_bound(50_000, rows, int(groups.max()) + 1, 0.01) for value in found])
    assert beyond <= 0.02


def test_bounds_shrink_with_rows_and_grow_with_bins() -> None:
    assert chance_bound(10**6, 100, 10, 0.001) > chance_bound(10**6, 10_000, 10, 0.001)
    assert chance_bound(10**6, 100, 30, 0.001) > chance_bound(10**6, 100, 10, 0.001)
    assert chance_bound(10**6, 100, 10, 0.001) > noise(10**6, 100, 10)
    assert chance_bound(0, 0, 1, 0.01) == noise(0, 0, 1) == 0.0


@given(st.lists(st.integers(0, 500), min_size=1, max_size=30), st.integers(0, 5000))
def test_coarser_bins_are_neighbours_and_full_enough(counts: list[int], rows: int) -> None:
    groups = coarser(counts, rows)
    assert groups[0] == 0
    assert set(np.diff(groups)) <= {0, 1}
    total = sum(counts)
    if total and groups.max() > 0:
        expected = np.bincount(groups, weights=np.array(counts) / total * rows)
        assert expected.min() >= FEWEST_EXPECTED - 1e-6
