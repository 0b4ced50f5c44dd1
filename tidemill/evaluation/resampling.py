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

import numpy as np
from numpy.typing import NDArray

from tidemill.results import Interval

__all__ = ["Area", "Areas", "Doubles", "Draws", "Ratio", "Statistic", "interval", "resample"]

Doubles = NDArray[np.float64]
Integers = NDArray[np.intp]
Weights = NDArray[np.uint8]

_BLOCK = 16
_FINENESS = 65_536


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
        under = np.zeros(len(self.negatives) + 1)
        np.cumsum(weights.take(self.negatives), dtype=np.float64, out=under[1:])
        ours = weights.take(self.positives).astype(np.float64)
        pairs = float(ours.sum() * under[-1])
        if not pairs:
            return math.nan
        won = np.einsum("i,i->", ours, under.take(self.below))  # no BLAS: its threads cost more than they bring
        if self.tied:
            won = (won + np.einsum("i,i->", ours, under.take(self.through))) / 2.0
        return float(won) / pairs

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


Statistic = Ratio | Area | Areas


def resample(statistics: Mapping[str, Statistic], rows: int, *, resamples: int, seed: int) -> dict[str, Draws]:
    """Each statistic on all rows and on the same ``resamples`` resamples of them."""
    ratios = {name: one for name, one in statistics.items() if isinstance(one, Ratio)}
    areas = {name: one for name, one in statistics.items() if not isinstance(one, Ratio)}
    columns = np.column_stack([one.columns for one in ratios.values()]) if ratios else np.empty((rows, 0))
    means: list[Doubles] = []
    drawn: dict[str, list[float]] = {name: [] for name in areas}
    for weights in _weights(rows, resamples, seed):
        for name, area in areas.items():
            drawn[name].extend(area.weighted(line) for line in weights)
        if ratios:
            counted = weights.astype(np.float64)
            means.append((counted @ columns) / np.maximum(counted.sum(axis=1, keepdims=True), 1.0))
    together = np.concatenate(means) if means else np.empty((resamples, 0))
    draws = {name: np.array(values) for name, values in drawn.items()}
    start = 0
    for name, ratio in ratios.items():
        end = start + ratio.columns.shape[1]
        with np.errstate(divide="ignore", invalid="ignore"):
            draws[name] = np.asarray(ratio.finish(together[:, start:end]), dtype=np.float64)
        start = end
    with np.errstate(divide="ignore", invalid="ignore"):
        return {name: Draws(one.value(), draws[name]) for name, one in statistics.items()}


def interval(name: str, draws: Draws, confidence: float) -> Interval:
    """The value with its percentile interval; draws where it is undefined are left out."""
    known = draws.draws[np.isfinite(draws.draws)]
    if not len(known):
        return Interval(name=name, value=draws.value, low=draws.value, high=draws.value)
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(known, [tail, 1.0 - tail])
    return Interval(name=name, value=draws.value, low=float(low), high=float(high))


def _weights(rows: int, resamples: int, seed: int) -> Iterator[Weights]:
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
