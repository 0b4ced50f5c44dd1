from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sklearn

from tidemill.evaluation.metrics import METRICS, statistic


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(8)


def test_two_classes(random: np.random.Generator) -> None:
    target = (random.uniform(size=500) < 0.3).astype(np.float64)
    values = np.clip(random.normal(0.35 + 0.1 * target, 0.2), 0.001, 0.999)
    flagged = values >= 0.4
    wanted = {
        "auc": sklearn.roc_auc_score(target, values),
        "log_loss": sklearn.log_loss(target, values),
        "brier": sklearn.brier_score_loss(target, values),
        "precision": sklearn.precision_score(target, flagged),
        "recall": sklearn.recall_score(target, flagged),
        "accuracy": sklearn.accuracy_score(target, flagged),
    }
    assert set(wanted) == set(METRICS["binary"])
    for name, value in wanted.items():
        assert statistic(name, target, values, 0.4).value() == pytest.approx(value, abs=1e-9), name


def test_several_classes(random: np.random.Generator) -> None:
    target = random.integers(0, 4, 600).astype(np.float64)
    values = random.dirichlet(np.ones(4), 600)
    values[np.arange(600), target.astype(int)] += 0.3
    values /= values.sum(axis=1, keepdims=True)
    truth = np.eye(4)[target.astype(int)]
    wanted = {
        "auc": sklearn.roc_auc_score(target, values, multi_class="ovr", average="macro"),
        "log_loss": sklearn.log_loss(target, values),
        "accuracy": sklearn.accuracy_score(target, values.argmax(axis=1)),
        "brier": float(((values - truth) ** 2).sum(axis=1).mean()),
    }
    assert set(wanted) == set(METRICS["multiclass"])
    for name, value in wanted.items():
        assert statistic(name, target, values).value() == pytest.approx(value, abs=1e-9), name


def test_a_class_that_is_not_among_the_rows_is_left_out_of_the_mean(random: np.random.Generator) -> None:
    target = random.integers(0, 2, 200).astype(np.float64)
    values = random.dirichlet(np.ones(3), 200)
    two = np.mean([sklearn.roc_auc_score(target == code, values[:, code]) for code in (0, 1)])
    assert statistic("auc", target, values).value() == pytest.approx(two)


def test_numbers(random: np.random.Generator) -> None:
    target = random.normal(100.0, 10.0, 400)
    values = target + random.normal(1.0, 3.0, 400)
    wanted = {
        "rmse": sklearn.root_mean_squared_error(target, values),
        "mae": sklearn.mean_absolute_error(target, values),
        "r2": sklearn.r2_score(target, values),
    }
    assert set(wanted) == set(METRICS["regression"])
    for name, value in wanted.items():
        assert statistic(name, target, values).value() == pytest.approx(value, abs=1e-9), name


def test_precision_of_a_model_that_flags_nothing_has_no_value() -> None:
    with np.errstate(invalid="ignore"):
        assert np.isnan(statistic("precision", np.array([0.0, 1.0]), np.array([0.1, 0.2]), 0.5).value())
