"""Columns that know the answer: found by what they are made of, when they are filled, and what they give away.

Five kinds of evidence, each in words with its numbers:

* the target, or a forbidden column, is in the expression that makes the column, or the other way round;
* the column is empty where there is no outcome yet and full where there is one;
* alone it separates the target better than ``validate.leak_auc`` (AUC; R² for a number);
* each of its values goes with one class: the target under another name;
* its difference from another column of like scale separates the target: a scheduled and an actual time.

Scores are out of fold where a column's levels are learned from the target (Micci-Barreca, "A
preprocessing scheme for high-cardinality categorical attributes", 2001), so that an id that is
different in every row gives nothing away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from tidemill.expressions import columns_of
from tidemill.results import Leak
from tidemill.usecase.schema import UseCase

__all__ = ["find_leaks"]

Task = Literal["binary", "multiclass", "regression"]
_Floats = npt.NDArray[np.float64]
_Codes = npt.NDArray[np.int64]

_MOST_ROWS = 20_000
_MOST_VALUES = 8_000_000
_MOST_PAIRS = 400
_FEWEST_UNLABELLED = 30
_EMPTY_WITHOUT = 0.5
_EMPTY_WITH = 0.01
_BINS = 50
_FOLDS = 5
_SMOOTHING = 5.0
_CERTAIN = 0.9999


def find_leaks(
    use_case: UseCase, frame: pd.DataFrame, unlabelled: pd.DataFrame | None, target: str, task: Task
) -> list[Leak]:
    """The columns of ``frame`` that give the target away, in the frame's order, each with its evidence.

    ``frame`` holds labelled rows with ``target`` as codes or numbers, ``unlabelled`` the rows that were
    refused for want of a target (None when there are none). Columns that can't reach the model anyway
    (forbidden, ignored, ids) are not looked at; those of ``columns.allow`` are, and come back ``allowed``.
    At most 20,000 rows are scored, drawn evenly from the classes with the use case's seed.
    """
    rules = use_case.columns
    out = {target, *rules.forbid, *rules.ignore, *use_case.id}
    columns = [str(name) for name in frame.columns if name not in out]
    found: dict[str, list[str]] = {}
    for name, evidence in (
        *_made_of(use_case, columns),
        *_filled_after(frame, unlabelled, columns),
        *_telling(use_case, frame, unlabelled, target, task, columns),
    ):
        found.setdefault(name, []).append(evidence)
    return [
        Leak(column=name, evidence="; ".join(found[name]), allowed=name in rules.allow)
        for name in columns
        if name in found
    ]


def _made_of(use_case: UseCase, columns: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Columns of the target's own expression, and columns derived from those or from forbidden ones."""
    expression = use_case.target.expression
    secret = dict.fromkeys(use_case.columns.forbid, "forbidden")
    for name in sorted(columns_of(expression)) if expression else ():
        secret[name] = "what the target is made of"
        if name in columns:
            yield name, f"the target is made of it ({expression})"
    if use_case.target.column:
        secret[use_case.target.column] = "the target"
    for name, derived in use_case.derive.items():
        from_secret = sorted(columns_of(derived) & secret.keys())
        if from_secret:
            secret[name] = f"derived from `{from_secret[0]}`"
            if name in columns:
                yield name, f"it is derived from `{from_secret[0]}`, which is {secret[from_secret[0]]}"


def _filled_after(
    frame: pd.DataFrame, unlabelled: pd.DataFrame | None, columns: Sequence[str]
) -> Iterator[tuple[str, str]]:
    if unlabelled is None or len(unlabelled) < _FEWEST_UNLABELLED:
        return
    for name in columns:
        if name not in unlabelled:
            continue
        without, with_target = float(unlabelled[name].isna().mean()), float(frame[name].isna().mean())
        if without >= _EMPTY_WITHOUT and with_target <= _EMPTY_WITH:
            yield (
                name,
                f"it is empty in {without:.0%} of the {len(unlabelled):,} rows without a target and in "
                f"{with_target:.1%} of those with one, so it is filled in only after the outcome",
            )


