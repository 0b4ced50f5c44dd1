"""Joining a side source as of each row's own time: what was known then, and nothing newer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from tidemill.cleaning import Kind, normalise
from tidemill.cleaning.normalising import parse_times
from tidemill.errors import UserError, did_you_mean
from tidemill.usecase.schema import CleanRules, Join

__all__ = ["Side", "Unmatched", "read_side"]

_Positions = npt.NDArray[np.int64]


class _Table(Protocol):
    """What can be joined: files, or what was fetched."""

    @property
    def url(self) -> str: ...

    @property
    def columns(self) -> tuple[str, ...]: ...

    def frames(self, rows: int, columns: Sequence[str] | None = None) -> Iterator[pd.DataFrame]: ...


@dataclass(frozen=True)
class Unmatched:
    """How many rows found no partner; for ``too_old`` of them there was one, older than the tolerance."""

    rows: int = 0
    too_old: int = 0

    def __add__(self, other: Unmatched) -> Unmatched:
        return Unmatched(self.rows + other.rows, self.too_old + other.too_old)


@dataclass(frozen=True)
class Side:
    """A side source, read and put in order.

    ``values`` are the columns to bring over, ``keys`` the distinct keys, ``group`` the place of each
    row's key in them. Rows are sorted by key and by the moment from which they are known.
    """

    name: str
    join: Join
    values: pd.DataFrame
    keys: pd.Index
    group: _Positions
    known: _Positions | None
    rules: CleanRules

    def attached(self, frame: pd.DataFrame, times: pd.Series | None) -> tuple[pd.DataFrame, Unmatched]:
        """``frame`` with this source's columns that it lacks, and how many rows found no partner.

        ``times`` is the moment of each row (UTC). Rows without a key or a time find none.
        """
        group, too_old = self._group_of(frame), 0
        if self.known is None:
            found = np.where(group >= 0, group, -1)
        else:
            assert times is not None
            known = self._newest_known(group, times)
            found = self._not_too_old(known, times)
            too_old = int((found != known).sum())
        missing = [name for name in self.values.columns if name not in frame.columns]
        brought = self.values[missing].reindex(found).set_axis(frame.index)
        return pd.concat([frame, brought], axis=1), Unmatched(int((found < 0).sum()), too_old)

    def _group_of(self, frame: pd.DataFrame) -> _Positions:
        keys = normalise(frame[list(self.join.on)], self.rules, {})
        place: _Positions = self.keys.get_indexer(_index(keys)).astype("int64")
        place[keys.isna().any(axis=1).to_numpy()] = -1
        return place

    def _newest_known(self, group: _Positions, times: pd.Series) -> _Positions:
        """The last row of the same key that is known by then; -1 where there is none."""
        assert self.known is not None
        moments = np.unique(self.known)
        width = len(moments) + 1
        ordered = self.group * width + np.searchsorted(moments, self.known)
        asked = group * width + np.searchsorted(moments, _microseconds(times), side="right") - 1
        found = np.searchsorted(ordered, asked, side="right") - 1
        usable = (group >= 0) & times.notna().to_numpy() & (found >= 0)
        usable &= self.group[np.maximum(found, 0)] == group
        return np.where(usable, found, -1)

    def _not_too_old(self, found: _Positions, times: pd.Series) -> _Positions:
        """The same places, with -1 for rows beyond the tolerance."""
        if self.join.tolerance is None:
            return found
        assert self.known is not None
        oldest = _microseconds(times) - _whole(self.join.tolerance - self.join.known_after)
        return np.where((found >= 0) & (self.known[np.maximum(found, 0)] >= oldest), found, -1)


def read_side(name: str, join: Join, data: _Table, rules: CleanRules, kinds: dict[str, Kind], taken: set[str]) -> Side:
    """Read a side source into memory and put it in order.

    ``taken`` are the columns that rows already have. Raises :exc:`UserError` for columns that are
    missing or would be there twice, for times that can't be read, and a tolerance that nothing can meet.
    """
    columns = _columns(name, join, data, taken)
    needed = list(dict.fromkeys([*join.on, *([join.as_of] if join.as_of else []), *columns]))
    frame = pd.concat(list(data.frames(250_000, needed)), ignore_index=True)
    keys = normalise(frame[list(join.on)], rules, {})
    usable = keys.notna().all(axis=1)
    known: pd.Series | None = None
    if join.as_of:
        known = _known(name, join, frame[join.as_of], rules)
        usable &= known.notna()
        known = known[usable]
    frame, keys = frame[usable], keys[usable]
    if frame.empty:
        raise UserError(
            f"sources.{name}: no row of {data.url} has a value in each of {', '.join(join.on)}: nothing to join"
        )
    distinct = _index(keys).unique()
    group = distinct.get_indexer(_index(keys)).astype("int64")
    if known is None:
        keep = np.sort(pd.Series(group).drop_duplicates(keep="last").index.to_numpy())
        order = keep[np.argsort(group[keep], kind="stable")]
    else:
        order = np.lexsort((_microseconds(known), group))
    values = _nullable(frame[columns].iloc[order].reset_index(drop=True))
    return Side(
        name, join, values, distinct, group[order], None if known is None else _microseconds(known)[order], rules
    )


def _columns(name: str, join: Join, data: _Table, taken: set[str]) -> list[str]:
    where = f"sources.{name}.join"
    for column in [*join.on, *([join.as_of] if join.as_of else []), *(join.columns or ())]:
        if column not in data.columns:
            raise UserError(f"{where}: {data.url} has no column `{column}`{did_you_mean(column, data.columns)}")
    if join.columns is None:
        return [column for column in data.columns if column not in {*taken, *join.on, join.as_of}]
    twice = next((column for column in join.columns if column in taken), None)
    if twice is not None:
        raise UserError(
            f"{where}.columns: the rows have a column `{twice}` already. Leave it out, or rename it in {data.url}"
        )
    return list(dict.fromkeys(join.columns))


def _known(name: str, join: Join, column: pd.Series, rules: CleanRules) -> pd.Series:
    """From when each row is known. Raises UserError when the column does not hold times."""
    if join.tolerance is not None and join.tolerance < join.known_after:
        raise UserError(
            f"sources.{name}.join.tolerance is shorter than known_after, so no row can ever be joined: make it longer"
        )
    times = parse_times(column, rules)
    if not times.notna().any():
        raise UserError(
            f"sources.{name}.join.as_of: `{join.as_of}` holds no times that can be read. "
            f"Write them as 2013-10-01T06:00:00Z"
        )
    return times + join.known_after


def _index(keys: pd.DataFrame) -> pd.Index:
    return pd.Index(keys.iloc[:, 0]) if keys.shape[1] == 1 else pd.MultiIndex.from_frame(keys)


def _nullable(frame: pd.DataFrame) -> pd.DataFrame:
    """Whole numbers as floats, so that a frame's types do not hang on whether all its rows found a partner."""
    whole = {str(name): "float64" for name, column in frame.items() if column.dtype.kind in "iu"}
    return frame.astype(whole)


def _microseconds(times: pd.Series) -> _Positions:
    """Microseconds since 1970; the least integer where there is no time."""
    moments = times.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    return np.asarray(moments.view("int64"), dtype=np.int64)


def _whole(length: timedelta) -> int:
    return length // timedelta(microseconds=1)
