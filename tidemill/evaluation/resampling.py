"""The bootstrap, fast: metrics of many models on the same resamples of the gate rows.

A resample gives each row a Poisson(1) weight, which is the bootstrap's own multinomial weight to within
O(1/rows) (Chamandy et al., Estimating uncertainty for massive data streams, Google, 2012). Metrics that
are functions of weighted means come out of one matrix product for all models together, and the AUC out
of counts of rows in the order of their scores. Values of two models can be subtracted draw by draw: they are paired.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidemill.evaluation.areas import Curve, Doubles, Weights
from tidemill.results import Interval

__all__ = ["Doubles", "Draws", "Ratio", "Statistic", "interval", "resample"]

_BLOCK = 16
_CELLS = 2**20
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


Statistic = Ratio | Curve


def resample(
    statistics: Mapping[str, Statistic], rows: int, *, resamples: int, seed: int, weights: Doubles | None = None
) -> dict[str, Draws]:
    """Each statistic on all rows and on the same ``resamples`` resamples of them.

    ``weights`` say how much each row counts, shape ``(rows,)``; None for all alike.
    """
    own = weights
    ratios = {name: one for name, one in statistics.items() if isinstance(one, Ratio)}
    curves = {name: one for name, one in statistics.items() if not isinstance(one, Ratio)}
    columns = np.column_stack([one.columns for one in ratios.values()]) if ratios else np.empty((rows, 0))
    means: list[Doubles] = []
    areas: dict[str, list[Doubles]] = {name: [] for name in curves}
    for draws_of_rows in _weights(rows, resamples, seed):
        block = draws_of_rows if own is None else draws_of_rows * own
        for name, found in _counted(curves, block).items():
            areas[name].append(found)
        if ratios:
            counted = block.astype(np.float64)
            least = 1.0 if own is None else _LEAST
            means.append((counted @ columns) / np.maximum(counted.sum(axis=1, keepdims=True), least))
    together = np.concatenate(means) if means else np.empty((resamples, 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        values = {name: one.value() if own is None else one.weighted(own) for name, one in statistics.items()}
    lost = _counted(curves, np.ones((1, rows)) if own is None else own[np.newaxis])
    draws = {name: np.concatenate(found) + (values[name] - lost[name]) for name, found in areas.items()}
    start = 0
    for name, ratio in ratios.items():
        end = start + ratio.columns.shape[1]
        with np.errstate(divide="ignore", invalid="ignore"):
            draws[name] = np.asarray(ratio.finish(together[:, start:end]), dtype=np.float64)
        start = end
    return {name: Draws(value, draws[name]) for name, value in values.items()}


def _counted(curves: Mapping[str, Curve], block: Weights) -> dict[str, Doubles]:
    """Each area on each draw of ``block``, shape ``(draws, rows)``; rows of one ranking are counted once."""
    if not curves:
        return {}
    weights: NDArray[np.floating[Any]]
    if block.dtype == np.uint8:  # counts, which are exact in half of the room
        weights = block.T.astype(np.float32, order="C")
    else:
        weights = block.T.astype(np.float64, order="C")
    rankings = {id(one): one for curve in curves.values() for one in curve.rankings}
    counts = {key: one.counts(weights) for key, one in rankings.items()}
    return {name: curve.counted(*(counts[id(one)] for one in curve.rankings)) for name, curve in curves.items()}


def interval(name: str, draws: Draws, confidence: float) -> Interval:
    """The value with its percentile interval; draws where it is undefined are left out."""
    known = draws.draws[np.isfinite(draws.draws)]
    if not len(known):
        return Interval(name=name, value=draws.value, low=draws.value, high=draws.value)
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(known, [tail, 1.0 - tail])
    return Interval(name=name, value=draws.value, low=float(low), high=float(high))


def _weights(rows: int, resamples: int, seed: int) -> Iterator[NDArray[np.uint8]]:
    """Blocks of shape ``(draws, rows)``, of 16 draws or as many as make a million weights.

    Poisson(1) by inverse table look-up, 65,536 steps fine.
    """
    generator = np.random.default_rng(seed)
    shares = np.cumsum([math.exp(-1.0) / math.factorial(count) for count in range(12)])
    table = np.searchsorted(shares, (np.arange(_FINENESS) + 0.5) / _FINENESS).astype(np.uint8)
    most = _BLOCK * max(_CELLS // (_BLOCK * max(rows, 1)), 1)
    for start in range(0, resamples, most):
        places = generator.integers(0, _FINENESS, (min(most, resamples - start), rows), dtype=np.uint16)
        yield table.take(places, mode="clip")  # which no place needs, and which takes half of the time
