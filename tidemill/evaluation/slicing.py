"""Where a model is good and where not: the metric on the rows of each value of a column, with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidemill.evaluation.cutting import FEWEST, FEWEST_LISTS, by_itself, cut, declared
from tidemill.evaluation.evidence import Kind, Slice
from tidemill.evaluation.metrics import statistic
from tidemill.evaluation.resampling import Doubles, Statistic, interval, resample
from tidemill.learning.orders import Lists
from tidemill.learning.scores import higher_is_better
from tidemill.usecase.schema import UseCase

__all__ = ["Ground", "slices"]

_RESAMPLES = 200


@dataclass(frozen=True)
class Ground:
    """What slices are cut from: the rows, their truth, the model's answers with their cut, and a baseline's.

    Where rows are ranked, ``lists`` say which of them together.
    """

    frame: pd.DataFrame
    target: Doubles
    values: Doubles
    threshold: float
    baseline: Doubles
    metric: str
    weights: Doubles | None = None
    lists: Lists | None = None

    def measured(self, rows: NDArray[np.intp]) -> _Measured:
        """The metric on these rows: the model's, the baseline's, and what is resampled."""
        lists = None if self.lists is None else self.lists.taken(rows)
        target = self.target[rows]
        weights = None if self.weights is None else self.weights[rows]
        return _Measured(
            own=statistic(self.metric, target, self.values[rows], self.threshold, lists),
            plain=statistic(self.metric, target, self.baseline[rows], lists=lists),
            drawn=len(rows) if lists is None else lists.queries.count,
            weights=weights if lists is None else lists.query_weights,
        )


@dataclass(frozen=True)
class _Measured:
    """A metric on some rows; ``drawn`` rows or queries are resampled, and count by ``weights``."""

    own: Statistic
    plain: Statistic
    drawn: int
    weights: Doubles | None

    def value(self, one: Statistic) -> float:
        """One of the two on all of the rows."""
        return one.value() if self.weights is None else one.weighted(self.weights)


def slices(use_case: UseCase, ground: Ground, kinds: Mapping[str, Kind]) -> tuple[Slice, ...]:
    """Slices over the use case's columns (``evaluate.slices``), or over time and the categories with few levels.

    Numbers are cut into quarters, times into periods. A slice of fewer than 50 rows, or on which the
    metric is undefined, is listed without a value. Raises UserError for a column that isn't there.

    Where rows are ranked, a slice holds the rows of at least 20 queries; it is cut by how long the lists are, and by
    what is the same in all rows of a list. Another column, if asked for, cuts the lists themselves: then it is the
    order of the rows that have its value.
    """
    everything = ground.measured(np.arange(len(ground.target)))
    whole = everything.value(everything.own)
    columns = declared(use_case, ground.frame)
    if columns is None:
        columns = by_itself(use_case, ground.frame, kinds, ground.lists)
    pieces = cut(ground.frame, columns, kinds, ground.lists)
    return tuple(_slice(use_case, ground, piece.column, piece.value, piece.rows, whole) for piece in pieces)


def _slice(use_case: UseCase, ground: Ground, column: str, value: str, rows: NDArray[np.intp], whole: float) -> Slice:
    target = ground.target[rows]
    outcome = float(target.mean())
    one = ground.measured(rows)
    if one.drawn >= (FEWEST if ground.lists is None else FEWEST_LISTS):
        resamples = min(use_case.evaluate.resamples, _RESAMPLES)
        draws = resample({"metric": one.own}, one.drawn, resamples=resamples, seed=use_case.seed, weights=one.weights)[
            "metric"
        ]
        if np.isfinite(draws.value):
            measured = interval(ground.metric, draws, use_case.evaluate.confidence)
            better, worse = measured.low > whole, measured.high < whole
            if not higher_is_better(ground.metric):
                better, worse = worse, better
            return Slice(
                column=column,
                value=value,
                rows=len(rows),
                outcome=outcome,
                metric=measured,
                baseline=one.value(one.plain),
                verdict="better" if better else "worse" if worse else "alike",
            )
    return Slice(
        column=column,
        value=value,
        rows=len(rows),
        outcome=outcome,
        metric=None,
        baseline=None,
        verdict="too few rows",
    )
