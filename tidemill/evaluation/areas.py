"""Areas under curves of scores, their rows sorted once: of all rows, of weighted ones, and of many draws at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidemill.evaluation.ranking import Counts, Ranking

__all__ = ["Area", "Areas", "Curve", "Doubles", "Precisions", "Weights"]

Doubles = NDArray[np.float64]
Integers = NDArray[np.intp]
Weights = NDArray[np.uint8] | NDArray[np.float64]

_LEAST = 1e-300


@dataclass(frozen=True)
class Area:
    """The area under the ROC curve, its rows sorted once.

    ``below`` and ``through`` count, for each positive, the negatives under it, without and with its equals.
    """

    ranking: Ranking
    positives: Integers
    negatives: Integers
    below: Integers
    through: Integers

    @classmethod
    def of(cls, positive: NDArray[np.bool_], scores: Doubles) -> Area:
        """Sort by ``scores``; equal scores count half."""
        return cls.by(Ranking.of(positive, scores))

    @classmethod
    def by(cls, ranking: Ranking) -> Area:
        """Of rows that are sorted already."""
        truth = ranking.positive[ranking.order]
        high, low = ranking.ties[truth], ranking.ties[~truth]
        below = np.searchsorted(low, high, side="left")
        through = np.searchsorted(low, high, side="right")
        return cls(ranking, ranking.order[truth], ranking.order[~truth], below, through)

    def value(self) -> float:
        """The area on all rows; not-a-number when a class is missing."""
        pairs = len(self.positives) * len(self.negatives)
        return float((self.below + self.through).sum()) / (2.0 * pairs) if pairs else math.nan

    def weighted(self, weights: Weights) -> float:
        """The area when row i counts ``weights[i]`` times."""
        under = _sums_before(weights.take(self.negatives))
        ours = weights.take(self.positives).astype(under.dtype)
        pairs = float(ours.sum()) * float(under[-1])
        if not pairs:
            return math.nan
        won = float(np.einsum("i,i->", ours, under.take(self.below)))  # no BLAS: its threads cost more than they bring
        if self.tied:
            won = (won + float(np.einsum("i,i->", ours, under.take(self.through)))) / 2.0
        return won / pairs

    @property
    def rankings(self) -> tuple[Ranking, ...]:
        """What the counts of :meth:`counted` are of."""
        return (self.ranking,)

    def counted(self, counts: Counts) -> Doubles:
        """The area of each draw, shape ``(draws,)``, where rows of one stretch are equals."""
        negatives, positives = counts
        under = np.cumsum(negatives, axis=1)
        pairs = positives.sum(axis=1) * under[:, -1]
        won = np.einsum("ij,ij->i", positives, under) - np.einsum("ij,ij->i", positives, negatives) / 2.0
        return np.where(pairs > 0, won / np.maximum(pairs, _LEAST), math.nan)

    @cached_property
    def tied(self) -> bool:
        """Whether a positive and a negative row have equal scores."""
        return bool((self.below != self.through).any())


@dataclass(frozen=True)
class Areas:
    """The plain mean of the classes' areas, each class against the rest (macro AUC); absent classes are left out."""

    areas: Sequence[Area]

    def value(self) -> float:
        """The mean area on all rows."""
        return _mean([area.value() for area in self.areas])

    def weighted(self, weights: Weights) -> float:
        """The mean area when row i counts ``weights[i]`` times."""
        return _mean([area.weighted(weights) for area in self.areas])

    @property
    def rankings(self) -> tuple[Ranking, ...]:
        """What the counts of :meth:`counted` are of, a class each."""
        return tuple(area.ranking for area in self.areas)

    def counted(self, *counts: Counts) -> Doubles:
        """The mean area of each draw, shape ``(draws,)``, where rows of one stretch are equals."""
        each = np.array([area.counted(own) for area, own in zip(self.areas, counts, strict=True)])
        known = ~np.isnan(each)
        found = known.sum(axis=0)
        return np.where(found > 0, np.where(known, each, 0.0).sum(axis=0) / np.maximum(found, 1), math.nan)


@dataclass(frozen=True)
class Precisions:
    """The area under the precision-recall curve (average precision), its rows sorted once, best first.

    ``ends`` are the places of the last of equal scores, ``hit`` says which of the sorted rows are positive.
    """

    ranking: Ranking
    order: Integers
    ends: Integers
    hit: Doubles

    @classmethod
    def of(cls, positive: NDArray[np.bool_], scores: Doubles) -> Precisions:
        """Sort by ``scores``; rows of equal scores come at once."""
        return cls.by(Ranking.of(positive, scores))

    @classmethod
    def by(cls, ranking: Ranking) -> Precisions:
        """Of rows that are sorted already."""
        order, ties = ranking.order[::-1], ranking.ties[::-1]
        ends = np.flatnonzero(np.r_[ties[1:] != ties[:-1], True])
        return cls(ranking, order, ends, ranking.positive[order].astype(np.float64))

    def value(self) -> float:
        """The area on all rows; not-a-number when there is no positive."""
        return self.weighted(np.ones(len(self.order)))

    def weighted(self, weights: Weights) -> float:
        """The area when row i counts ``weights[i]`` times."""
        positives, through, found = self._positives
        ours = weights.take(positives)
        hits = _sums_before(ours)
        if not hits[-1]:
            return math.nan
        flagged = np.maximum(_sums_before(weights.take(self.order)).take(through), _LEAST)
        return float(np.einsum("i,i->", hits.take(found) / flagged, ours.astype(np.float64)) / hits[-1])

    @property
    def rankings(self) -> tuple[Ranking, ...]:
        """What the counts of :meth:`counted` are of."""
        return (self.ranking,)

    def counted(self, counts: Counts) -> Doubles:
        """The area of each draw, shape ``(draws,)``, where rows of one stretch come at once."""
        found = np.ascontiguousarray(counts[1][:, ::-1])
        hits = np.cumsum(found, axis=1)
        flagged = np.cumsum(found + counts[0][:, ::-1], axis=1)
        np.maximum(flagged, _LEAST, out=flagged)
        np.divide(hits, flagged, out=flagged)
        whole = hits[:, -1]
        return np.where(whole > 0, np.einsum("ij,ij->i", found, flagged) / np.maximum(whole, _LEAST), math.nan)

    @cached_property
    def _positives(self) -> tuple[Integers, Integers, Integers]:
        """The positive rows, best first; down to the last of its equals, how many rows, and how many positive ones."""
        places = np.flatnonzero(self.hit)
        through = self.ends[np.searchsorted(self.ends, places)] + 1
        return self.order[places], through, np.searchsorted(places, through)


Curve = Area | Areas | Precisions


def _sums_before(weights: Weights) -> NDArray[Any]:
    """The sum of the weights before each place, and of all: shape ``(rows + 1,)``. Counts are summed as whole numbers,
    which takes a third of the time."""
    dtype = np.int64 if weights.dtype.kind in "iu" else np.float64
    sums = np.zeros(len(weights) + 1, dtype=dtype)
    np.cumsum(weights, dtype=dtype, out=sums[1:])
    return sums


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan
