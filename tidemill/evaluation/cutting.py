"""Where slices are cut: the rows of each value of a column, of each period of time, of lists of like length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidemill.errors import UserError, did_you_mean
from tidemill.evaluation.evidence import Kind
from tidemill.learning.columns import kind_of
from tidemill.learning.orders import Lists
from tidemill.learning.queries import Queries
from tidemill.usecase.schema import UseCase

__all__ = ["FEWEST", "FEWEST_LISTS", "LENGTH", "MISSING", "Piece", "by_itself", "cut", "declared"]

LENGTH = "length of the list"
MISSING = "missing"
FEWEST = 50
FEWEST_LISTS = 20
_MOST_BANDS = 4
_LEVELS = 20
_COLUMNS = 8
_PERIODS = ((500, "Y"), (60, "M"), (13, "W"), (1.5, "D"))


@dataclass(frozen=True)
class Piece:
    """The places of the rows of one value of one column, in words."""

    column: str
    value: str
    rows: NDArray[np.intp]


def declared(use_case: UseCase, frame: pd.DataFrame) -> list[str] | None:
    """The columns of ``evaluate.slices``, None when it is left out. Raises UserError for one that isn't there."""
    asked = use_case.evaluate.slices
    if asked is None:
        return None
    for column in asked:
        if column not in frame.columns:
            raise UserError(
                f"evaluate.slices: there is no column `{column}` in the data{did_you_mean(column, frame.columns)}"
            )
    return list(asked)


def by_itself(use_case: UseCase, frame: pd.DataFrame, kinds: Mapping[str, Kind], lists: Lists | None) -> list[str]:
    """The columns that are looked at unasked: time, and the first categories with few levels.

    Where rows are ranked, only those that are the same in all rows of every list.
    """
    few = [
        column
        for column, kind in kinds.items()
        if kind in ("category", "boolean")
        and column in frame.columns
        and 2 <= frame[column].nunique(dropna=False) <= _LEVELS
        and (lists is None or _of_lists(frame[column], lists))
    ]
    first = [use_case.time] if use_case.time in frame.columns and use_case.time is not None else []
    return first + few[:_COLUMNS]


def cut(frame: pd.DataFrame, columns: list[str], kinds: Mapping[str, Kind], lists: Lists | None) -> Iterator[Piece]:
    """The pieces of each column, where rows are ranked those of the lists' lengths first."""
    if lists is not None:
        for value, rows in _lengths(lists.queries):
            yield Piece(LENGTH, value, rows)
    for column in columns:
        for value, rows in _cut(frame[column], kinds.get(column)):
            yield Piece(column, value, rows)


def _of_lists(values: pd.Series, lists: Lists) -> bool:
    """Whether a column is the same in all rows of every list."""
    return bool((values.astype("str").groupby(lists.queries.codes).nunique() <= 1).all())


def _lengths(queries: Queries) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """Rows by how long their list is, in bands that hold about as many lists each."""
    own = queries.sizes[queries.codes]
    ordered = np.sort(queries.sizes)
    bands = max(min(_MOST_BANDS, len(ordered) // FEWEST_LISTS), 1)
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
        for code, quarter in enumerate(quarters.cat.categories):
            yield f"{quarter.left:,.4g} to {quarter.right:,.4g}", np.flatnonzero(quarters.cat.codes == code)
    else:
        texts = values.astype("object").where(values.notna(), None)
        codes, found = pd.factorize(texts)  # a missing value has the code -1
        counts = np.bincount(codes + 1, minlength=len(found) + 1)
        frequent = np.argsort(-counts, kind="stable")
        chosen = [int(place) - 1 for place in frequent[:_LEVELS] if counts[place]]
        known = [place for place in chosen if place >= 0]
        for place in sorted(known, key=lambda one: found[one]) if kind == "number" else known:
            yield str(found[place]), np.flatnonzero(codes == place)
        if -1 in chosen:
            yield MISSING, np.flatnonzero(codes < 0)


def _periods(values: pd.Series) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """Years, months, weeks or days, whatever gives a handful; nothing where most would have too few rows."""
    at = pd.to_datetime(values, utc=True, errors="coerce").dt.tz_localize(None)
    days = (at.max() - at.min()).total_seconds() / 86_400 if at.notna().any() else 0.0
    for least, period in _PERIODS:
        if days > least:
            periods = at.dt.to_period(period)
            codes, known = pd.factorize(periods, sort=True)
            for code, one in enumerate(known[:_LEVELS]) if len(values) >= 2 * FEWEST * len(known) else ():
                text = f"week of {one.start_time:%Y-%m-%d}" if period == "W" else str(one)
                yield text, np.flatnonzero(codes == code)
            return
