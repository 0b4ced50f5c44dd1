"""Columns that stand for a group: how well each that the model reads tells it, and how well all together do.

A model that may not see a person's sex can still treat the sexes apart if it reads what tells them.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidemill.evaluation.areas import Area, Doubles
from tidemill.fairness.grouping import MISSING, Group
from tidemill.fairness.records import Proxy
from tidemill.learning.columns import as_numbers, kind_of
from tidemill.learning.model import Model
from tidemill.learning.telling import told

__all__ = ["MOST_ROWS", "coded", "proxies_of", "together"]

MOST_ROWS = 5_000
_FEWEST = 20
_GROUPS = 6
_BINS = 16
_LEVELS = 100
_PRIOR = 5.0
_SHOWN = 8
_FEATURES = 500
_CHANCE = 3.0


def proxies_of(model: Model, frame: pd.DataFrame, column: str, codes: NDArray[np.intp], seed: int) -> tuple[Proxy, ...]:
    """The columns that tell the groups better than by chance, the best first, without the column of the groups itself.

    ``codes`` say which group each row of ``frame`` is of. Each column tells by the groups' shares among rows of like
    value (a level, or a band of numbers), in the other half of the rows.
    """
    side = np.random.default_rng(seed).permutation(len(frame)) % 2
    found = []
    for name in _read(model, column):
        if name in frame.columns:
            shares = _told_by(frame[name], codes, side)
            area = _area(codes, shares)
            if area > 0.5 + _CHANCE * _error(codes):
                found.append(Proxy(column=name, auc=area))
    return tuple(sorted(found, key=lambda proxy: -proxy.auc)[:_SHOWN])


def together(
    model: Model, frame: pd.DataFrame, column: str, codes: NDArray[np.intp], *, seed: int, threads: int | None
) -> float | None:
    """The AUC of a small booster that reads all that the model reads, but for the column itself.

    None in wide tables.
    """
    recipe = model.description.recipe
    features = recipe.features
    own = set(_read(model, column))
    kept = [place for place, one in enumerate(features) if own.issuperset(recipe.reads(one))]
    if not kept or len(kept) > _FEATURES:
        return None
    types = recipe.feature_types
    matrix = np.ascontiguousarray(model.matrix(frame)[:, kept])
    area = _area(codes, told(matrix, codes, [types[place] for place in kept], seed=seed, threads=threads))
    return area if math.isfinite(area) else None


def coded(groups: tuple[Group, ...], chosen: NDArray[np.intp], rows: int) -> NDArray[np.intp]:
    """The group of each of the ``chosen`` rows: the six largest, -1 for the others and for what is missing."""
    known = [group for group in groups if group.value != MISSING]
    largest = sorted(known, key=lambda group: -len(group.rows))[:_GROUPS]
    everywhere = np.full(rows, -1, dtype=np.intp)
    for code, group in enumerate(largest):
        everywhere[group.rows] = code
    own = everywhere[chosen]
    counts = np.bincount(own[own >= 0], minlength=len(largest))
    kept = np.full(len(largest) + 1, -1, dtype=np.intp)
    kept[np.flatnonzero(counts >= _FEWEST)] = np.arange(int((counts >= _FEWEST).sum()))
    return kept[own]


def _read(model: Model, column: str) -> list[str]:
    """The user's columns that the model reads, without those that are made of ``column``."""
    recipe = model.description.recipe
    names = dict.fromkeys(name for feature in recipe.features for name in recipe.reads(feature))
    return [name for name in names if name != column and column not in recipe.sources([name])]


def _told_by(values: pd.Series, codes: NDArray[np.intp], side: NDArray[np.intp]) -> Doubles:
    cells = _cells(values)
    count, groups = int(cells.max()) + 1, int(codes.max()) + 1
    shares = np.zeros((len(codes), groups))
    for half in (0, 1):
        fit, check = side == half, side != half
        whole = np.bincount(codes[fit], minlength=groups) / max(int(fit.sum()), 1)
        inside = np.bincount(cells[fit] * groups + codes[fit], minlength=count * groups).reshape(count, groups)
        known = (inside + _PRIOR * whole) / (inside.sum(axis=1, keepdims=True) + _PRIOR)
        shares[check] = known[cells[check]]
    return shares


def _cells(values: pd.Series) -> NDArray[np.intp]:
    """A number a row that is the same for like values; 0 is missing."""
    kind = kind_of(values)
    if kind in ("number", "time"):
        numbers = as_numbers(values) if kind == "number" else _seconds(values)
        known = numbers[~np.isnan(numbers)]
        if not len(known):
            return np.zeros(len(numbers), dtype=np.intp)
        edges = np.unique(np.quantile(known, np.linspace(0.0, 1.0, _BINS + 1)[1:-1]))
        return np.where(np.isnan(numbers), 0, np.searchsorted(edges, numbers, side="right") + 1).astype(np.intp)
    codes, names = pd.factorize(values.astype("object").where(values.notna(), None))
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    place = np.ones(len(names) + 1, dtype=np.intp)
    often = np.argsort(-counts, kind="stable")[:_LEVELS]
    place[often] = np.arange(2, len(often) + 2)
    place[-1] = 0
    return place[codes]


def _seconds(values: pd.Series) -> Doubles:
    at = pd.to_datetime(values, utc=True, errors="coerce")
    seconds = (at - pd.Timestamp("1970-01-01", tz="UTC")).dt.total_seconds()
    return np.asarray(seconds.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)


def _error(codes: NDArray[np.intp]) -> float:
    """The standard error of the AUC of a column that tells nothing (Mann and Whitney, 1947), of the smallest group."""
    own, rows = int(np.bincount(codes).min()), len(codes)
    return math.sqrt((rows + 1.0) / (12.0 * own * (rows - own)))


def _area(codes: NDArray[np.intp], shares: Doubles) -> float:
    """The mean of the groups' AUCs, each against the rest, by how many rows they have."""
    counts = np.bincount(codes, minlength=shares.shape[1])
    if len(counts) == 2:
        return Area.of(codes == 1, shares[:, 1]).value()
    areas = [Area.of(codes == code, shares[:, code]).value() for code in range(len(counts))]
    return float(np.average(areas, weights=counts))
