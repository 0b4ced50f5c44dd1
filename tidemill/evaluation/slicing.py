"""Where a model is good and where not: the metric on the rows of each value of a column, with its interval."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidemill.errors import UserError, did_you_mean
from tidemill.evaluation.evidence import Kind, Slice
from tidemill.evaluation.metrics import statistic
from tidemill.evaluation.resampling import Doubles, Statistic, interval, resample
from tidemill.learning.columns import kind_of
from tidemill.learning.orders import Lists
from tidemill.learning.queries import Queries
from tidemill.learning.scores import higher_is_better
from tidemill.usecase.schema import UseCase

__all__ = ["Ground", "slices"]

LENGTH = "length of the list"
_FEWEST = 50
_FEWEST_LISTS = 20
_MOST_BANDS = 4
_LEVELS = 20
_COLUMNS = 8
_RESAMPLES = 200
_PERIODS = ((500, "Y"), (60, "M"), (13, "W"), (1.5, "D"))


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
    found = []
    if ground.lists is not None:
        for value, rows in _lengths(ground.lists.queries):
            found.append(_slice(use_case, ground, LENGTH, value, rows, whole))
    for column in _columns(use_case, ground, kinds):
        for value, rows in _cut(ground.frame[column], kinds.get(column)):
            found.append(_slice(use_case, ground, column, value, rows, whole))
    return tuple(found)


def _columns(use_case: UseCase, ground: Ground, kinds: Mapping[str, Kind]) -> list[str]:
    frame = ground.frame
    asked = use_case.evaluate.slices
    if asked is not None:
        for column in asked:
            if column not in frame.columns:
                raise UserError(
                    f"evaluate.slices: there is no column `{column}` in the data{did_you_mean(column, frame.columns)}"
                )
        return list(asked)
    few = [
        column
        for column, kind in kinds.items()
        if kind in ("category", "boolean")
        and column in frame.columns
        and 2 <= frame[column].nunique(dropna=False) <= _LEVELS
        and (ground.lists is None or _of_lists(frame[column], ground.lists))
    ]
    first = [use_case.time] if use_case.time in frame.columns and use_case.time is not None else []
    return first + few[:_COLUMNS]


def _of_lists(values: pd.Series, lists: Lists) -> bool:
    """Whether a column is the same in all rows of every list."""
    return bool((values.astype("str").groupby(lists.queries.codes).nunique() <= 1).all())


def _lengths(queries: Queries) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """Rows by how long their list is, in bands that hold about as many lists each."""
    own = queries.sizes[queries.codes]
    ordered = np.sort(queries.sizes)
    bands = max(min(_MOST_BANDS, len(ordered) // _FEWEST_LISTS), 1)
    ends = [int(ordered[round(band / bands * (len(ordered) - 1))]) for band in range(1, bands + 1)]
    low = int(ordered[0])
    for high in sorted(set(ends)):
        words = f"{low:,} to {high:,}" if low < high else f"{high:,}"
        yield f"{words} {'row' if high == 1 else 'rows'}", np.flatnonzero((own >= low) & (own <= high))
        low = high + 1


def _cut(values: pd.Series, kind: Kind | None) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """The column's values in words, each with the places of its rows; the most frequent, or in order."""
    kind = kind or kind_of(values)
    if kind == "time":
        yield from _periods(values)
    elif kind == "number" and values.nunique() > _LEVELS:
        numbers = pd.to_numeric(values, errors="coerce").astype("float64")
        quarters = pd.qcut(numbers, 4, duplicates="drop")
        for quarter in quarters.cat.categories:
            yield f"{quarter.left:,.4g} to {quarter.right:,.4g}", np.flatnonzero((quarters == quarter).to_numpy())
    else:
        texts = values.astype("object").where(values.notna(), None)
        levels = list(texts.value_counts(dropna=False).index[:_LEVELS])
        known = [level for level in levels if not pd.isna(level)]
        for level in sorted(known) if kind == "number" else known:
            yield str(level), np.flatnonzero((texts == level).to_numpy())
        if len(known) < len(levels):
            yield "missing", np.flatnonzero(values.isna().to_numpy())


def _periods(values: pd.Series) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """Years, months, weeks or days, whatever gives a handful; nothing where most would have too few rows."""
    at = pd.to_datetime(values, utc=True, errors="coerce").dt.tz_localize(None)
    days = (at.max() - at.min()).total_seconds() / 86_400 if at.notna().any() else 0.0
    for least, period in _PERIODS:
        if days > least:
            periods = at.dt.to_period(period)
            known = sorted(periods.dropna().unique())
            for one in known[:_LEVELS] if len(values) >= 2 * _FEWEST * len(known) else ():
                text = f"week of {one.start_time:%Y-%m-%d}" if period == "W" else str(one)
                yield text, np.flatnonzero((periods == one).to_numpy())
            return


def _slice(use_case: UseCase, ground: Ground, column: str, value: str, rows: NDArray[np.intp], whole: float) -> Slice:
    target = ground.target[rows]
    outcome = float(target.mean())
    one = ground.measured(rows)
    if one.drawn >= (_FEWEST if ground.lists is None else _FEWEST_LISTS):
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
