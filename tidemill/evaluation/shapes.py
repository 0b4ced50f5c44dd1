"""What the answers of a model of several classes, or of numbers, look like."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tidemill.evaluation.areas import Area, Doubles
from tidemill.evaluation.curves import calibration, calibration_error, rounded
from tidemill.evaluation.evidence import Bin, ClassScore, Histogram, Multiclass, Regression

__all__ = ["multiclass_shapes", "regression_shapes"]

_SHOWN = 12
_BINS = 12


def multiclass_shapes(target: Doubles, shares: Doubles, labels: Sequence[str]) -> Multiclass:
    """Confusion, one line a class, and how far the winning probability can be believed."""
    predicted = shares.argmax(axis=1)
    truth = target.astype(np.intp)
    rows = np.bincount(truth, minlength=len(labels))
    shown = np.sort(np.argsort(-rows, kind="stable")[: _SHOWN if len(labels) <= _SHOWN else _SHOWN - 1])
    places = np.full(len(labels), len(shown))
    places[shown] = np.arange(len(shown))
    names = [labels[code] for code in shown] + (["all others"] if len(shown) < len(labels) else [])
    confusion = np.zeros((len(names), len(names)), dtype=np.int64)
    np.add.at(confusion, (places[truth], places[predicted]), 1)
    bins = calibration((predicted == truth).astype(np.float64), shares.max(axis=1))
    return Multiclass(
        classes=tuple(_class(code, label, truth, predicted, shares) for code, label in enumerate(labels)),
        shown=tuple(names),
        confusion=tuple(tuple(int(cell) for cell in line) for line in confusion),
        calibration=bins,
        calibration_error=calibration_error(bins),
    )


def regression_shapes(target: Doubles, values: Doubles, low: Doubles, high: Doubles, coverage: float) -> Regression:
    """Predicted against observed, the errors' distribution, and what the predicted intervals are worth."""
    error = values - target
    least, most = (float(end) for end in np.quantile(error, [0.005, 0.995]))
    edges = np.linspace(least, most, 41) if least < most else np.linspace(least - 0.5, least + 0.5, 41)
    counts = np.histogram(np.clip(error, edges[0], edges[-1]), edges)[0]
    quantiles = {f"{share:.0%}": float(np.quantile(np.abs(error), share)) for share in (0.5, 0.8, 0.9, 0.95)}
    return Regression(
        calibration=_binned(target, values),
        residuals=Histogram(edges=rounded(edges), counts={"rows": tuple(int(count) for count in counts)}),
        errors=quantiles,
        coverage=coverage,
        covered=float(((target >= low) & (target <= high)).mean()),
        width=float((high - low).mean()),
    )


def _class(code: int, label: str, truth: np.ndarray, predicted: np.ndarray, shares: Doubles) -> ClassScore:
    is_it, said = truth == code, predicted == code
    hits = float((is_it & said).sum())
    area = Area.of(is_it, shares[:, code]).value()
    return ClassScore(
        label=label,
        rows=int(is_it.sum()),
        precision=hits / float(said.sum()) if said.any() else None,
        recall=hits / float(is_it.sum()) if is_it.any() else None,
        auc=None if np.isnan(area) else area,
    )


def _binned(target: Doubles, values: Doubles) -> tuple[Bin, ...]:
    """Rows in bins of like size by prediction; ``low`` and ``high`` hold the middle 80 % of what happened."""
    bins = []
    for chosen in np.array_split(np.argsort(values, kind="stable"), min(_BINS, len(values))):
        low, high = np.quantile(target[chosen], [0.1, 0.9])
        bins.append(
            Bin(
                predicted=float(values[chosen].mean()),
                observed=float(target[chosen].mean()),
                low=float(low),
                high=float(high),
                rows=len(chosen),
            )
        )
    return tuple(bins)
