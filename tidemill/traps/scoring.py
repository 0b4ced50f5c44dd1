"""How well values separate a target: AUC, or R² for a number, out of fold where levels are learned from it.

Levels stand for their mean target in the other folds (Micci-Barreca, "A preprocessing scheme for
high-cardinality categorical attributes", 2001), so that an id that is different in every row gives nothing away.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from tidemill.said import to_tell
from tidemill.task import Task, is_classification

__all__ = ["CERTAIN", "Codes", "Floats", "Judge", "as_numbers", "sampled"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

CERTAIN = 0.9999

_MOST_ROWS = 20_000
_MOST_VALUES = 8_000_000
_BINS = 50
_FOLDS = 5
_SMOOTHING = 5.0


class Judge:
    """Scores how well values separate the target: AUC (mean one-against-the-rest for several classes) or R²."""

    def __init__(self, target: pd.Series, task: Task, rng: np.random.Generator) -> None:
        self._task = task
        truth = target.to_numpy(dtype="float64")
        if not is_classification(task):
            self._sides = [truth]
        else:
            codes = [1.0] if task == "binary" else np.unique(truth).tolist()
            self._sides = [(truth == code).astype("float64") for code in codes]
        self._folds = rng.integers(0, _FOLDS, len(truth))

    def numbers(self, values: Floats) -> float:
        """The better of the values as they are (nulls in the middle) and of bins learned out of fold."""
        known = values[np.isfinite(values)]
        if len(np.unique(known)) < 2:
            return self._levels(np.isfinite(values).astype("int64"))
        plain = self._plain(np.where(np.isfinite(values), values, np.median(known)))
        edges = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)[1:-1]))
        bins = np.where(np.isfinite(values), np.searchsorted(edges, values, side="right") + 1, 0)
        return max(plain, self._levels(bins))

    def levels(self, column: pd.Series) -> float:
        """Categories, each standing for its mean target in the other folds; null is one of them."""
        codes, _ = pd.factorize(column)
        return self._levels(codes.astype("int64") + 1)

    def difference(self, values: Floats) -> float:
        """Values as they are, such as a difference of two columns; nulls in the middle."""
        return self._plain(np.where(np.isfinite(values), values, np.nanmedian(values)))

    def spoken(self, score: float, limit: float) -> str:
        """The score in words."""
        if is_classification(self._task):
            return to_tell("an AUC of {score:.3f} (the limit is {limit:g})", score=score, limit=limit)
        return to_tell("an R² of {score:.3f} (the limit is {limit:g})", score=score, limit=limit)

    def alone(self, score: float, limit: float) -> str:
        """The evidence against a column that scores too well."""
        if score >= CERTAIN:
            return to_tell("it is the target under another name: alone it gives {told}", told=self.spoken(score, limit))
        return to_tell("alone it separates the target with {told}", told=self.spoken(score, limit))

    def _plain(self, values: Floats) -> float:
        if not is_classification(self._task):
            return _r2_of_line(values, self._sides[0])
        ranks = _ranks(values)
        aucs = [_auc(ranks, side) for side in self._sides]
        return float(np.mean([max(auc, 1 - auc) for auc in aucs]))

    def _levels(self, codes: Codes) -> float:
        cells = self._folds * (int(codes.max()) + 1) + codes
        if not is_classification(self._task):
            return _r2(_out_of_fold(codes, self._sides[0], self._folds).ravel()[cells], self._sides[0])
        return float(np.mean([_auc_of_cells(_out_of_fold(codes, one, self._folds), cells, one) for one in self._sides]))


def sampled(target: pd.Series, task: Task, columns: int, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Places of the rows to score, in order: evenly from the classes, as AUC does not mind their shares."""
    most = max(1_000, min(_MOST_ROWS, _MOST_VALUES // max(columns, 1)))
    if len(target) <= most:
        return np.arange(len(target))
    if not is_classification(task):
        return np.sort(rng.choice(len(target), most, replace=False))
    places = target.groupby(target.to_numpy()).indices.values()
    share = most // len(places)
    drawn = [here if len(here) <= share else rng.choice(here, share, replace=False) for here in places]
    return np.sort(np.concatenate(drawn))


def as_numbers(column: pd.Series) -> Floats | None:
    """Numbers and times as float64 (times in seconds); None for categories and booleans."""
    if column.dtype.kind in "iuf":
        return np.asarray(column.to_numpy(dtype="float64", na_value=np.nan))
    if column.dtype.kind == "M":
        epoch = pd.Timestamp(0, tz="UTC") if column.dt.tz is not None else pd.Timestamp(0)
        return np.asarray(((column - epoch) / pd.Timedelta(seconds=1)).to_numpy(dtype="float64"))
    return None


def _ranks(values: Floats) -> Floats:
    """The rank of each value from 1, equal ones sharing theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[place])


def _auc(ranks: Floats, truth: Floats) -> float:
    """Area under the ROC curve, ties counting half; 0.5 when there is one class only."""
    positives = truth.sum()
    negatives = len(truth) - positives
    if not positives or not negatives:
        return 0.5
    return float((ranks[truth > 0].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def _auc_of_cells(means: Floats, cells: Codes, truth: Floats) -> float:
    """The AUC of rows that stand for the mean of their cell: counted by cell, which are few where rows are many."""
    scores = means.ravel()
    rows = np.bincount(cells, minlength=len(scores))
    positives = np.bincount(cells, weights=truth, minlength=len(scores))
    present = rows > 0
    _, place = np.unique(scores[present], return_inverse=True)
    positive = np.bincount(place, weights=positives[present])
    negative = np.bincount(place, weights=rows[present]) - positive
    pairs = float(positive.sum() * negative.sum())
    below = np.cumsum(negative) - negative
    return float((positive * (below + negative / 2)).sum()) / pairs if pairs else 0.5


def _out_of_fold(codes: Codes, truth: Floats, folds: Codes) -> Floats:
    """The mean target of each level in the folds but one, drawn towards the overall mean, shape ``(folds, levels)``."""
    width = int(codes.max()) + 1
    cells = folds * width + codes
    rows = np.bincount(cells, minlength=width * _FOLDS).reshape(_FOLDS, width)
    sums = np.bincount(cells, weights=truth, minlength=width * _FOLDS).reshape(_FOLDS, width)
    other_rows, other_sums = rows.sum(axis=0) - rows, sums.sum(axis=0) - sums
    overall = other_sums.sum(axis=1, keepdims=True) / np.maximum(other_rows.sum(axis=1, keepdims=True), 1)
    means = (other_sums + _SMOOTHING * overall) / (other_rows + _SMOOTHING)
    return np.asarray(means)


def _r2(predicted: Floats, truth: Floats) -> float:
    spread = float(((truth - truth.mean()) ** 2).sum())
    return 1 - float(((truth - predicted) ** 2).sum()) / spread if spread else 0.0


def _r2_of_line(values: Floats, truth: Floats) -> float:
    values, truth = (each / max(float(np.abs(each).max()), 1.0) for each in (values, truth))  # squares stay finite
    if not values.std() or not truth.std():
        return 0.0
    return float(np.corrcoef(values, truth)[0, 1] ** 2)