def _telling(
    use_case: UseCase,
    frame: pd.DataFrame,
    unlabelled: pd.DataFrame | None,
    target: str,
    task: Task,
    columns: Sequence[str],
) -> Iterator[tuple[str, str]]:
    """Columns, and differences of two columns, that separate the target too well."""
    limit = use_case.validate_.leak_auc
    rng = np.random.default_rng(use_case.seed)
    sample = frame.iloc[_sampled(frame[target], task, len(columns), rng)].reset_index(drop=True)
    judge = _Judge(sample[target], task, rng)
    values = {name: _as_numbers(sample[name]) for name in columns}
    scores: dict[str, float] = {}
    for name in columns:
        numbers = values[name]
        scores[name] = judge.levels(sample[name]) if numbers is None else judge.numbers(numbers)
        if scores[name] > limit:
            yield name, judge.alone(scores[name], limit)
    told = {name for name in columns if scores[name] > limit}
    honest = {name: numbers for name, numbers in values.items() if numbers is not None and name not in told}
    empty = {name: round(_share_empty(unlabelled, name), 2) for name in honest}
    late = {name: float(np.nanmean(honest[name])) if sample[name].dtype.kind == "M" else 0.0 for name in honest}
    pairs = sorted(_scored_pairs(judge, honest, limit), key=lambda pair: -pair[0])
    for score, first, second in pairs:
        if first in told or second in told:
            continue
        guilty = max(first, second, key=lambda name: (name != use_case.time, empty[name], late[name], scores[name]))
        other = second if guilty == first else first
        told.add(guilty)
        yield guilty, f"its difference from `{other}` separates the target with {judge.spoken(score, limit)}"


class _Judge:
    """Scores how well values separate the target: AUC (mean one-against-the-rest for several classes) or R²."""

    def __init__(self, target: pd.Series, task: Task, rng: np.random.Generator) -> None:
        self._task = task
        truth = target.to_numpy(dtype="float64")
        if task == "regression":
            self._sides = [truth]
        else:
            codes = [1.0] if task == "binary" else np.unique(truth).tolist()
            self._sides = [(truth == code).astype("float64") for code in codes]
        self._folds = rng.integers(0, _FOLDS, len(truth))

    def numbers(self, values: _Floats) -> float:
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

    def difference(self, values: _Floats) -> float:
        """A difference of two columns, as it is."""
        return self._plain(np.where(np.isfinite(values), values, np.nanmedian(values)))

    def spoken(self, score: float, limit: float) -> str:
        """The score in words."""
        return f"an {'R²' if self._task == 'regression' else 'AUC'} of {score:.3f} (the limit is {limit:g})"

    def alone(self, score: float, limit: float) -> str:
        """The evidence against a column that scores too well."""
        if score >= _CERTAIN:
            return f"it is the target under another name: alone it gives {self.spoken(score, limit)}"
        return f"alone it separates the target with {self.spoken(score, limit)}"

    def _plain(self, values: _Floats) -> float:
        if self._task == "regression":
            return _r2_of_line(values, self._sides[0])
        aucs = [_auc(values, side) for side in self._sides]
        return float(np.mean([max(auc, 1 - auc) for auc in aucs]))

    def _levels(self, codes: _Codes) -> float:
        learned = [_out_of_fold(codes, side, self._folds) for side in self._sides]
        if self._task == "regression":
            return _r2(learned[0], self._sides[0])
        return float(np.mean([_auc(means, side) for means, side in zip(learned, self._sides, strict=True)]))


def _scored_pairs(judge: _Judge, values: Mapping[str, _Floats], limit: float) -> Iterator[tuple[float, str, str]]:
    """Pairs of columns of like scale whose difference scores above the limit."""
    names = list(values)
    spread = {name: _spread(values[name]) for name in names}
    alike = [
        (first, second)
        for place, first in enumerate(names)
        for second in names[place + 1 :]
        if _like_scale(spread[first], spread[second])
    ]
    for first, second in alike[:_MOST_PAIRS]:
        difference = values[first] - values[second]
        if np.isfinite(difference).mean() < 0.5:
            continue
        score = judge.difference(difference)
        if score > limit:
            yield score, first, second


