"""The metrics, against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from tidemill.errors import UserError
from tidemill.learning.scores import choose_metric, higher_is_better, score
from tidemill.task import METRICS


def binary(seed: int, levels: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    target = np.r_[0.0, 1.0, (random.uniform(size=200) < 0.3)].astype(np.float64)
    shares = np.clip(np.round(random.uniform(size=202) * levels) / levels, 0.01, 0.99)
    return target, shares


@given(st.integers(0, 1000), st.integers(1, 50))
def test_binary_metrics_are_scikit_learns_ties_and_all(seed: int, levels: int) -> None:
    target, shares = binary(seed, levels)
    assert score("auc", target, shares) == pytest.approx(metrics.roc_auc_score(target, shares))
    assert score("log_loss", target, shares) == pytest.approx(metrics.log_loss(target, shares))
    assert score("brier", target, shares) == pytest.approx(metrics.brier_score_loss(target, shares))


def test_multiclass_and_regression_metrics_are_scikit_learns() -> None:
    random = np.random.default_rng(2)
    codes = random.integers(0, 3, 300).astype(np.float64)
    shares = random.dirichlet([1, 1, 1], 300)
    assert score("log_loss", codes, shares) == pytest.approx(metrics.log_loss(codes, shares))
    assert score("accuracy", codes, shares) == pytest.approx(metrics.accuracy_score(codes, shares.argmax(axis=1)))
    assert score("auc", codes, shares) == pytest.approx(metrics.roc_auc_score(codes, shares, multi_class="ovr"))
    target, values = random.normal(size=300), random.normal(size=300)
    assert score("r2", target, values) == pytest.approx(metrics.r2_score(target, values))
    assert score("mae", target, values) == pytest.approx(metrics.mean_absolute_error(target, values))
    assert score("rmse", target, values) == pytest.approx(metrics.root_mean_squared_error(target, values))


@pytest.mark.parametrize("task", METRICS)
@given(seed=st.integers(0, 200))
def test_a_row_of_weight_three_counts_as_three_rows(task: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    times = random.integers(1, 4, 60)
    if task == "multiclass":
        target, values = np.r_[0.0, 1.0, 2.0, random.integers(0, 3, 57)], random.dirichlet([1, 1, 1], 60)
    else:
        target = np.r_[0.0, 1.0, random.integers(0, 2 if task == "binary" else 5, 58)].astype(np.float64)
        values = np.round(random.uniform(0.05, 0.95, 60), 1)
    for metric in METRICS[task]:
        alone = score(metric, target, values, times.astype(np.float64))
        assert alone == pytest.approx(score(metric, np.repeat(target, times), np.repeat(values, times, axis=0))), metric


def test_decisions_are_judged_at_the_cut_that_suits_them() -> None:
    target, shares = np.r_[np.zeros(95), np.ones(5)], np.linspace(0.0, 0.1, 100)
    assert score("f1", target, shares) == 1.0
    assert score("mcc", target, shares) == 1.0
    assert score("balanced_accuracy", target, shares) == 1.0
    assert score("accuracy", target, shares) == 0.95


def test_what_is_undefined_is_not_a_number() -> None:
    assert np.isnan(score("auc", np.zeros(5), np.arange(5.0)))
    assert np.isnan(score("r2", np.ones(5), np.arange(5.0)))


def test_a_metric_that_does_not_fit_the_task_is_the_users_error() -> None:
    with pytest.raises(UserError, match=r"`tune.metric: rmse` does not fit the task `binary`: choose one of auc"):
        choose_metric("rmse", "binary")
    assert choose_metric("auto", "regression") == "rmse"
    assert higher_is_better("auc")
    assert not higher_is_better("mae")
