"""How far training again from other seeds would move a measure of a Model, and what that does to a bound.

Gate rows can't show it: two fits of one recipe differ truly, often by more than their rows leave open. A Model is a
mean of boosters, each from a seed of its own, so leaving out a part of them at a time tells how much hangs on them: the
delete-a-group jackknife (Kott, "The delete-a-group jackknife", 2001).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Luck", "luck_of"]


@dataclass(frozen=True)
class Luck:
    """A standard deviation with its degrees of freedom."""

    spread: float
    freedom: float

    def reach(self, rate: float) -> float:
        """How far below the truth luck takes a lead at most at ``rate``: by Student's t, as it is estimated."""
        from scipy.special import stdtrit

        return float(-stdtrit(self.freedom, rate)) * self.spread if self.spread else 0.0


def luck_of(values: Sequence[Sequence[float]], boosters: Sequence[int]) -> Luck | None:
    """That of the difference of two models, by the measure of each when a part of its boosters is left out.

    None where neither has parts. A model of one booster has none: it is taken to be as lucky as one of the other's.
    """
    variances = [_variance(own) for own in values]
    total, doubt = 0.0, 0.0
    for place, variance in enumerate(variances):
        source = place if variance is not None else 1 - place
        known = variances[source]
        if known is None:
            return None
        share = known * boosters[source] / boosters[place] if source != place else known
        total += share
        doubt += share**2 / (len(values[source]) - 1)
    return Luck(math.sqrt(total), total**2 / doubt if doubt > 0 else 1.0)


def _variance(values: Sequence[float]) -> float | None:
    known = [value for value in values if math.isfinite(value)]
    if len(known) < 2:
        return None
    return float((len(known) - 1) * np.var(known))
