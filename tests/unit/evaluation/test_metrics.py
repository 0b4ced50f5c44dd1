from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sklearn

from tidemill.evaluation.metrics import SHOWN, statistic
from tidemill.task import METRICS


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
        "average_precision": sklearn.average_precision_score(target, values),
        "f1": sklearn.f1_score(target, flagged),
        "balanced_accuracy": sklearn.balanced_accuracy_score(target, flagged),
        "mcc": sklearn.matthews_corrcoef(target, flagged),
    }
    assert set(wanted) == {*SHOWN["binary"], *METRICS["binary"]}
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
        "balanced_accuracy": sklearn.balanced_accuracy_score(target, values.argmax(axis=1)),
        "f1": sklearn.f1_score(target, values.argmax(axis=1), average="macro"),
    }
    assert set(wanted) == {*SHOWN["multiclass"], *METRICS["multiclass"]}
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
        "mape": sklearn.mean_absolute_percentage_error(target, values),
        "smape": float((2 * np.abs(values - target) / (np.abs(values) + np.abs(target))).mean()),
        "rmsle": sklearn.root_mean_squared_log_error(target, values),
    }
    assert set(wanted) == {*SHOWN["regression"], *METRICS["regression"]}
    for name, value in wanted.items():
        assert statistic(name, target, values).value() == pytest.approx(value, abs=1e-9), name


def test_counts_with_zeros(random: np.random.Generator) -> None:
    target = random.poisson(1.0, 400).astype(np.float64)
    values = random.gamma(2.0, 0.5, 400)
    deviance = sklearn.mean_poisson_deviance(target, values)
    assert statistic("poisson_deviance", target, values).value() == pytest.approx(deviance)
    known = target > 0
    relative = sklearn.mean_absolute_percentage_error(target[known], values[known])
    assert statistic("mape", target, values).value() == pytest.approx(relative)


@pytest.mark.parametrize("metric", METRICS["binary"])
def test_weights_count_rows_more_than_once(metric: str, random: np.random.Generator) -> None:
    target = (random.uniform(size=200) < 0.4).astype(np.float64)
    values = np.round(np.clip(random.normal(0.35 + 0.2 * target, 0.2), 0.01, 0.99), 2)
    times = random.integers(0, 4, 200)
    each = statistic(metric, np.repeat(target, times), np.repeat(values, times), 0.4).value()
    assert statistic(metric, target, values, 0.4).weighted(times.astype(np.float64)) == pytest.approx(each)


def test_precision_of_a_model_that_flags_nothing_has_no_value() -> None:
    with np.errstate(invalid="ignore"):
        assert np.isnan(statistic("precision", np.array([0.0, 1.0]), np.array([0.1, 0.2]), 0.5).value())
