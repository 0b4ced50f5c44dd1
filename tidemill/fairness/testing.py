"""Which gaps between groups are more than chance, with the share of false alarms under control.

A gap is tested against its limit, one-sided, or without a limit against none at all, two-sided, with the standard
error of the bootstrap. Over all pairs of groups, measures and columns the false discovery rate is held (Benjamini and
Hochberg, 1995).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from tidemill.evaluation.resampling import Draws, interval
from tidemill.fairness.grouping import Group
from tidemill.fairness.measuring import Key, Measured
from tidemill.fairness.records import Gap
from tidemill.results import Interval

__all__ = ["Pair", "adjusted", "gap_of", "pairs"]

_LEAST = 1e-12


@dataclass(frozen=True)
class Pair:
    """Two groups, the one with the higher value first, and the chance of so much beyond the limit if there was none."""

    column: str
    key: Key
    high_group: str
    high: Measured
    low_group: str
    low: Measured
    limit: float | None
    p: float

    @property
    def distance(self) -> float:
        """How far apart they are; for the ratio how far from alike."""
        if self.key[0] == "selection_ratio":
            return 1.0 - _quotient(self.high, self.low).value
        return self.high.draws.value - self.low.draws.value


def pairs(
    column: str,
    groups: Sequence[Group],
    measured: Sequence[Mapping[Key, Measured]],
    limits: Mapping[str, float],
    fewest: int,
) -> list[Pair]:
    """Every pair of groups with enough rows, in every measure."""
    found = []
    for key in measured[0] if measured else ():
        known = [
            (group.value, own[key]) for group, own in zip(groups, measured, strict=True) if _known(own[key], fewest)
        ]
        for one, other in combinations(known, 2):
            (low_group, low), (high_group, high) = sorted((one, other), key=lambda pair: pair[1].draws.value)
            ratio = key[0] == "selection_rate" and high.draws.value > 0
            for measure in (key[0], *(["selection_ratio"] if ratio else [])):
                limit = limits.get(measure)
                p = _chance(measure, high, low, limit)
                found.append(Pair(column, (measure, key[1]), high_group, high, low_group, low, limit, p))
    return found


def adjusted(found: Sequence[Pair]) -> list[Pair]:
    """The same pairs, each ``p`` the false discovery rate at which it would be called beyond its limit.

    Pairs with a limit are one family, those without another. A ratio without a limit is no test of its own: the
    difference of the same shares is.
    """
    families: dict[bool, list[int]] = {}
    corrected = list(found)
    for place, pair in enumerate(found):
        if pair.key[0] == "selection_ratio" and pair.limit is None:
            corrected[place] = replace(pair, p=1.0)
        else:
            families.setdefault(pair.limit is not None, []).append(place)
    for places in families.values():
        order = sorted(places, key=lambda place: found[place].p, reverse=True)
        least = 1.0
        for rank, place in zip(range(len(order), 0, -1), order, strict=True):
            least = min(least, found[place].p * len(order) / rank)
            corrected[place] = replace(found[place], p=least)
    return corrected


def gap_of(found: Sequence[Pair], confidence: float) -> Gap:
    """The largest gap of one measure: of those that are beyond their limit, if there are any.

    The rate of false discoveries is half of what ``confidence`` leaves, as at each end of an interval; and a pair that
    is called beyond has its whole interval beyond.
    """
    allowed = (1.0 - confidence) / 2.0
    beyond = [pair for pair in found if pair.p <= allowed and _wholly_beyond(pair, confidence)]
    chosen = max(beyond or found, key=lambda pair: pair.distance)
    measure, label = chosen.key
    return Gap(
        measure=measure,
        label=label,
        high_group=chosen.high_group,
        high=chosen.high.draws.value,
        low_group=chosen.low_group,
        low=chosen.low.draws.value,
        size=_size(chosen, confidence),
        limit=chosen.limit,
        share=chosen.p,
        verdict="beyond" if beyond else "may be chance" if _exceeds(chosen) else "within",
    )


def _known(one: Measured, fewest: int) -> bool:
    return one.rows >= fewest and math.isfinite(one.draws.value)


def _size(pair: Pair, confidence: float) -> Interval:
    ratio = pair.key[0] == "selection_ratio"
    draws = _quotient(pair.high, pair.low) if ratio else pair.high.draws.minus(pair.low.draws)
    return interval(pair.key[0], draws, confidence)


def _wholly_beyond(pair: Pair, confidence: float) -> bool:
    size = _size(pair, confidence)
    if pair.key[0] == "selection_ratio":
        return size.high < (1.0 if pair.limit is None else pair.limit)
    return size.low > (pair.limit or 0.0)


def _exceeds(pair: Pair) -> bool:
    if pair.key[0] == "selection_ratio":
        return pair.limit is not None and 1.0 - pair.distance < pair.limit
    return pair.distance > (pair.limit or 0.0)


def _quotient(high: Measured, low: Measured) -> Draws:
    with np.errstate(divide="ignore", invalid="ignore"):
        draws = low.draws.draws / high.draws.draws
    return Draws(low.draws.value / high.draws.value if high.draws.value else math.nan, draws)


def _chance(measure: str, high: Measured, low: Measured, limit: float | None) -> float:
    """The p of a gap beyond the limit, by the normal approximation: one-sided, and without a limit two-sided."""
    if measure == "selection_ratio":
        factor = 1.0 if limit is None else limit
        beyond = Draws(factor * high.draws.value - low.draws.value, factor * high.draws.draws - low.draws.draws)
    else:
        factor = 1.0
        beyond = Draws(high.draws.value - low.draws.value - (limit or 0.0), high.draws.draws - low.draws.draws)
    known = beyond.draws[np.isfinite(beyond.draws)]
    spread = float(known.std(ddof=1)) if len(known) > 1 else math.inf
    spread = max(spread, math.hypot(factor * high.spread, low.spread), _LEAST)
    return (0.5 if limit is not None else 1.0) * math.erfc(beyond.value / spread / math.sqrt(2.0))
