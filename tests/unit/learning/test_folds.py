"""Validation folds: what they promise about time, groups and classes."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.errors import UserError
from tidemill.learning.folds import Division, forward_folds, group_folds, random_folds

FIVE = Division(5)


def hourly(count: int) -> pd.Series:
    return pd.Series(pd.date_range("2024-01-01", periods=count, freq="h", tz="UTC", unit="us"))


@given(st.integers(200, 3000), st.integers(0, 2**16), st.integers(1, 60))
def test_a_forward_fold_is_checked_on_what_comes_right_after_what_it_trains_on(
    count: int, seed: int, days: int
) -> None:
    at = hourly(count).sample(frac=1.0, random_state=seed).reset_index(drop=True)
    folds = forward_folds(at, timedelta(days=days), None)
    assert len(folds) == 3
    for fold in folds:
        assert at[fold.fit].max() < at[fold.check].min()
        between = (at > at[fold.fit].max()) & (at < at[fold.check].min())
        assert not between.any()
    assert at[folds[0].check].max() == at.max()
    assert at[folds[1].check].max() < at[folds[0].check].min()


def test_a_window_is_as_long_as_the_gates() -> None:
    folds = forward_folds(hourly(24 * 100), timedelta(days=10), None)
    assert [len(fold.check) for fold in folds] == [240, 240, 240]


def test_a_gate_longer_than_the_past_makes_windows_of_a_sixth() -> None:
    assert [len(fold.check) for fold in forward_folds(hourly(600), timedelta(days=400), None)] == [100, 100, 100]


def test_rows_without_a_time_are_trained_on_as_the_oldest() -> None:
    at = hourly(600)
    at[:10] = pd.NaT
    for fold in forward_folds(at, None, None):
        assert set(range(10)) <= set(fold.fit.tolist())


def test_a_window_with_one_class_is_left_out() -> None:
    classes = np.zeros(600, dtype=np.int64)
    classes[:550:3] = 1
    classes[500:] = 0
    assert len(forward_folds(hourly(600), None, classes)) == 2


def test_no_usable_window_is_no_fold() -> None:
    assert forward_folds(hourly(30), None, None) == ()
    assert forward_folds(pd.Series([pd.NaT] * 50, dtype="datetime64[us, UTC]"), None, None) == ()


@given(st.integers(2, 40), st.integers(0, 100))
def test_a_group_is_never_on_both_sides(count: int, seed: int) -> None:
    groups = pd.Series(np.random.default_rng(seed).integers(0, count, 600))
    for fold in group_folds(groups, None, seed, FIVE):
        assert not set(groups[fold.fit]) & set(groups[fold.check])


def test_one_group_gives_no_fold() -> None:
    assert group_folds(pd.Series(["only"] * 100), None, 1, FIVE) == ()


def test_random_folds_share_the_rows_out_and_keep_the_shares_of_classes() -> None:
    classes = (np.arange(1000) % 10 == 0).astype(np.int64)
    folds = random_folds(1000, classes, 1, FIVE)
    assert sorted(np.concatenate([fold.check for fold in folds]).tolist()) == list(range(1000))
    for fold in folds:
        assert not set(fold.fit.tolist()) & set(fold.check.tolist())
        assert classes[fold.check].sum() == 20


@pytest.mark.parametrize(
    ("rows", "features", "outputs", "expected"),
    [
        (400, 30, 1, Division(5, 3)),
        (2_000, 30, 1, Division(5, 2)),
        (10_000, 30, 1, Division(5)),
        (50_000, 15, 1, Division(3)),
        (4_000, 784, 1, Division(3)),
        (4_000, 784, 10, Division(1)),
        (200_000, 5, 1, Division(1)),
    ],
)
def test_what_costs_more_is_divided_less(rows: int, features: int, outputs: int, expected: Division) -> None:
    assert Division.of(rows, features, outputs) == expected


def test_rows_divided_again_are_divided_otherwise() -> None:
    folds = random_folds(300, None, 1, Division(5, 2))
    assert len(folds) == 10
    assert sorted(np.concatenate([fold.check for fold in folds[5:]]).tolist()) == list(range(300))
    assert not any(np.array_equal(first.check, again.check) for first in folds[:5] for again in folds[5:])


def test_a_single_fold_is_checked_on_no_more_rows_than_it_takes() -> None:
    (fold,) = random_folds(400_000, None, 1, Division(1))
    assert len(fold.check) <= 30_000
    assert len(fold.fit) + len(fold.check) == 400_000


def test_a_class_of_one_row_is_the_users_error() -> None:
    with pytest.raises(UserError, match="a single training row"):
        random_folds(20, np.array([0] * 19 + [1]), 1, FIVE)
