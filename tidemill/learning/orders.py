"""How good an order of a query's rows is: NDCG, MAP and MRR, one value a query, in plain numpy.

Rows with equal scores count in expectation over their orders (McSherry and Najork, "Computing information
retrieval performance measures efficiently in the presence of tied scores", 2008), so a model that says the
same of every row gets exactly what shuffling would get on average.

A query without a relevant row can't tell one order from another, and is left out of the mean, as NIST's
``trec_eval`` does ("queries for which there are no relevant docs are ignored"). XGBoost and LightGBM count
it as 1 and scikit-learn as 0, which moves every model's value by the same amount and no difference of two.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tidemill.learning.queries import Queries

__all__ = [
    "MOST_EXPONENTIAL",
    "Gain",
    "Lists",
    "gain_of",
    "gains",
    "grades_by_place",
    "mean_of_queries",
    "of_each_query",
]

Gain = Literal["exponential", "linear"]
Doubles = NDArray[np.float64]
Floats = NDArray[np.floating]

MOST_EXPONENTIAL = 31
_NAME = re.compile(r"(ndcg|map|mrr)(?:@(\d+))?")


@dataclass(frozen=True)
class Lists:
    """What metrics of orders need beside grades and scores: the query of each row, and what a grade is worth.

    ``weights`` say how much each row counts, None for all alike; a query counts as its rows do on average.
    """

    queries: Queries
    gain: Gain
    weights: Doubles | None = None

    @property
    def query_weights(self) -> Doubles | None:
        """How much each query counts."""
        return None if self.weights is None else self.queries.means(self.weights)

    def taken(self, rows: NDArray[np.integer]) -> Lists:
        """The same for some of the rows."""
        return Lists(self.queries.taken(rows), self.gain, None if self.weights is None else self.weights[rows])


def gain_of(grades: Floats) -> Gain:
    """What a grade is worth: 2^grade - 1 (Burges et al., 2005) for whole grades up to 31, else the grade
    itself (Järvelin and Kekäläinen, 2002)."""
    whole = bool((grades == np.round(grades)).all()) and float(grades.max(initial=0.0)) <= MOST_EXPONENTIAL
    return "exponential" if whole else "linear"


def gains(grades: Floats, gain: Gain) -> Doubles:
    """What each row is worth at the top of its list."""
    known = np.asarray(grades, dtype=np.float64)
    return np.exp2(known) - 1.0 if gain == "exponential" else known


def mean_of_queries(metric: str, grades: Floats, scores: Floats, lists: Lists) -> float:
    """The metric's mean over the queries that have a relevant row; not-a-number when none has."""
    values = of_each_query(metric, grades, scores, lists)
    weights = lists.query_weights
    counted = np.where(np.isnan(values), 0.0, 1.0 if weights is None else weights)
    whole = float(counted.sum())
    return float((counted * np.nan_to_num(values)).sum()) / whole if whole > 0 else float("nan")


def of_each_query(metric: str, grades: Floats, scores: Floats, lists: Lists) -> Doubles:
    """The metric of each query, shape ``(queries,)``; not-a-number where no row is relevant (has a grade above 0).

    ``metric`` is ``ndcg``, ``map`` or ``mrr``, with ``@k`` when only the first k places count. MAP divides by the
    relevant rows that there are, or k if that is less.
    """
    found = _NAME.fullmatch(metric)
    if found is None:
        raise ValueError(f"{metric} is no metric of orders")
    most = int(found[2]) if found[2] else None
    ordered = _Sorted.of(grades, scores, lists.queries)
    with np.errstate(invalid="ignore", divide="ignore"):
        if found[1] == "ndcg":
            return _ndcg(ordered, gains(grades, lists.gain), most)
        return _average_precision(ordered, most) if found[1] == "map" else _reciprocal_rank(ordered, most)


def grades_by_place(grades: Floats, scores: Floats, queries: Queries, most: int) -> Doubles:
    """The mean grade at each of the first ``most`` places, over the queries that are that long; at most the longest."""
    ordered = _Sorted.of(grades, scores, queries)
    expected = np.bincount(ordered.tie, weights=grades[ordered.order]) / ordered.size
    there = np.bincount(ordered.place)
    return np.asarray(np.bincount(ordered.place, weights=expected[ordered.tie]) / there)[:most]


