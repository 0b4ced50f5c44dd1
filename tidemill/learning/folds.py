"""Validation folds that ask of the model what the gate will ask of it.

Split by time, a fold trains on the past and is checked on the window right after it, as long as the
gate's window: tuning then prefers settings that carry over to a later time (rolling-origin
evaluation: Tashman, 2000). Split by group, the groups stay whole; at random, classes keep their shares.

How many folds there are goes by what a tree costs, rows times features times trees a round. Where that is
little, one division of the rows says more about chance than about a setting, so rows are divided again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidemill.errors import UserError

__all__ = ["MOST_CHECK_ROWS", "Division", "Fold", "forward_folds", "group_folds", "random_folds"]

FORWARD_FOLDS = 3
SMALL_ROWS = 20_000
LARGE_ROWS = 100_000
SMALL_COST = 3_000_000
LARGE_COST = 15_000_000
REPEATED = ((800, 60_000, 3), (3_000, 120_000, 2))
PARTS = 5
MOST_CHECK_ROWS = 30_000
FEWEST_CHECK_ROWS = 30
MOST_WINDOW_SHARE = 1 / 6
LEAST_WINDOW_SHARE = 1 / 20

Positions = NDArray[np.int64]
Classes = NDArray[np.int64] | None


@dataclass(frozen=True)
class Fold:
    """Positions of the rows to train on (``fit``) and to be judged on (``check``), each ascending."""

    fit: Positions
    check: Positions


@dataclass(frozen=True)
class Division:
    """How rows are divided: ``folds`` of five parts are checked, ``repeats`` times over, each by another division."""

    folds: int
    repeats: int = 1

    @classmethod
    def of(cls, rows: int, features: int, outputs: int) -> Division:
        """The division for so many rows and features, with ``outputs`` trees a round."""
        cost = rows * features * outputs
        if rows > LARGE_ROWS or cost > LARGE_COST:
            return cls(1)
        if rows > SMALL_ROWS or cost > SMALL_COST:
            return cls(3)
        return cls(PARTS, next((repeats for most, dearest, repeats in REPEATED if rows <= most and cost <= dearest), 1))


def forward_folds(
    moments: pd.Series, horizon: timedelta | None, classes: Classes, gap: timedelta = timedelta(0)
) -> tuple[Fold, ...]:
    """Up to three folds, the newest first, each checked on a window ``gap`` after what it trains on.

    ``moments`` are the rows' times; ``horizon`` is how long the gate's window is. A window is at least
    a twentieth and at most a sixth of the training span, and a sixth where less holds too few rows. Folds
    where a side lacks a class are left out; the result is empty when none is usable.
    """
    at = moments.astype("datetime64[us, UTC]").astype("int64").to_numpy()
    known = moments.notna().to_numpy()
    if not known.any():
        return ()
    start, end = int(at[known].min()), int(at[known].max()) + 1
    asked = (horizon or timedelta(0)) / timedelta(microseconds=1)
    widest = (end - start) * MOST_WINDOW_SHARE
    window = float(np.clip(asked or widest, (end - start) * LEAST_WINDOW_SHARE, widest))
    placed: Positions = np.where(known, at, start).astype(np.int64)
    apart = gap // timedelta(microseconds=1)
    return _forward(placed, end, int(window), apart, classes) or _forward(placed, end, int(widest), apart, classes)


def group_folds(groups: pd.Series, classes: Classes, seed: int, division: Division) -> tuple[Fold, ...]:
    """Folds that keep every group whole. Empty when there are too few groups, or none is usable."""
    codes, names = pd.factorize(groups.astype("str"), sort=True)
    count = min(division.folds, len(names))
    if count < 2 <= division.folds or len(names) < 2:
        return ()
    rng = np.random.default_rng(seed)
    folds: list[Fold] = []
    for _ in range(division.repeats):
        part = rng.permutation(len(names)) % min(PARTS, len(names))
        folds += _by_part(part[codes], count)
    return tuple(fold for fold in folds if _usable(fold, classes))


def random_folds(rows: int, classes: Classes, seed: int, division: Division) -> tuple[Fold, ...]:
    """Folds at random, each class spread evenly: five where rows are few, one where they are many.

    A single fold is checked on a fifth of the rows, at most 30,000; all others are its fit rows.
    Raises UserError when a class has a single row: nothing could be learnt and judged about it.
    """
    rng = np.random.default_rng(seed)
    strata = np.zeros(rows, dtype=np.int64) if classes is None else classes
    counts = np.bincount(strata)
    if counts[counts > 0].min() < 2:
        raise UserError(
            "a class of the target has a single training row, so it can't be both learnt and judged: "
            "bring more rows of it, or merge it with another class"
        )
    parts = max(PARTS, -(-rows // MOST_CHECK_ROWS)) if division.folds == 1 else PARTS
    folds: list[Fold] = []
    for _ in range(division.repeats):
        part = np.empty(rows, dtype=np.int64)
        for stratum in np.flatnonzero(counts):
            members = np.flatnonzero(strata == stratum)
            part[rng.permutation(members)] = np.arange(len(members)) % parts
        folds += _by_part(part, division.folds)
    return tuple(folds)


def _forward(at: Positions, end: int, window: int, apart: int, classes: Classes) -> tuple[Fold, ...]:
    folds = []
    for back in range(FORWARD_FOLDS):
        until = end - back * window
        check = np.flatnonzero((at >= until - window) & (at < until))
        fold = Fold(np.flatnonzero(at < until - window - apart), check)
        if _usable(fold, classes):
            folds.append(fold)
    return tuple(folds)


def _by_part(part: NDArray[np.int64], count: int) -> list[Fold]:
    return [Fold(np.flatnonzero(part != number), np.flatnonzero(part == number)) for number in range(count)]


def _usable(fold: Fold, classes: Classes) -> bool:
    if len(fold.check) < FEWEST_CHECK_ROWS or len(fold.fit) < len(fold.check):
        return False
    if classes is None:
        return True
    everywhere = len(np.unique(classes))
    return len(np.unique(classes[fold.fit])) == everywhere and len(np.unique(classes[fold.check])) >= 2
