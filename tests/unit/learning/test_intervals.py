"""Intervals hold the share of new rows that they were asked to hold, and no way is chosen to no gain."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidemill.learning.intervals import Validated, choose_rule, fit_rule


def rows(count: int, seed: int, *, growing: bool = False, skewed: bool = False) -> Validated:
    """What a perfect model of the mean would have: errors of one size, or of the prediction's; ends are the truth."""
    random = np.random.default_rng(seed)
    values = random.uniform(1.0, 10.0, count)
    size = values / 3.0 if growing else np.ones(count)
    noise = random.exponential(size=count) - 1.0 if skewed else random.normal(size=count)
    width = 1.645 * size
    return Validated(values + noise * size, values, np.column_stack([values - width, values + width]))


@pytest.mark.parametrize("way", ["constant", "scaled", "quantile"])
@pytest.mark.parametrize("skewed", [False, True])
def test_new_rows_are_covered(way: str, skewed: bool) -> None:
    rule = fit_rule([rows(2_000, seed, growing=True, skewed=skewed) for seed in range(3)], 0.9, way)  # type: ignore[arg-type]
    fresh = rows(20_000, 99, growing=True, skewed=skewed)
    lower, upper = rule.around(fresh.values, fresh.ends if way == "quantile" else None)
    assert 0.88 < ((lower <= fresh.target) & (fresh.target <= upper)).mean() < 0.92


def test_errors_that_grow_get_intervals_that_grow() -> None:
    assert choose_rule([rows(1_000, seed) for seed in range(4)], 0.9, ("constant", "scaled"), None).way == "constant"
    growing = [rows(1_000, seed, growing=True) for seed in range(4)]
    assert choose_rule(growing, 0.9, ("constant", "scaled"), None).way == "scaled"


def test_weighted_rows_weigh() -> None:
    random = np.random.default_rng(0)
    errors = random.normal(size=4_000) * np.r_[np.ones(2_000), np.full(2_000, 5.0)]
    weights = np.r_[np.full(2_000, 2.0), np.zeros(2_000)]
    rule = fit_rule([Validated(errors, np.zeros(4_000), None, weights)], 0.9, "constant")
    assert 1.5 < rule.above < 1.8


@settings(max_examples=50)
@given(st.integers(0, 10_000), st.sampled_from(["constant", "scaled", "quantile"]))
def test_the_prediction_is_within_and_counts_stay_above_nothing(seed: int, way: str) -> None:
    made = rows(300, seed, skewed=True)
    rule = fit_rule([made], 0.8, way, 0.0)  # type: ignore[arg-type]
    values = np.random.default_rng(seed).gamma(0.5, 2.0, 50)
    ends = np.column_stack([values + 3.0, values - 1.0])
    lower, upper = rule.around(values, ends if way == "quantile" else None)
    assert (lower >= 0).all()
    assert (lower <= values).all()
    assert (values <= upper).all()
