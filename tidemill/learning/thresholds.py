"""Where to cut a binary model's probability: what each cut would find, and the one that serves best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Aim", "Cuts", "best_threshold", "cheapest_threshold"]

Doubles = NDArray[np.float64]
Aim = Literal["f1", "accuracy", "balanced_accuracy", "mcc"]


@dataclass(frozen=True)
class Cuts:
    """Every cut between two different probabilities, from the highest down.

    ``at`` is the probability from which on rows are flagged, ``hits`` the weight of flagged positives,
    ``flagged`` of all flagged rows; ``positives`` and ``total`` are the weights of all positives and all rows.
    """

    at: Doubles
    hits: Doubles
    flagged: Doubles
    positives: float
    total: float

    @classmethod
    def of(cls, target: Doubles, shares: Doubles, weights: Doubles | None = None) -> Cuts:
        """Sort the rows once; a cut lies halfway between two probabilities."""
        order = np.argsort(-shares, kind="stable")
        ordered, truth = shares[order], target[order]
        own = np.ones(len(truth)) if weights is None else weights[order]
        ends = np.flatnonzero(np.r_[ordered[1:] != ordered[:-1], True])
        below = np.r_[ordered[ends[:-1] + 1], 0.0]
        hits, flagged = np.cumsum(own * truth), np.cumsum(own)
        return cls((ordered[ends] + below) / 2.0, hits[ends], flagged[ends], float(hits[-1]), float(flagged[-1]))

    def worth(self, aim: str) -> Doubles:
        """The metric ``aim`` at each cut; not-a-number where it is undefined."""
        negatives = self.total - self.positives
        rejected = negatives - (self.flagged - self.hits)
        with np.errstate(invalid="ignore", divide="ignore"):
            if aim == "f1":
                return 2.0 * self.hits / (self.flagged + self.positives)
            if aim == "accuracy":
                return (self.hits + rejected) / self.total
            if aim == "balanced_accuracy":
                return (self.hits / self.positives + rejected / negatives) / 2.0
            spread = self.flagged * (self.total - self.flagged) * self.positives * negatives
            together = self.hits * self.total - self.flagged * self.positives
            return np.where(spread > 0, together / np.sqrt(np.maximum(spread, 1e-300)), 0.0)


def best_threshold(aim: str, target: Doubles, shares: Doubles, weights: Doubles | None = None) -> float:
    """The cut that makes the metric ``aim`` best on these rows."""
    cuts = Cuts.of(target, shares, weights)
    worth = cuts.worth(aim)
    return float(cuts.at[int(np.argmax(np.where(np.isnan(worth), -np.inf, worth)))])


def cheapest_threshold(
    missing: float, raising: float, folds: Sequence[tuple[Doubles, Doubles, Doubles | None]]
) -> float:
    """The cut at which a row costs least, when missing a positive loses ``missing`` and a false alarm ``raising``.

    ``folds`` are target, probabilities and weights of each. If probabilities are right the best cut is known
    (Elkan, "The foundations of cost-sensitive learning", 2001); the one that was cheapest on these rows takes its
    place only where, chosen on the other folds, it was cheaper on each fold left out, on average.
    """
    known = raising / (raising + missing)
    everything = _joined(folds)
    if len(folds) < 2:
        return known
    saved = []
    for left_out in range(len(folds)):
        others = _joined([fold for number, fold in enumerate(folds) if number != left_out])
        found = _cheapest(missing, raising, *others)
        saved.append(
            _cost(known, missing, raising, *folds[left_out]) - _cost(found, missing, raising, *folds[left_out])
        )
    error = float(np.std(saved, ddof=1)) / np.sqrt(len(saved))
    return _cheapest(missing, raising, *everything) if float(np.mean(saved)) > error else known


def _cheapest(missing: float, raising: float, target: Doubles, shares: Doubles, weights: Doubles | None) -> float:
    cuts = Cuts.of(target, shares, weights)
    cost = missing * (cuts.positives - cuts.hits) + raising * (cuts.flagged - cuts.hits)
    return float(cuts.at[int(np.argmin(cost))])


def _cost(
    cut: float, missing: float, raising: float, target: Doubles, shares: Doubles, weights: Doubles | None
) -> float:
    flagged = shares >= cut
    cost = missing * (target == 1) * ~flagged + raising * (target != 1) * flagged
    return float(np.average(cost, weights=weights))


def _joined(folds: Sequence[tuple[Doubles, Doubles, Doubles | None]]) -> tuple[Doubles, Doubles, Doubles | None]:
    target, shares = (np.concatenate([fold[place] for fold in folds]) for place in (0, 1))
    weights = [fold[2] for fold in folds]
    return target, shares, None if weights[0] is None else np.concatenate([one for one in weights if one is not None])
