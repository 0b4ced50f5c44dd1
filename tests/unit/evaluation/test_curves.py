from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from tidemill.evaluation.curves import binary_shapes, calibration, roc
from tidemill.evaluation.shapes import multiclass_shapes, regression_shapes


@pytest.fixture
def scored() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(2)
    scores = random.beta(2, 5, 5000)
    return random.uniform(size=5000) < scores, scores


def test_a_thinned_roc_keeps_its_area(scored: tuple[np.ndarray, np.ndarray]) -> None:
    positive, scores = scored
    curve = roc(positive, scores)
    assert len(curve.x) <= 122
    assert (curve.x[0], curve.y[0], curve.x[-1], curve.y[-1]) == (0, 0, 1, 1)
    assert all(np.diff(curve.x) >= 0)
    assert all(np.diff(curve.y) >= 0)
    assert np.trapezoid(curve.y, curve.x) == pytest.approx(roc_auc_score(positive, scores), abs=0.002)


def test_probabilities_that_are_right_look_calibrated(scored: tuple[np.ndarray, np.ndarray]) -> None:
    positive, scores = scored
    bins = calibration(positive.astype(np.float64), scores)
    assert sum(one.rows for one in bins) == 5000
    held = sum(one.low <= one.predicted <= one.high for one in bins)
    assert held >= len(bins) - 2
    shapes = binary_shapes(positive, scores, 0.5, ("no", "yes"))
    assert shapes.calibration_error < 0.02
    assert binary_shapes(positive, scores / 2, 0.5, ("no", "yes")).calibration_error > 0.1


def test_the_shapes_of_two_classes_add_up(scored: tuple[np.ndarray, np.ndarray]) -> None:
    positive, scores = scored
    shapes = binary_shapes(positive, scores, 0.4, ("no", "yes"))
    assert sum(sum(line) for line in shapes.confusion) == 5000
    assert sum(shapes.confusion[1]) == positive.sum()
    assert sum(sum(counts) for counts in shapes.histogram.counts.values()) == 5000
    assert [cut.flagged for cut in shapes.cuts] == sorted(cut.flagged for cut in shapes.cuts)
    half = shapes.cuts[-1]
    top = np.argsort(-scores)[:2500]
    assert half.recall == pytest.approx(positive[top].sum() / positive.sum())
    assert half.precision == pytest.approx(positive[top].mean())


def test_one_score_for_all_rows_still_has_shapes() -> None:
    positive = np.array([True, False, False, True])
    shapes = binary_shapes(positive, np.full(4, 0.25), 0.5, ("no", "yes"))
    assert [(one.predicted, one.observed) for one in shapes.calibration] == [(0.25, 0.5)]
    assert roc(positive, np.full(4, 0.25)).x == (0.0, 1.0)


def test_the_shapes_of_several_classes() -> None:
    target = np.array([0.0, 0, 1, 1, 2])
    shares = np.eye(4)[[0, 1, 1, 1, 2]]
    shapes = multiclass_shapes(target, shares, ["a", "b", "c", "d"])
    assert shapes.confusion == ((1, 1, 0, 0), (0, 2, 0, 0), (0, 0, 1, 0), (0, 0, 0, 0))
    first, second, _, never = shapes.classes
    assert (first.recall, second.precision) == (0.5, 2 / 3)
    assert (never.precision, never.recall, never.auc) == (None, None, None)


def test_many_classes_show_the_frequent_ones_and_the_rest_as_one() -> None:
    random = np.random.default_rng(4)
    target = random.integers(0, 30, 900).astype(np.float64)
    shapes = multiclass_shapes(target, np.eye(30)[target.astype(int)], [f"class {code}" for code in range(30)])
    assert len(shapes.shown) == 12
    assert shapes.shown[-1] == "all others"
    assert sum(sum(line) for line in shapes.confusion) == 900
    assert len(shapes.classes) == 30


def test_the_shapes_of_numbers() -> None:
    random = np.random.default_rng(5)
    values = random.uniform(0, 100, 2000)
    target = values + random.normal(0, 5, 2000)
    shapes = regression_shapes(target, values, values - 8.22, values + 8.22, 0.9)
    assert shapes.covered == pytest.approx(0.9, abs=0.02)
    assert shapes.errors["50%"] == pytest.approx(5 * 0.674, rel=0.1)
    assert sum(shapes.residuals.counts["rows"]) == 2000
    assert all(one.low < one.observed < one.high for one in shapes.calibration)
