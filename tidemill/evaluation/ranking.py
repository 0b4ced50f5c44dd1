"""Rows sorted by their scores once, and how many of each class come in each stretch of that order on a resample.

The AUC and the average precision of a resample hang on its rows only through those counts. Nothing is lost where each
positive row's score is a stretch of its own, with the negative rows between two of them. Where that would be more than
4,096 stretches, each holds at most a two-thousandth of either class, beside equal scores: what it hides moves the areas
by at most some hundredths of what resampling does (docs/decisions/185-curves-from-counts.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Counts", "Ranking"]

Counts = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Negative and positive rows of each stretch, the lowest scores first, each of shape ``(draws, stretches)``."""

_STRETCHES = 4096


@dataclass(frozen=True)
class Ranking:
    """``order`` sorts the rows by score, the lowest first; ``ties`` numbers those places by their score."""

    positive: NDArray[np.bool_]
    order: NDArray[np.intp]
    ties: NDArray[np.intp]

    @classmethod
    def of(cls, positive: NDArray[np.bool_], scores: NDArray[np.float64]) -> Ranking:
        """Sort by ``scores``, shape ``(rows,)``."""
        order = np.argsort(scores)  # equal scores in any order: no count parts them
        ordered = scores[order]
        return cls(positive, order, np.cumsum(np.r_[False, ordered[1:] != ordered[:-1]]))

    def counts(self, weights: NDArray[np.floating[Any]]) -> Counts:
        """``weights``, shape ``(rows, draws)``, say how often each row counts in each draw."""
        both = np.ascontiguousarray((self._stretches @ weights).T, dtype=np.float64)
        middle = both.shape[1] // 2
        return both[:, :middle], both[:, middle:]

    @cached_property
    def _stretches(self) -> Any:
        """A sparse matrix of ones, shape ``(2 x stretches, rows)``: each row's stretch, those of positive rows last."""
        from scipy.sparse import csc_array

        truth = self.positive[self.order]
        places = self._places(truth)
        codes = np.empty(len(truth), dtype=np.int32)
        stretches = int(places[-1]) + 1
        codes[self.order] = places + stretches * truth
        ones = np.ones(len(truth), dtype=np.float32)
        return csc_array((ones, codes, np.arange(len(truth) + 1, dtype=np.int32)), shape=(2 * stretches, len(truth)))

    def _places(self, truth: NDArray[np.bool_]) -> NDArray[np.intp]:
        """The stretch of each sorted row, whose classes are ``truth``: equal scores are never parted."""
        rows, hits = np.bincount(self.ties), np.bincount(self.ties, truth)
        cut = (hits > 0) | np.r_[True, hits[:-1] > 0]
        if cut.sum() > _STRETCHES:
            before = np.cumsum(hits) - hits, np.cumsum(rows - hits) - (rows - hits)
            share = before[0] / max(hits.sum(), 1.0) + before[1] / max((rows - hits).sum(), 1.0)
            cut = np.diff(np.floor(share * (_STRETCHES / 2)), prepend=-1.0) > 0
        return np.asarray((np.cumsum(cut) - 1)[self.ties])
