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
from tidemill.evaluation.resampling import Doubles, interval, resample
from tidemill.learning.columns import kind_of
from tidemill.learning.scores import higher_is_better
from tidemill.usecase.schema import UseCase

__all__ = ["Ground", "slices"]

_FEWEST = 50
_LEVELS = 20
_COLUMNS = 8
_RESAMPLES = 200
_PERIODS = ((500, "Y"), (60, "M"), (13, "W"), (1.5, "D"))


@dataclass(frozen=True)
class Ground:
    """What slices are cut from: the rows, their truth, the model's answers with their cut, and a baseline's."""

    frame: pd.DataFrame
    target: Doubles
    values: Doubles
    threshold: float
    baseline: Doubles
    metric: str
    weights: Doubles | None = None


def slices(use_case: UseCase, ground: Ground, kinds: Mapping[str, Kind]) -> tuple[Slice, ...]:
    """Slices over the use case's columns (``evaluate.slices``), or over time and the categories with few levels.

    Numbers are cut into quarters, times into periods. A slice of fewer than 50 rows, or on which the
    metric is undefined, is listed without a value. Raises UserError for a column that isn't there.
    """
    everything = statistic(ground.metric, ground.target, ground.values, ground.threshold)
    whole = everything.value() if ground.weights is None else everything.weighted(ground.weights)
    found = []
    for column in _columns(use_case, ground.frame, kinds):
        for value, rows in _cut(ground.frame[column], kinds.get(column)):
            found.append(_slice(use_case, ground, column, value, rows, whole))
    return tuple(found)


def _columns(use_case: UseCase, frame: pd.DataFrame, kinds: Mapping[str, Kind]) -> list[str]:
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
    ]
    first = [use_case.time] if use_case.time in frame.columns and use_case.time is not None else []
    return first + few[:_COLUMNS]


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
    if len(rows) >= _FEWEST:
        one = statistic(ground.metric, target, ground.values[rows], ground.threshold)
        resamples = min(use_case.evaluate.resamples, _RESAMPLES)
        own = None if ground.weights is None else ground.weights[rows]
        draws = resample({"metric": one}, len(rows), resamples=resamples, seed=use_case.seed, weights=own)["metric"]
        if np.isfinite(draws.value):
            measured = interval(ground.metric, draws, use_case.evaluate.confidence)
            better, worse = measured.low > whole, measured.high < whole
            if not higher_is_better(ground.metric):
                better, worse = worse, better
            simple = statistic(ground.metric, target, ground.baseline[rows])
            plain = simple.value() if own is None else simple.weighted(own)
            return Slice(
                column=column,
                value=value,
                rows=len(rows),
                outcome=outcome,
                metric=measured,
                baseline=plain,
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
