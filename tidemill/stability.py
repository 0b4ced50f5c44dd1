"""The population stability index (PSI), and how large it gets by chance alone.

The PSI of two histograms over the same bins is the sum of ``(q - p) * ln(q / p)``: the symmetric
Kullback-Leibler divergence of their shares. Its usual limits (0.1, 0.25) know nothing of how many rows
there are. When nothing has changed, ``PSI / (1/n + 1/m)`` is close to a chi-square with ``bins - 1``
degrees of freedom (Yurdakul, B., "Statistical Properties of Population Stability Index", Western
Michigan University, 2018, https://scholarworks.wmich.edu/dissertations/3208): so a window of 100 rows
shows a PSI of 0.09 on average out of nothing, and one of 100,000 shows none. :func:`noise` is that mean,
to be subtracted, and :func:`chance_bound` the value that chance exceeds with a stated probability.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

__all__ = ["FEWEST_EXPECTED", "Counts", "chance_bound", "coarser", "noise", "stability_index"]

Counts = npt.NDArray[np.int64]

FEWEST_EXPECTED = 20
_LEAST_SHARE = 1e-4


def stability_index(reference: Counts, current: Counts) -> float:
    """The PSI of two histograms, shape ``(bins,)`` each; 0.0 where one of them is empty.

    Empty bins count as a share of 0.0001, or half a row if that is more: the index of a bin that
    vanished must not grow with the number of rows that it is missing from.
    """
    before, after = _shares(reference), _shares(current)
    if before is None or after is None:
        return 0.0
    return float(((after - before) * np.log(after / before)).sum())


def noise(reference_rows: int, current_rows: int, bins: int) -> float:
    """The PSI to expect on average when both histograms are samples of one population."""
    if bins < 2 or not reference_rows or not current_rows:
        return 0.0
    return (1.0 / reference_rows + 1.0 / current_rows) * (bins - 1)


def chance_bound(reference_rows: int, current_rows: int, bins: int, probability: float) -> float:
    """The PSI that two samples of one population exceed with ``probability``."""
    if bins < 2 or not reference_rows or not current_rows:
        return 0.0
    return (1.0 / reference_rows + 1.0 / current_rows) * _chi_square_quantile(bins - 1, 1.0 - probability)


def coarser(reference: Sequence[int] | Counts, current_rows: int) -> Counts:
    """For each bin the number of a coarser one: neighbours are joined until ``current_rows`` rows like the
    reference would put at least 20 into each. With fewer the chi-square above is too small (measured: with 5, chance
    went beyond the bound for one in a thousand four times as often)."""
    counts = np.asarray(reference, dtype=np.float64)
    total = counts.sum()
    groups = np.zeros(len(counts), dtype=np.int64)
    if not total:
        return groups
    expected = counts / total * current_rows
    group, filled = 0, 0.0
    for place, rows in enumerate(expected):
        if filled >= FEWEST_EXPECTED and expected[place:].sum() >= FEWEST_EXPECTED:
            group, filled = group + 1, 0.0
        groups[place] = group
        filled += rows
    return groups


def _shares(counts: Counts) -> npt.NDArray[np.float64] | None:
    rows = float(counts.sum())
    if not rows:
        return None
    return np.maximum(counts / rows, max(_LEAST_SHARE, 0.5 / rows))


def _chi_square_quantile(degrees: int, probability: float) -> float:
    """By Wilson and Hilferty's cube (PNAS 17, 1931): within 1 % for what is asked here, and no SciPy to import."""
    spread = 2.0 / (9.0 * degrees)
    root = 1.0 - spread + NormalDist().inv_cdf(probability) * spread**0.5
    return float(degrees * max(root, 0.0) ** 3)
