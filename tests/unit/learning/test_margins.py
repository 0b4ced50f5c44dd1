"""Calibration: honest probabilities, and never worse than none."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import log_loss

from tidemill.learning.margins import Calibration, Scored, calibrate, undone
from tidemill.learning.objectives import predictions


def folds(slope: float, classes: int = 2) -> list[Scored]:
    """Three folds of margins that are ``slope`` times too far from zero."""
    random = np.random.default_rng(4)
    made = []
    for _ in range(3):
        true = random.normal(size=2000) if classes == 2 else random.normal(size=(2000, classes))
        shares = predictions("binary" if classes == 2 else "multiclass", true)
        if classes == 2:
            target = (random.uniform(size=2000) < shares).astype(np.float64)
        else:
            target = (shares.cumsum(axis=1) < random.uniform(size=(2000, 1))).sum(axis=1).astype(np.float64)
        made.append(Scored((true * slope).astype(np.float32), target))
    return made


def test_overconfident_margins_are_drawn_in() -> None:
    for classes in (2, 4):
        task = "binary" if classes == 2 else "multiclass"
        made = folds(2.5, classes)
        fitted = calibrate(task, made)
        assert 0.3 < fitted.slope < 0.5
        together, target = np.concatenate([one.margins for one in made]), np.concatenate([one.target for one in made])
        before = log_loss(target, predictions(task, together))
        assert log_loss(target, predictions(task, fitted.apply(together))) < before


def test_a_correction_that_does_not_carry_over_is_not_made() -> None:
    shifts = (-1.0, 0.0, 1.0)
    moved = [Scored(one.margins + shift, one.target) for one, shift in zip(folds(1.0), shifts, strict=True)]
    assert calibrate("binary", moved) == Calibration()


def test_too_few_rows_or_one_class_are_left_as_they_are() -> None:
    assert calibrate("binary", [Scored(np.zeros(20), np.zeros(20))]) == Calibration()
    assert calibrate("binary", [Scored(np.arange(400.0), np.zeros(400))]) == Calibration()
    assert calibrate("regression", [Scored(np.zeros(400), np.zeros(400))]) == Calibration()


def test_margins_that_lie_at_one_end_only_are_bent_there() -> None:
    bent = [Scored(np.where(one.margins > 0, one.margins * 3.0, one.margins), one.target) for one in folds(1.0)]
    fitted = calibrate("binary", bent)
    assert fitted.upper_slope is not None
    assert fitted.upper_slope < 0.6 < fitted.slope
    moved = fitted.apply(np.linspace(-8.0, 8.0, 200))
    assert (np.diff(moved) > 0).all()


def test_classes_that_are_said_too_often_are_shifted_back() -> None:
    leaning = np.array([1.5, 0.0, -1.5, 0.0])
    made = [Scored(one.margins + leaning, one.target) for one in folds(1.0, 4)]
    fitted = calibrate("multiclass", made)
    np.testing.assert_allclose(fitted.shifts, -leaning, atol=0.3)


def test_weighted_rows_weigh_in_the_calibration() -> None:
    made = [Scored(one.margins, one.target, np.where(one.target == 1, 3.0, 1.0)) for one in folds(1.0)]
    assert abs(calibrate("binary", made).intercept - np.log(3.0)) < 0.15


def test_what_class_weights_did_to_the_odds_is_taken_back() -> None:
    assert undone("binary", None) == Calibration()
    assert np.isclose(undone("binary", np.array([0.5, 5.0])).intercept, -np.log(10.0))
    few = [Scored(np.zeros(20), np.zeros(20))]
    assert calibrate("binary", few, undone("binary", np.array([1.0, 2.0]))).intercept < 0


def test_probabilities_of_extreme_margins_are_finite() -> None:
    np.testing.assert_allclose(predictions("binary", np.array([-1e9, 1e9])), [0.0, 1.0], atol=1e-200)
    shares = predictions("multiclass", np.array([[1e6, -1e6, 0.0]]))
    np.testing.assert_allclose(shares, [[1.0, 0.0, 0.0]])
