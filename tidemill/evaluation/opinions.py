"""Second opinions on a lead: DeLong's test for the AUC, McNemar's for the share of right answers."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from tidemill.evaluation.areas import Area, Doubles
from tidemill.evaluation.influence import influences
from tidemill.evaluation.luck import Luck
from tidemill.results import Opinion

__all__ = ["delong", "mcnemar"]


def delong(ours: Area, theirs: Area, rows: int, rate: float, luck: Luck | None = None) -> Opinion:
    """Of a lead in the AUC on the same rows; ``low`` is passed by the true lead at most at ``rate``.

    ``luck`` is what other seeds would have made of it, beside the rows.

    DeLong, DeLong and Clarke-Pearson (1988), by the placements of Sun and Xu (2014): each model's rows sorted once.
    """
    (value, mine), (other, rivals) = influences(ours, rows), influences(theirs, rows)
    lead, moved = value - other, mine - rivals
    variance = 0.0
    for chosen in (ours.positives, ours.negatives):
        share = len(chosen) / rows
        if len(chosen) > 1:
            variance += float(np.var(moved[chosen] * share, ddof=1)) / len(chosen)
    error = math.sqrt(variance)
    spread, far = (0.0, 0.0) if luck is None else (luck.spread, luck.reach(rate))
    normal = NormalDist()
    low = lead - math.hypot(normal.inv_cdf(rate) * error, far)
    whole = math.hypot(error, spread)
    return Opinion(test="DeLong", p=1.0 - normal.cdf(lead / whole) if whole else float(lead <= 0), low=low)


def mcnemar(ours: NDArray[np.bool_] | Doubles, theirs: NDArray[np.bool_] | Doubles) -> Opinion:
    """Of a lead in the share of right answers, out of the rows on which only one of the two is right.

    ``ours`` and ``theirs`` say of each row whether it was answered rightly. The mid-p value: the exact binomial one
    with half of the chance of the observed count (Fagerland, Lydersen and Laake, 2013).
    """
    from scipy.stats import binom

    won = int(((ours > 0) & ~(theirs > 0)).sum())
    lost = int(((theirs > 0) & ~(ours > 0)).sum())
    apart = won + lost
    p = float(binom.sf(won, apart, 0.5) + 0.5 * binom.pmf(won, apart, 0.5)) if apart else 1.0
    return Opinion(test="McNemar", p=p)