@dataclass(frozen=True)
class _Sorted:
    """All queries' rows, one query after another, the highest score first.

    ``place`` is from 0 within the query, ``tie`` the number of the row's run of equal scores, ``first`` the
    place where that run begins; ``size`` and ``relevant`` are of the runs, the rest of the rows.
    """

    order: NDArray[np.intp]
    query: NDArray[np.int64]
    count: int
    place: NDArray[np.int64]
    tie: NDArray[np.int64]
    first: NDArray[np.int64]
    size: NDArray[np.int64]
    relevant: Doubles
    ideal: NDArray[np.intp]

    @classmethod
    def of(cls, grades: Floats, scores: Floats, queries: Queries) -> _Sorted:
        codes = queries.codes
        order = np.lexsort((-scores, codes))
        query, ordered = codes[order], scores[order]
        starts = np.cumsum(queries.sizes) - queries.sizes
        place = np.arange(len(codes)) - starts[query]
        new = np.r_[True, (query[1:] != query[:-1]) | (ordered[1:] != ordered[:-1])][: len(codes)]
        tie = np.cumsum(new) - 1
        return cls(
            order=order,
            query=query,
            count=queries.count,
            place=place,
            tie=tie,
            first=place[new][tie],
            size=np.bincount(tie),
            relevant=np.asarray(np.bincount(tie, weights=grades[order] > 0), dtype=np.float64),
            ideal=np.lexsort((-grades, codes)),
        )

    def summed(self, values: Doubles) -> Doubles:
        """The sum over each query's rows."""
        return np.asarray(np.bincount(self.query, weights=values, minlength=self.count), dtype=np.float64)


def _ndcg(ordered: _Sorted, worth: Doubles, most: int | None) -> Doubles:
    counted = ordered.place < (most or np.inf)
    discount = np.where(counted, 1.0 / np.log2(ordered.place + 2.0), 0.0)
    expected = np.bincount(ordered.tie, weights=worth[ordered.order]) / ordered.size
    best = ordered.summed(worth[ordered.ideal] * discount)
    value = ordered.summed(expected[ordered.tie] * discount) / best
    return np.where(best > 0, np.minimum(value, 1.0), np.nan)


def _average_precision(ordered: _Sorted, most: int | None) -> Doubles:
    size, relevant = ordered.size[ordered.tie], ordered.relevant[ordered.tie]
    whole = ordered.summed(relevant / size)
    tie_total = np.cumsum(ordered.relevant) - ordered.relevant
    before = tie_total[ordered.tie] - (np.cumsum(whole) - whole)[ordered.query]
    within = (ordered.place - ordered.first) * (relevant - 1.0) / np.maximum(size - 1.0, 1.0)
    precision = relevant / size * (before + 1.0 + within) / (ordered.place + 1.0)
    counted = ordered.place < (most or np.inf)
    total = ordered.summed(np.where(counted, precision, 0.0))
    return np.where(whole > 0.5, total / np.minimum(whole, most or np.inf), np.nan)


def _reciprocal_rank(ordered: _Sorted, most: int | None) -> Doubles:
    """In the first run of equals with a relevant row, the chance that none of its first places holds one."""
    logs = np.r_[0.0, np.cumsum(np.log(np.arange(1, len(ordered.place) + 1)))]
    size, relevant = ordered.size[ordered.tie], ordered.relevant[ordered.tie].astype(np.int64)
    offset = ordered.place - ordered.first
    left = size - offset - 1
    possible = (relevant > 0) & (left >= relevant - 1)
    some, chosen, last = size[possible], relevant[possible], left[possible]
    ways = logs[last] - logs[chosen - 1] - logs[last - chosen + 1]
    all_ways = logs[some] - logs[chosen] - logs[some - chosen]
    first_here = np.zeros(len(ordered.place))
    first_here[possible] = np.exp(ways - all_ways)
    tie_query = np.zeros(len(ordered.size), dtype=np.int64)
    tie_query[ordered.tie] = ordered.query
    hit = np.flatnonzero(ordered.relevant > 0)
    opening = np.full(ordered.count, -1)
    opening[tie_query[hit][::-1]] = hit[::-1]
    counted = (opening[ordered.query] == ordered.tie) & (ordered.place < (most or np.inf))
    total = ordered.summed(np.where(counted, first_here / (ordered.place + 1.0), 0.0))
    return np.where(opening >= 0, total, np.nan)
