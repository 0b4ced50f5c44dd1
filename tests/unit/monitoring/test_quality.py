"""Measured and estimated quality."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.learning.orders import Lists, mean_of_queries
from tidemill.learning.queries import Queries
from tidemill.learning.scores import area_under_curve, score
from tidemill.monitoring.quality import Ranking, days_of, estimate, expected_value, measure, measure_order, share

DAYS = np.arange(3_000) // 100


def world(rows: int = 3_000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that are right, and what came of them."""
    random = np.random.default_rng(seed)
    probability = random.beta(1, 3, rows)
    return probability, (random.random(rows) < probability).astype(np.float64)


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.5, 0.9]), st.booleans()), min_size=2, max_size=40))
def test_ranking_is_the_area_under_the_curve(pairs: list[tuple[float, bool]]) -> None:
    scores = np.array([score for score, _ in pairs])
    target = np.array([float(hit) for _, hit in pairs])
    found = Ranking(scores).area(target, 1 - target)
    assert found == pytest.approx(area_under_curve(target, scores), nan_ok=True)


def test_weights_count_rows_that_often() -> None:
    scores, target = world(60)
    weights = np.random.default_rng(1).poisson(1.0, 60).astype(float)
    again = np.repeat(np.arange(60), weights.astype(int))
    found = Ranking(scores).area(weights * target, weights * (1 - target))
    assert found == pytest.approx(area_under_curve(target[again], scores[again]))


@pytest.mark.parametrize("metric", ["auc", "log_loss", "brier", "accuracy"])
def test_probabilities_that_are_right_promise_what_comes(metric: str) -> None:
    probability, _ = world()
    random = np.random.default_rng(5)
    drawn = [
        score(metric, (random.random(len(probability)) < probability).astype(float), probability) for _ in range(300)
    ]
    assert expected_value(metric, probability, threshold=0.5) == pytest.approx(np.mean(drawn), abs=0.003)


@pytest.mark.parametrize("metric", ["auc", "log_loss", "brier", "accuracy"])
def test_several_classes(metric: str) -> None:
    random = np.random.default_rng(6)
    shares = random.dirichlet([2, 1, 1], 2_000)
    edges = shares.cumsum(axis=1)
    drawn = []
    for _ in range(150):
        codes = (random.random((2_000, 1)) > edges[:, :-1]).sum(axis=1).astype(float)
        drawn.append(score(metric, codes, shares))
    assert expected_value(metric, shares, threshold=0.5) == pytest.approx(np.mean(drawn), abs=0.004)
    days = days_of(None, 2_000)
    found = estimate(metric, shares, days, threshold=0.5, shift=0.0, seed=1)
    assert found is not None
    assert found.low < np.mean(drawn) < found.high


def test_the_estimate_holds_what_is_measured() -> None:
    inside = 0
    for seed in range(30):
        probability, target = world(seed=seed)
        found = estimate("auc", probability, days_of(None, len(target)), threshold=0.5, shift=0.0, seed=seed)
        assert found is not None
        inside += found.low <= area_under_curve(target, probability) <= found.high
    assert inside >= 26


def test_the_estimate_is_shifted_by_its_error_on_the_gate_rows() -> None:
    probability, _ = world()
    plain = estimate("auc", probability, DAYS, threshold=0.5, shift=0.0, seed=1)
    shifted = estimate("auc", probability, DAYS, threshold=0.5, shift=-0.05, seed=1)
    assert plain is not None
    assert shifted is not None
    assert shifted.value == pytest.approx(plain.value - 0.05)
    assert shifted.high == pytest.approx(plain.high - 0.05)


def test_measuring_gives_the_metric_and_the_same_interval_every_time() -> None:
    probability, target = world()
    found = measure("auc", target, probability, DAYS, threshold=0.5, seed=3)
    assert found is not None
    assert found.value == pytest.approx(area_under_curve(target, probability))
    assert found.low < found.value < found.high
    assert found == measure("auc", target, probability, DAYS, threshold=0.5, seed=3)


@pytest.mark.parametrize("metric", ["rmse", "mae", "r2"])
def test_regression(metric: str) -> None:
    random = np.random.default_rng(2)
    target = random.normal(size=3_000)
    values = target + random.normal(scale=0.3, size=3_000)
    found = measure(metric, target, values, DAYS, threshold=0.5, seed=3)
    assert found is not None
    assert found.value == pytest.approx(score(metric, target, values))
    assert found.low < found.value < found.high
    assert expected_value(metric, values, threshold=0.5) is None
    assert estimate(metric, values, DAYS, threshold=0.5, shift=0.0, seed=3) is None


def test_what_is_not_defined_is_none() -> None:
    assert measure("auc", np.zeros(10), np.linspace(0, 1, 10), np.arange(10), threshold=0.5, seed=1) is None
    assert measure("auc", np.empty(0), np.empty(0), np.empty(0, dtype=np.int64), threshold=0.5, seed=1) is None
    assert expected_value("auc", np.empty(0), threshold=0.5) is None


def test_days_that_have_much_in_common_widen_the_interval() -> None:
    random = np.random.default_rng(7)
    common = np.repeat(random.normal(scale=1.5, size=30), 100)
    hits = (random.random(3_000) < 1 / (1 + np.exp(-common))).astype(np.float64)
    by_day = share("positive", hits, DAYS, seed=1)
    by_row = share("positive", hits, np.arange(3_000), seed=1)
    assert by_day.high - by_day.low > 3 * (by_row.high - by_row.low)


def test_days_are_taken_where_there_are_ten() -> None:
    times = pd.Series(pd.date_range("2024-01-01", periods=240, freq="h", tz="UTC"))
    assert days_of(times, 240).max() == 9
    assert days_of(times.head(200), 200).max() == 199
    assert days_of(None, 5).tolist() == [0, 1, 2, 3, 4]


def test_orders_are_measured_by_query_and_drawn_by_the_day_of_its_latest_row() -> None:
    random = np.random.default_rng(4)
    queries = Queries(np.repeat(np.arange(300), 10))
    grades = random.integers(0, 4, 3_000).astype(np.float64)
    scores = grades + random.normal(scale=2.0, size=3_000)
    lists = Lists(queries, "exponential")
    found = measure_order("ndcg@10", grades, scores, lists, DAYS, seed=1)
    assert found is not None
    assert found.value == pytest.approx(mean_of_queries("ndcg@10", grades, scores, lists))
    assert found.low < found.value < found.high
    weighted = Lists(queries, "exponential", (queries.codes < 150).astype(np.float64))
    half = measure_order("ndcg@10", grades, scores, weighted, DAYS, seed=1)
    only = mean_of_queries(
        "ndcg@10", grades[:1_500], scores[:1_500], Lists(Queries(queries.codes[:1_500]), "exponential")
    )
    assert half is not None
    assert half.value == pytest.approx(only)
    assert measure_order("ndcg@10", np.zeros(3_000), scores, lists, DAYS, seed=1) is None
