"""The bootstrap, fast: metrics of many models on the same resamples of the gate rows.

A resample gives each row a Poisson(1) weight, which is the bootstrap's own multinomial weight to within
O(1/rows) (Chamandy et al., Estimating uncertainty for massive data streams, Google, 2012). Metrics that
are functions of weighted means come out of one matrix product for all models together, and the AUC out
of scores that were sorted once. Values of two models can be subtracted draw by draw: they are paired.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidemill.results import Interval

__all__ = ["Area", "Areas", "Doubles", "Draws", "Precisions", "Ratio", "Statistic", "interval", "resample"]

Doubles = NDArray[np.float64]
Integers = NDArray[np.intp]
Weights = NDArray[np.uint8] | NDArray[np.float64]

_BLOCK = 16
_FINENESS = 65_536
_LEAST = 1e-300


@dataclass(frozen=True)
class Draws:
    """A statistic on all rows, and on each resample (shape ``(resamples,)``, not-a-number where undefined)."""

    value: float
    draws: Doubles

    def minus(self, other: Draws, sign: float = 1.0) -> Draws:
        """The paired difference, times ``sign``."""
        return Draws(sign * (self.value - other.value), sign * (self.draws - other.draws))


@dataclass(frozen=True)
class Ratio:
    """A function of weighted means: ``finish`` takes the means of ``columns`` (rows, m), last axis m, to the value.

    Precision is one: the share of hits over the share of flagged rows.
    """

    columns: Doubles
    finish: Callable[[Doubles], Doubles]

    def value(self) -> float:
        """The statistic on all rows, each counted once."""
        return float(self.finish(self.columns.mean(axis=0)))

    def weighted(self, weights: Weights) -> float:
        """The statistic when row i counts ``weights[i]`` times."""
        return float(self.finish(weights @ self.columns / max(float(weights.sum()), _LEAST)))


@dataclass(frozen=True)
class Area:
    """The area under the ROC curve, its rows sorted once.

    ``below`` and ``through`` count, for each positive, the negatives under it, without and with its equals.
    """

    positives: Integers
    negatives: Integers
    below: Integers
    through: Integers

    @classmethod
    def of(cls, positive: NDArray[np.bool_], scores: Doubles) -> Area:
        """Sort by ``scores``; equal scores count half."""
        order = np.argsort(scores, kind="stable")
        truth = positive[order]
        positives, negatives = order[truth], order[~truth]
        high, low = scores[positives], scores[negatives]
        below = np.searchsorted(low, high, side="left")
        through = np.searchsorted(low, high, side="right")
        return cls(positives, negatives, below, through)

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


@dataclass(frozen=True)
class Precisions:
    """The area under the precision-recall curve (average precision), its rows sorted once, best first.

    ``ends`` are the places of the last of equal scores, ``hit`` says which of the sorted rows are positive.
    """

    order: Integers
    ends: Integers
    hit: Doubles

    @classmethod
    def of(cls, positive: NDArray[np.bool_], scores: Doubles) -> Precisions:
        """Sort by ``scores``; rows of equal scores come at once."""
        order = np.argsort(-scores, kind="stable")
        ordered = scores[order]
        ends = np.flatnonzero(np.r_[ordered[1:] != ordered[:-1], True])
        return cls(order, ends, positive[order].astype(np.float64))

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

    @cached_property
    def _positives(self) -> tuple[Integers, Integers, Integers]:
        """The positive rows, best first; down to the last of its equals, how many rows, and how many positive ones."""
        places = np.flatnonzero(self.hit)
        through = self.ends[np.searchsorted(self.ends, places)] + 1
        return self.order[places], through, np.searchsorted(places, through)


Statistic = Ratio | Area | Areas | Precisions


def resample(
    statistics: Mapping[str, Statistic], rows: int, *, resamples: int, seed: int, weights: Doubles | None = None
) -> dict[str, Draws]:
    """Each statistic on all rows and on the same ``resamples`` resamples of them.

    ``weights`` say how much each row counts, shape ``(rows,)``; None for all alike.
    """
    own = weights
    ratios = {name: one for name, one in statistics.items() if isinstance(one, Ratio)}
    areas = {name: one for name, one in statistics.items() if not isinstance(one, Ratio)}
    columns = np.column_stack([one.columns for one in ratios.values()]) if ratios else np.empty((rows, 0))
    means: list[Doubles] = []
    drawn: dict[str, list[float]] = {name: [] for name in areas}
    for draws_of_rows in _weights(rows, resamples, seed):
        block = draws_of_rows if own is None else draws_of_rows * own
        for name, area in areas.items():
            drawn[name].extend(area.weighted(line) for line in block)
        if ratios:
            counted = block.astype(np.float64)
            least = 1.0 if own is None else _LEAST
            means.append((counted @ columns) / np.maximum(counted.sum(axis=1, keepdims=True), least))
    together = np.concatenate(means) if means else np.empty((resamples, 0))
    draws = {name: np.array(values) for name, values in drawn.items()}
    start = 0
    for name, ratio in ratios.items():
        end = start + ratio.columns.shape[1]
        with np.errstate(divide="ignore", invalid="ignore"):
            draws[name] = np.asarray(ratio.finish(together[:, start:end]), dtype=np.float64)
        start = end
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            name: Draws(one.value() if own is None else one.weighted(own), draws[name])
            for name, one in statistics.items()
        }


def interval(name: str, draws: Draws, confidence: float) -> Interval:
    """The value with its percentile interval; draws where it is undefined are left out."""
    known = draws.draws[np.isfinite(draws.draws)]
    if not len(known):
        return Interval(name=name, value=draws.value, low=draws.value, high=draws.value)
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(known, [tail, 1.0 - tail])
    return Interval(name=name, value=draws.value, low=float(low), high=float(high))


def _sums_before(weights: Weights) -> NDArray[Any]:
    """The sum of the weights before each place, and of all: shape ``(rows + 1,)``. Counts are summed as whole numbers,
    which takes a third of the time."""
    dtype = np.int64 if weights.dtype.kind in "iu" else np.float64
    sums = np.zeros(len(weights) + 1, dtype=dtype)
    np.cumsum(weights, dtype=dtype, out=sums[1:])
    return sums


def _weights(rows: int, resamples: int, seed: int) -> Iterator[NDArray[np.uint8]]:
    """Blocks of shape ``(at most 16, rows)``: Poisson(1) by inverse table look-up, 65,536 steps fine."""
    generator = np.random.default_rng(seed)
    shares = np.cumsum([math.exp(-1.0) / math.factorial(count) for count in range(12)])
    table = np.searchsorted(shares, (np.arange(_FINENESS) + 0.5) / _FINENESS).astype(np.uint8)
    for start in range(0, resamples, _BLOCK):
        size = (min(_BLOCK, resamples - start), rows)
        yield table[generator.integers(0, _FINENESS, size, dtype=np.uint16)]


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan
