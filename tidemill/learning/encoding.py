"""Target encoding: a level read as what the target was, on average, in the training rows that had it.

For categories of very many levels, which a booster's own splits on sets of levels learn by heart, and
for numbers that are codes (Micci-Barreca, 2001). The mean is drawn towards the prior, the mean of all
rows, by Bühlmann's credibility (1967): a level of ``n`` rows counts ``n / (n + m)``, where ``m`` is the
target's variance within levels over that between them, both estimated from the same rows.

A row's own target must not be in what it is read as, or a booster trusts the encoding far beyond its
worth on rows to come. So rows that are fitted on are read by the rows of the other parts (cross-fitting),
and only other rows by all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidemill.results import Record

__all__ = ["Encoding", "LevelMeans", "averaged_classes", "blocks", "codes_of", "outputs"]

PARTS = 5
MOST_OUTPUTS = 10
LEAST_STRENGTH = 0.5
MOST_STRENGTH = 1e9

Doubles = NDArray[np.float64]
Floats = NDArray[np.floating]
Positions = NDArray[np.int64]


class Encoding(Record):
    """A column's levels and what each is read as: ``values[output][i]`` is of ``levels[i]``.

    ``prior[output]`` is of every other level. Levels are texts, or numbers where the column holds numbers.
    Outputs are the shares of ``classes`` (their codes) or, if there are none, the target's mean alone.
    """

    levels: tuple[str, ...] | tuple[float, ...]
    values: tuple[tuple[float, ...], ...]
    prior: tuple[float, ...]
    classes: tuple[int, ...] = ()

    def targets(self, target: Doubles) -> Doubles:
        """What is averaged, shape ``(rows, outputs)``."""
        return outputs(target, self.classes)

    def table(self, output: int) -> Doubles:
        """What each code (see :func:`codes_of`) is read as."""
        return np.asarray([self.prior[output], *self.values[output]])


@dataclass(frozen=True)
class LevelMeans:
    """What the target was for each code in each part of some rows.

    ``rows`` is (codes, parts), ``sums`` (outputs, codes, parts), ``strength`` (``m``) and ``prior`` one
    number an output.
    """

    rows: Doubles
    sums: Doubles
    strength: Doubles
    prior: Doubles

    @classmethod
    def of(cls, codes: Floats, targets: Doubles, part: Positions, levels: int) -> LevelMeans:
        """Summed up over rows; ``codes`` with not-a-number for missing, ``targets`` (rows, outputs)."""
        known = ~np.isnan(codes)
        cells = codes[known].astype(np.int64) * PARTS + part[known]
        size = (levels + 1) * PARTS
        shape = (levels + 1, PARTS)
        rows = np.bincount(cells, minlength=size).astype(np.float64).reshape(shape)
        columns = targets[known].T
        sums = np.stack([np.bincount(cells, one, size).astype(np.float64).reshape(shape) for one in columns])
        prior = targets.mean(axis=0)
        strength = np.asarray(
            [
                _strength(rows.sum(axis=1)[1:], own.sum(axis=1)[1:], float((column**2)[codes[known] > 0].sum()))
                for own, column in zip(sums, columns, strict=True)
            ]
        )
        return cls(rows, sums, strength, prior)

    def crossed(self, codes: Floats, part: Positions, output: int) -> Doubles:
        """What the summed rows themselves are read as: each by the rows of the other parts."""
        rows = self.rows.sum(axis=1, keepdims=True) - self.rows
        sums = self.sums[output].sum(axis=1, keepdims=True) - self.sums[output]
        table = self._drawn(rows, sums, output)
        table[0] = self.prior[output]
        known = ~np.isnan(codes)
        values = np.full(len(codes), np.nan)
        values[known] = table[codes[known].astype(np.int64), part[known]]
        return values

    def read(self, codes: Floats, output: int) -> Doubles:
        """What other rows are read as; not-a-number where the code is."""
        known = ~np.isnan(codes)
        values = np.full(len(codes), np.nan)
        values[known] = self.table(output)[codes[known].astype(np.int64)]
        return values

    def table(self, output: int) -> Doubles:
        """What each code is read as in other rows. Code 0, any other level, is read as the prior."""
        table = self._drawn(self.rows.sum(axis=1), self.sums[output].sum(axis=1), output)
        table[0] = self.prior[output]
        return table

    def neighbours(self, codes: Floats, reach: int, output: int) -> Doubles:
        """What rows would be read as by the levels up to ``reach`` places beside their own, without it."""
        rows, sums = (_beside(one.sum(axis=1)[1:], reach) for one in (self.rows, self.sums[output]))
        table = np.concatenate([[self.prior[output]], self._drawn(rows, sums, output)])
        known = ~np.isnan(codes)
        values = np.full(len(codes), np.nan)
        values[known] = table[codes[known].astype(np.int64)]
        return values

    def _drawn(self, rows: Doubles, sums: Doubles, output: int) -> Doubles:
        strength, prior = self.strength[output], self.prior[output]
        return np.asarray((sums + strength * prior) / (rows + strength))


def codes_of(index: pd.Index, column: pd.Series) -> Doubles:
    """The place of each value among the levels, from 1; 0 for another level, not-a-number for none."""
    codes = index.get_indexer(pd.Index(column)).astype(np.float64) + 1.0
    codes[column.isna().to_numpy(dtype=bool)] = np.nan
    return codes


def outputs(target: Doubles, classes: Sequence[int]) -> Doubles:
    """See :meth:`Encoding.targets`."""
    return np.asarray(target[:, None] == np.asarray(classes), dtype=np.float64) if classes else target[:, None]


def averaged_classes(target: Doubles, classes: int) -> tuple[int, ...]:
    """The codes of the classes whose shares are averaged: none of two, and the ten most frequent of many."""
    if classes <= 2:
        return ()
    counts = np.bincount(target.astype(np.int64), minlength=classes)
    return tuple(sorted(map(int, np.argsort(-counts, kind="stable")[:MOST_OUTPUTS])))


def blocks(rows: int, ages: Doubles | None, groups: Positions | None) -> Positions:
    """The part of each row, for cross-fitting: stretches of time, whole groups, or by chance.

    Rows near each other in time know each other's targets, and so do those of a group: they stay together.
    By chance, a row's part hangs on its place alone.
    """
    if ages is not None:
        rank = np.searchsorted(np.sort(-ages), -ages, side="left")
        return np.asarray(rank * PARTS // max(rows, 1), dtype=np.int64)
    keys = np.arange(rows) if groups is None else groups
    return np.asarray(_mixed(keys.astype(np.uint64)) % np.uint64(PARTS), dtype=np.int64)


def _beside(values: Doubles, reach: int) -> Doubles:
    """The sum of the values up to ``reach`` places before and after each."""
    padded = np.pad(values, reach)
    return np.asarray(sum(padded[shift : shift + len(values)] for shift in range(2 * reach + 1)) - values)


def _strength(rows: Doubles, sums: Doubles, squares: float) -> float:
    """``m`` by the method of moments, from each level's rows and sum and the sum of all squares."""
    rows, sums = rows[rows > 0], sums[rows > 0]
    total, levels = rows.sum(), len(rows)
    if levels < 2 or total <= levels:
        return MOST_STRENGTH
    means = sums / rows
    within = max((squares - (rows * means**2).sum()) / (total - levels), 0.0)
    spread = (rows * (means - sums.sum() / total) ** 2).sum() - (levels - 1) * within
    between = spread / (total - (rows**2).sum() / total)
    return float(np.clip(within / between, LEAST_STRENGTH, MOST_STRENGTH)) if between > 0 else MOST_STRENGTH


def _mixed(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Numbers made of ``keys`` that look drawn by chance (splitmix64: Steele et al., 2014)."""
    with np.errstate(over="ignore"):
        mixed = keys + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return mixed ^ (mixed >> np.uint64(31))
