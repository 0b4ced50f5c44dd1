"""The folds on growing samples of their rows: where rows are many, tuning starts on few of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tidemill.learning.folds import MOST_CHECK_ROWS, Fold
from tidemill.learning.queries import Queries

__all__ = ["ladder", "some_of"]

TUNING_CELLS = 2_500_000
FEWEST_FIT_ROWS = 10_000
GROWTH = 4
WORTH_GROWING = 1.6
MOST_RUNGS = 4


def ladder(folds: Sequence[Fold], cost: int, seed: int, queries: Queries | None = None) -> tuple[tuple[Fold, ...], ...]:
    """The folds on growing samples of their fit rows, the lowest rung first; one rung where rows are few.

    ``cost`` is what a row costs, its features and more where a round grows several trees. Where rows are of
    ``queries``, a sample is of whole ones.
    """
    rng = np.random.default_rng(seed)
    checks = [some_of(fold.check, MOST_CHECK_ROWS, rng, queries) for fold in folds]
    most = max(len(fold.fit) for fold in folds)
    sizes = [max(FEWEST_FIT_ROWS, TUNING_CELLS // cost)]
    while sizes[-1] * WORTH_GROWING < most and len(sizes) < MOST_RUNGS:
        grown = sizes[-1] * GROWTH
        sizes.append(most if grown * WORTH_GROWING > most or len(sizes) + 1 == MOST_RUNGS else grown)
    if len(sizes) == 1:
        sizes = [most]
    fits = [fold.fit for fold in folds]
    rungs = []
    for size in reversed(sizes):
        fits = [some_of(rows, size, rng, queries) for rows in fits]
        rungs.append(tuple(Fold(rows, check) for rows, check in zip(fits, checks, strict=True)))
    return tuple(reversed(rungs))


def some_of(
    rows: NDArray[np.int64], most: int, rng: np.random.Generator, queries: Queries | None = None
) -> NDArray[np.int64]:
    """At most so many of the rows, drawn by chance and ascending; whole ``queries`` where there are some."""
    if queries is not None:
        return queries.sampled(rows, most, rng)
    return rows if len(rows) <= most else np.sort(rng.choice(rows, size=most, replace=False))
