"""NDCG, MAP and MRR by query: against every order written out, and against scikit-learn's."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, permutations
from math import log2

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from tidemill.learning.orders import Lists, gain_of, mean_of_queries, of_each_query
from tidemill.learning.queries import Queries, name_codes, places

LISTS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=5)


def orders(scores: list[int]) -> Iterator[tuple[int, ...]]:
    """Every order that the scores allow: those of equals in any way."""
    for order in permutations(range(len(scores))):
        if all(scores[a] >= scores[b] for a, b in pairwise(order)):
            yield order


def by_hand(metric: str, grades: list[int], most: int) -> float:
    if metric == "ndcg":
        gained, best = (
            sum((2**grade - 1) / log2(place + 2) for place, grade in enumerate(one[:most]))
            for one in (grades, sorted(grades, reverse=True))
        )
        return gained / best
    hits = [place for place, grade in enumerate(grades) if grade > 0]
    if metric == "mrr":
        return 1 / (hits[0] + 1) if hits[0] < most else 0.0
    return sum((n + 1) / (place + 1) for n, place in enumerate(hits) if place < most) / min(len(hits), most)


@given(st.lists(LISTS, min_size=1, max_size=4), st.sampled_from(["ndcg", "map", "mrr"]), st.sampled_from([1, 2, 99]))
def test_equal_scores_count_as_the_mean_over_their_orders(
    lists: list[list[tuple[int, int]]], metric: str, most: int
) -> None:
    rows = [(query, grade, score) for query, rows in enumerate(lists) for grade, score in rows]
    mixed = np.random.default_rng(len(rows)).permutation(np.array(rows, dtype=np.float64))
    queries = Queries(mixed[:, 0].astype(np.int64))
    found = of_each_query(f"{metric}@{most}", mixed[:, 1], mixed[:, 2], Lists(queries, "exponential"))
    for query, pairs in enumerate(lists):
        grades, scores = [grade for grade, _ in pairs], [score for _, score in pairs]
        if not any(grades):
            assert np.isnan(found[query])
            continue
        each = [by_hand(metric, [grades[place] for place in order], most) for order in orders(scores)]
        assert found[query] == pytest.approx(np.mean(each), abs=1e-9)


@given(st.integers(0, 10_000), st.sampled_from([3, 10]))
def test_ndcg_of_one_query_is_scikit_learns_ties_and_all(seed: int, most: int) -> None:
    random = np.random.default_rng(seed)
    grades, scores = random.integers(1, 11, 30) / 2.0, random.integers(0, 8, 30).astype(np.float64)
    assert gain_of(grades) == "linear"
    found = of_each_query(f"ndcg@{most}", grades, scores, Lists(Queries(np.zeros(30, dtype=np.int64)), "linear"))
    assert found[0] == pytest.approx(ndcg_score([grades], [scores], k=most))


def test_queries_without_a_relevant_row_are_left_out_of_the_mean() -> None:
    lists = Lists(Queries(np.array([0, 0, 1, 1])), "exponential")
    scores = np.array([1.0, 2.0, 1.0, 2.0])
    assert mean_of_queries("mrr", np.array([1.0, 0.0, 0.0, 0.0]), scores, lists) == 0.5
    assert np.isnan(mean_of_queries("ndcg@10", np.zeros(4), scores, lists))


def test_a_query_is_the_same_however_its_name_is_written() -> None:
    assert name_codes(pd.Series([7.0, 8.0, None, 7.0])).tolist() == [0, 1, -1, 0]
    assert name_codes(["7", 7, 7.0, None, "a"]).tolist() == [0, 0, 0, -1, 1]
    assert name_codes(pd.Series([7, 9, 7], dtype="Int64")).tolist() == name_codes(["7", "9", "7"]).tolist()
    with pytest.raises(ValueError, match="no query"):
        Queries.of(pd.Series(["a", None]))


def test_places_go_by_the_score_and_equals_stand_as_they_came() -> None:
    codes, scores = np.array([0, 1, 0, -1, 0]), np.array([3.0, 2.0, 3.0, 9.0, 4.0])
    assert places(codes, scores).tolist() == [2, 1, 3, 0, 1]
    assert places(codes[:0], scores[:0]).tolist() == []


@given(st.integers(0, 10_000), st.integers(1, 60))
def test_a_sample_holds_whole_queries_and_at_least_one(seed: int, most: int) -> None:
    random = np.random.default_rng(seed)
    queries = Queries.of(pd.Series(random.integers(0, 12, 60)))
    rows = np.flatnonzero(random.uniform(size=60) < 0.8)
    kept = queries.sampled(rows, most, random)
    names = np.unique(queries.codes[kept])
    assert kept.tolist() == [row for row in rows if queries.codes[row] in names]
    assert len(names) == 1 or len(kept) <= most
