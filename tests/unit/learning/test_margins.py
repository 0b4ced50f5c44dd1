"""Calibration, threshold and intervals."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, log_loss

from tidemill.learning.margins import (
    Calibration,
    best_threshold,
    calibrate,
    residual_quantile,
)
from tidemill.learning.objectives import predictions


def folds(slope: float, classes: int = 2) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Three folds of margins that are ``slope`` times too far from zero."""
    random = np.random.default_rng(4)
    margins, targets = [], []
    for _ in range(3):
        true = random.normal(size=2000) if classes == 2 else random.normal(size=(2000, classes))
        shares = predictions("binary" if classes == 2 else "multiclass", true)
        if classes == 2:
            targets.append((random.uniform(size=2000) < shares).astype(np.float64))
        else:
            targets.append((shares.cumsum(axis=1) < random.uniform(size=(2000, 1))).sum(axis=1).astype(np.float64))
        margins.append((true * slope).astype(np.float32))
    return margins, targets


def test_overconfident_margins_are_drawn_in() -> None:
    for classes in (2, 4):
        task = "binary" if classes == 2 else "multiclass"
        margins, targets = folds(2.5, classes)
        fitted = calibrate(task, margins, targets)
        assert 0.3 < fitted.slope < 0.5
        together, target = np.concatenate(margins), np.concatenate(targets)
        before = log_loss(target, predictions(task, together))
        assert log_loss(target, predictions(task, fitted.apply(together))) < before


def test_a_correction_that_does_not_carry_over_is_not_made() -> None:
    margins, targets = folds(1.0)
    shifts = (-1.0, 0.0, 1.0)
    moved = [(margin + shift).astype(np.float32) for margin, shift in zip(margins, shifts, strict=True)]
    assert calibrate("binary", moved, targets) == Calibration()


def test_too_few_rows_or_one_class_are_left_as_they_are() -> None:
    assert calibrate("binary", [np.zeros(20, dtype=np.float32)], [np.zeros(20)]) == Calibration()
    assert calibrate("binary", [np.arange(400, dtype=np.float32)], [np.zeros(400)]) == Calibration()
    assert calibrate("regression", [np.zeros(400, dtype=np.float32)], [np.zeros(400)]) == Calibration()


@given(st.integers(0, 500))
def test_no_other_cut_has_a_better_f1(seed: int) -> None:
    random = np.random.default_rng(seed)
    shares = np.round(random.uniform(size=60), 1)
    target = np.r_[1.0, random.uniform(size=59) < shares[1:]].astype(np.float64)
    best = f1_score(target, shares >= best_threshold("f1", shares, target))
    assert all(f1_score(target, shares >= cut) <= best + 1e-12 for cut in np.unique(shares))


@given(st.integers(0, 500))
def test_no_other_cut_is_more_accurate(seed: int) -> None:
    random = np.random.default_rng(seed)
    shares = np.round(random.uniform(size=60), 1)
    target = np.r_[1.0, random.uniform(size=59) < shares[1:]].astype(np.float64)
    best = ((shares >= best_threshold("accuracy", shares, target)) == target).mean()
    assert all(((shares >= cut) == target).mean() <= best + 1e-12 for cut in np.unique(shares))


def test_intervals_cover_what_they_say() -> None:
    random = np.random.default_rng(1)
    half = residual_quantile(random.normal(size=5000), np.zeros(5000), 0.9)
    assert 0.88 < (np.abs(random.normal(size=5000)) <= half).mean() < 0.92


def test_probabilities_of_extreme_margins_are_finite() -> None:
    np.testing.assert_allclose(predictions("binary", np.array([-1e9, 1e9])), [0.0, 1.0], atol=1e-200)
    shares = predictions("multiclass", np.array([[1e6, -1e6, 0.0]]))
    np.testing.assert_allclose(shares, [[1.0, 0.0, 0.0]])
