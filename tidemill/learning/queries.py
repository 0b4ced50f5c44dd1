"""Which rows belong to one query, and the place of each within it: what ranking is about.

A query is what a list is made for: a search, a basket, a reader. Its name may come as 7, 7.0 or "7", from
a file or from JSON, and is the same query each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidemill.said import to_say

__all__ = ["NOT_A_FEATURE", "RANK", "Codes", "Queries", "name_codes", "places", "ranks"]

RANK = "rank"
NOT_A_FEATURE = to_say(
    "it says which list a row is of; lists to come have other names, so only what describes a list is learnt from"
)

Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Queries:
    """The query of each row as a code from 0, shape ``(rows,)``; every code up to the largest has a row."""

    codes: Codes

    @classmethod
    def of(cls, names: pd.Series) -> Queries:
        """The queries in the order in which they first come. Raises ValueError where a row has none."""
        codes = name_codes(names)
        if (codes < 0).any():
            raise ValueError("a row has no query")
        return cls(codes)

    @property
    def count(self) -> int:
        """How many queries there are."""
        return int(self.codes.max()) + 1 if len(self.codes) else 0

    @cached_property
    def sizes(self) -> Codes:
        """The rows of each query."""
        return np.bincount(self.codes, minlength=self.count).astype(np.int64)

    @cached_property
    def order(self) -> Codes:
        """The places of the rows with those of one query together, in their own order: what XGBoost wants."""
        return np.argsort(self.codes, kind="stable").astype(np.int64)

    def means(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The mean of each query's rows."""
        return np.asarray(np.bincount(self.codes, weights=values, minlength=self.count) / self.sizes)

    def taken(self, rows: NDArray[np.integer]) -> Queries:
        """The queries of some of the rows, coded anew."""
        _, codes = np.unique(self.codes[rows], return_inverse=True)
        return Queries(codes.astype(np.int64))

    def sampled(self, rows: Codes, most: int, rng: np.random.Generator) -> Codes:
        """Whole queries out of ``rows``, drawn until the next would make them more than ``most``; at least one."""
        if len(rows) <= most:
            return rows
        own = self.taken(rows)
        drawn = rng.permutation(own.count)
        kept = np.zeros(own.count, dtype=bool)
        kept[drawn[: max(int(np.searchsorted(np.cumsum(own.sizes[drawn]), most, side="right")), 1)]] = True
        return rows[kept[own.codes]]


def name_codes(names: pd.Series | Sequence[object]) -> Codes:
    """A code from 0 for each name, in the order in which they first come; -1 for a missing one."""
    from tidemill.cleaning.normalising import text_of  # cleaning asks how rows are split, and splitting for queries

    codes, found = pd.factorize(names if isinstance(names, pd.Series) else np.array(names, dtype=object))
    texts, _ = pd.factorize(np.array([text_of(name) for name in found], dtype=object))
    return np.asarray(np.r_[texts, -1][codes], dtype=np.int64) if len(found) else codes.astype(np.int64)


def ranks(names: pd.Series | Sequence[object], scores: NDArray[np.floating]) -> list[int | None]:
    """The place of each row within the query of that name, None where it has none."""
    return [int(place) or None for place in places(name_codes(names), scores)]


def places(codes: Codes, scores: NDArray[np.floating]) -> Codes:
    """The place of each row within its query, from 1 for the highest score; 0 for a row without a query.

    Rows with equal scores stand in the order in which they came.
    """
    order = np.lexsort((-scores, codes))
    ordered = codes[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(codes) else np.empty(0, dtype=np.int64)
    sizes = np.diff(np.r_[starts, len(codes)])
    found = np.empty(len(codes), dtype=np.int64)
    found[order] = np.arange(len(codes)) - np.repeat(starts, sizes) + 1
    return np.where(codes < 0, 0, found)