def _spread(values: _Floats) -> tuple[float, float]:
    """Median and interquartile range; the range is 0 for a column of nothing or of one value."""
    known = values[np.isfinite(values)]
    if not len(known):
        return 0.0, 0.0
    low, middle, high = np.quantile(known, [0.25, 0.5, 0.75])
    return float(middle), float(high - low)


def _like_scale(first: tuple[float, float], second: tuple[float, float]) -> bool:
    """Spreads within a factor of two, and middles within one spread of each other."""
    narrow, wide = sorted((first[1], second[1]))
    return narrow > 0 and wide <= 2 * narrow and abs(first[0] - second[0]) <= wide


def _share_empty(unlabelled: pd.DataFrame | None, name: str) -> float:
    if unlabelled is None or unlabelled.empty or name not in unlabelled:
        return 0.0
    return float(unlabelled[name].isna().mean())


def _sampled(target: pd.Series, task: Task, columns: int, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Places of the rows to score, in order: evenly from the classes, as AUC does not mind their shares."""
    most = max(1_000, min(_MOST_ROWS, _MOST_VALUES // max(columns, 1)))
    if len(target) <= most:
        return np.arange(len(target))
    if task == "regression":
        return np.sort(rng.choice(len(target), most, replace=False))
    places = target.groupby(target.to_numpy()).indices.values()
    share = most // len(places)
    drawn = [here if len(here) <= share else rng.choice(here, share, replace=False) for here in places]
    return np.sort(np.concatenate(drawn))


def _as_numbers(column: pd.Series) -> _Floats | None:
    """Numbers and times as float64 (times in seconds); None for categories and booleans."""
    if column.dtype.kind in "iuf":
        return np.asarray(column.to_numpy(dtype="float64", na_value=np.nan))
    if column.dtype.kind == "M":
        epoch = pd.Timestamp(0, tz="UTC") if column.dt.tz is not None else pd.Timestamp(0)
        return np.asarray(((column - epoch) / pd.Timedelta(seconds=1)).to_numpy(dtype="float64"))
    return None


def _auc(values: _Floats, truth: _Floats) -> float:
    """Area under the ROC curve, ties counting half; 0.5 when there is one class only."""
    positives = truth.sum()
    negatives = len(truth) - positives
    if not positives or not negatives:
        return 0.5
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return float((ranks[truth > 0].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def _out_of_fold(codes: _Codes, truth: _Floats, folds: _Codes) -> _Floats:
    """Each row's level as the mean target of that level in the other folds, drawn towards the overall mean."""
    width = int(codes.max()) + 1
    cells = folds * width + codes
    rows = np.bincount(cells, minlength=width * _FOLDS).reshape(_FOLDS, width)
    sums = np.bincount(cells, weights=truth, minlength=width * _FOLDS).reshape(_FOLDS, width)
    other_rows, other_sums = rows.sum(axis=0) - rows, sums.sum(axis=0) - sums
    overall = other_sums.sum(axis=1, keepdims=True) / np.maximum(other_rows.sum(axis=1, keepdims=True), 1)
    means = (other_sums + _SMOOTHING * overall) / (other_rows + _SMOOTHING)
    return np.asarray(means[folds, codes])


def _r2(predicted: _Floats, truth: _Floats) -> float:
    spread = float(((truth - truth.mean()) ** 2).sum())
    return 1 - float(((truth - predicted) ** 2).sum()) / spread if spread else 0.0


def _r2_of_line(values: _Floats, truth: _Floats) -> float:
    if not values.std() or not truth.std():
        return 0.0
    return float(np.corrcoef(values, truth)[0, 1] ** 2)
