"""What the probabilities of a classifier look like: ROC, precision and recall, calibration, scores, confusion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tidemill.evaluation.evidence import Bin, Binary, Curve, Cut, Histogram
from tidemill.evaluation.resampling import Doubles

__all__ = ["binary_shapes", "calibration", "calibration_error", "roc", "rounded"]

Flags = NDArray[np.bool_]

_POINTS = 120
_BINS = 12
_SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
_Z = 1.96


def binary_shapes(positive: Flags, scores: Doubles, threshold: float, names: tuple[str, str]) -> Binary:
    """All of one binary model's shapes. ``names`` are the negative and the positive class."""
    flagged = scores >= threshold
    bins = calibration(positive.astype(np.float64), scores)
    return Binary(
        positive=names[1],
        negative=names[0],
        threshold=threshold,
        prevalence=float(positive.mean()),
        pr=_precision_recall(positive, scores),
        calibration=bins,
        calibration_error=calibration_error(bins),
        histogram=_scores(positive, scores, names),
        confusion=(
            (int((~positive & ~flagged).sum()), int((~positive & flagged).sum())),
            (int((positive & ~flagged).sum()), int((positive & flagged).sum())),
        ),
        cuts=_cuts(positive, scores),
    )


def roc(positive: Flags, scores: Doubles) -> Curve:
    """False positive rate against true positive rate, from (0, 0) to (1, 1), at most 120 points."""
    hits, flagged = _steps(positive, scores)
    misses = flagged - hits
    x = misses / max(misses[-1], 1)
    y = hits / max(hits[-1], 1)
    keep = _thinned(x + y)
    return Curve(x=(0.0, *rounded(x[keep])), y=(0.0, *rounded(y[keep])))


def calibration(outcome: Doubles, scores: Doubles) -> tuple[Bin, ...]:
    """Rows in bins of like size by score: mean score, share that happened, and its Wilson interval (95 %)."""
    edges = np.unique(np.quantile(scores, np.linspace(0.0, 1.0, _BINS + 1)))
    places = np.clip(np.searchsorted(edges, scores, side="right") - 1, 0, max(len(edges) - 2, 0))
    bins = []
    for place in np.unique(places):
        chosen = places == place
        rows, share = int(chosen.sum()), float(outcome[chosen].mean())
        low, high = _wilson(share, rows)
        bins.append(
            Bin(predicted=float(scores[chosen].mean()), observed=share, low=low, high=high, rows=rows)
        )  # fmt: skip
    return tuple(bins)


def calibration_error(bins: tuple[Bin, ...]) -> float:
    """The expected calibration error: the mean distance of predicted and observed, weighted by rows."""
    rows = sum(one.rows for one in bins)
    return sum(one.rows * abs(one.predicted - one.observed) for one in bins) / max(rows, 1)


def rounded(values: Doubles, digits: int = 5) -> tuple[float, ...]:
    """Plain floats with as many digits as a plot needs."""
    return tuple(float(f"{value:.{digits}g}") for value in values)


def _steps(positive: Flags, scores: Doubles) -> tuple[Doubles, Doubles]:
    """Hits and flagged rows so far, at the end of each run of equal scores, from the highest score down."""
    order = np.argsort(-scores)
    ordered = scores[order]
    ends = np.flatnonzero(np.r_[ordered[1:] != ordered[:-1], True])
    hits = np.cumsum(positive[order])[ends]
    return hits.astype(np.float64), (ends + 1).astype(np.float64)


def _thinned(along: Doubles) -> NDArray[np.intp]:
    """Places of at most 120 points, evenly spread along a curve whose length so far is ``along``; the last is kept."""
    if len(along) <= _POINTS:
        return np.arange(len(along))
    wanted = np.linspace(along[0], along[-1], _POINTS)
    return np.unique(np.r_[np.searchsorted(along, wanted).clip(0, len(along) - 1), len(along) - 1])


def _precision_recall(positive: Flags, scores: Doubles) -> Curve:
    hits, flagged = _steps(positive, scores)
    recall, precision = hits / max(hits[-1], 1), hits / flagged
    keep = _thinned(recall)
    return Curve(x=rounded(recall[keep]), y=rounded(precision[keep]))


def _scores(positive: Flags, scores: Doubles, names: tuple[str, str]) -> Histogram:
    top = min(1.0, float(np.ceil(np.quantile(scores, 0.9995) * 20.0) / 20.0)) or 1.0
    edges = np.linspace(0.0, top, 41)
    held = np.clip(scores, 0.0, top)
    counts = {
        name: tuple(int(count) for count in np.histogram(held[chosen], edges)[0])
        for name, chosen in ((names[0], ~positive), (names[1], positive))
    }
    return Histogram(edges=rounded(edges), counts=counts)


def _cuts(positive: Flags, scores: Doubles) -> tuple[Cut, ...]:
    """What flagging the top shares of rows would find."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(positive[order])
    cuts = []
    for share in _SHARES:
        flagged = max(round(share * len(scores)), 1)
        found = float(hits[flagged - 1])
        cuts.append(
            Cut(
                flagged=share,
                threshold=float(scores[order[flagged - 1]]),
                precision=found / flagged,
                recall=found / max(float(hits[-1]), 1.0),
            )
        )
    return tuple(cuts)


def _wilson(share: float, rows: int) -> tuple[float, float]:
    """A share's score interval (Wilson, 1927)."""
    centre = share + _Z**2 / (2 * rows)
    spread = _Z * np.sqrt(share * (1 - share) / rows + _Z**2 / (4 * rows**2))
    scale = 1 + _Z**2 / rows
    return max(float((centre - spread) / scale), 0.0), min(float((centre + spread) / scale), 1.0)
