"""How much a row moves a metric, against the metric with that row counted a little more."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidemill.evaluation.influence import influences, standard_error
from tidemill.evaluation.metrics import statistic
from tidemill.evaluation.resampling import resample

BINARY = ("auc", "average_precision", "log_loss", "accuracy", "f1", "balanced_accuracy", "mcc", "precision")
CLASSES = ("auc", "log_loss", "balanced_accuracy", "f1")
NUMBERS = ("rmse", "mae", "r2", "smape")


def answers(
    metric: str, rows: int, seed: int, *, classes: int = 2, ties: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    if metric in NUMBERS and classes == 0:
        target = random.normal(10, 3, rows)
        return target, target + random.normal(0, 1, rows)
    target = random.integers(0, classes, rows).astype(np.float64)
    if classes == 2:
        scores = np.clip(random.normal(0.4 + 0.2 * target, 0.2), 0.01, 0.99)
        return target, np.round(scores, 1) if ties else scores
    shares = random.dirichlet(np.ones(classes), rows) + 0.5 * np.eye(classes)[target.astype(int)]
    return target, shares / shares.sum(axis=1, keepdims=True)


CASES = [*((one, 2) for one in BINARY), *((one, 3) for one in CLASSES), *((one, 0) for one in NUMBERS)]


@pytest.mark.parametrize(("metric", "classes"), CASES)
@settings(max_examples=8)
@given(seed=st.integers(0, 10_000), ties=st.booleans(), weighted=st.booleans())
def test_the_influence_is_the_slope_of_the_metric(
    metric: str, classes: int, seed: int, ties: bool, weighted: bool
) -> None:
    target, values = answers(metric, 80, seed, classes=classes, ties=ties)
    random = np.random.default_rng(seed)
    weights = random.uniform(0.2, 2.0, 80) if weighted else np.ones(80)
    one = statistic(metric, target, values, 0.5)
    value, each = influences(one, 80, weights)
    assert value == pytest.approx(one.weighted(weights), abs=1e-9)
    assert weights @ each == pytest.approx(0.0, abs=1e-5)
    for row in random.choice(80, 3, replace=False):
        step = np.zeros(80)
        step[row] = 1e-5
        slope = (one.weighted(weights + step) - one.weighted(weights - step)) / 2e-5
        assert each[row] / weights.sum() == pytest.approx(slope, rel=1e-3, abs=1e-7)


@pytest.mark.parametrize(("metric", "classes"), [("auc", 2), ("average_precision", 2), ("auc", 3), ("rmse", 0)])
def test_standard_errors_of_paired_differences_are_the_bootstraps(metric: str, classes: int) -> None:
    target, values = answers(metric, 1500, 3, classes=classes)
    other = values + np.random.default_rng(4).normal(0, 0.05, values.shape)
    ours, theirs = statistic(metric, target, values), statistic(metric, target, other)
    drawn = resample({"ours": ours, "theirs": theirs}, 1500, resamples=400, seed=5)
    difference = influences(ours, 1500)[1] - influences(theirs, 1500)[1]
    expected = np.std(drawn["ours"].minus(drawn["theirs"]).draws)
    assert standard_error(difference) == pytest.approx(expected, rel=0.15)


def test_a_missing_class_has_no_influence() -> None:
    value, each = influences(statistic("auc", np.zeros(5), np.linspace(0, 1, 5)), 5)
    assert np.isnan(value)
    assert np.isnan(each).all()
