"""A label source at one moment: which label counts for each key, and which rows find theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from tidemill.cleaning.normalising import Kind, declared_kinds, normalise
from tidemill.snapshot import Snapshot
from tidemill.store import Store
from tidemill.usecase.schema import CleanRules, LabelJoin, UseCase

__all__ = ["Arrived", "arrived"]

_Places = npt.NDArray[np.int64]
_AS_IT_IS = CleanRules(strip=False, missing=())


@dataclass(frozen=True)
class Arrived:
    """One label a key: the newest that was known at the moment asked for.

    ``values`` (a plain index) holds what the target reads of each, ``known`` the moment (microseconds
    since 1970) from which it is known. ``kinds`` make keys of either side comparable. The counts are of
    label rows, but ``tied``, which is of keys.
    """

    keys: pd.Index
    values: pd.DataFrame
    known: _Places
    on: tuple[str, ...]
    kinds: dict[str, Kind]
    rows: int
    later: int
    unreadable: int
    superseded: int
    tied: int

    def places(self, frame: pd.DataFrame) -> _Places:
        """The place in ``values`` of each row's label; -1 where it has none, -2 where a part of its key is missing."""
        keys = _keys(frame, self.on, self.kinds)
        found: _Places = self.keys.get_indexer(_index(keys)).astype("int64")
        found[keys.isna().any(axis=1).to_numpy()] = -2
        return found


def arrived(
    store: Store, use_case: UseCase, labels: Snapshot, cleaned: Snapshot, columns: Sequence[str], now: datetime
) -> Arrived:
    """Read a label source's Snapshot as of ``now``, with the ``columns`` that the target reads.

    Of the labels of a key with ``known_at <= now`` the newest counts, and of several at one moment the
    last in order. All of them are held in memory: keys, moments and those columns.
    """
    join = use_case.label_join
    assert join is not None
    frame = labels.read(store, list(dict.fromkeys([*join.on, join.known_at, *columns])))
    declared = declared_kinds(use_case)
    tidy = normalise(frame, use_case.clean, {**declared, join.known_at: "time"})
    kinds = _alike(store, join, tidy, cleaned)
    keys = _keys(tidy, join.on, kinds)
    moments = tidy[join.known_at]
    usable = (keys.notna().all(axis=1) & moments.notna()).to_numpy()
    there = usable & (moments <= pd.Timestamp(now)).to_numpy(dtype=bool, na_value=False)
    keys, moments = keys[there], moments[there]
    distinct = _index(keys).unique()
    group = distinct.get_indexer(_index(keys)).astype("int64")
    known = moments.to_numpy(dtype="datetime64[us]").view("int64")
    order = np.lexsort((known, group))  # stable: of two at one moment the later in order stays last
    last = order[np.append(group[order][1:] != group[order][:-1], True)] if len(order) else order
    values = tidy.loc[there, list(columns)].reset_index(drop=True)
    return Arrived(
        keys=distinct,
        values=_nullable(values.iloc[last].reset_index(drop=True)),
        known=known[last],
        on=join.on,
        kinds=kinds,
        rows=len(frame),
        later=int((usable & ~there).sum()),
        unreadable=int((~usable).sum()),
        superseded=len(keys) - len(last),
        tied=_tied(values, group, known, last),
    )


def _tied(values: pd.DataFrame, group: _Places, known: _Places, last: _Places) -> int:
    """Keys whose newest moment has two different labels. ``last`` is the place of each group's label, by group."""
    if not len(last):
        return 0
    newest = known == known[last][group]
    newest[last] = False
    rivals = np.flatnonzero(newest)
    if not len(rivals):
        return 0
    ours, theirs = values.iloc[rivals].reset_index(drop=True), values.iloc[last[group[rivals]]].reset_index(drop=True)
    same = np.ones(len(rivals), dtype=bool)
    for name in values.columns:
        one, other = ours[name], theirs[name]
        equal = (one == other).to_numpy(dtype=bool, na_value=False)
        same &= equal | (one.isna() & other.isna()).to_numpy()
    return len(np.unique(group[rivals[~same]]))


def _alike(store: Store, join: LabelJoin, tidy: pd.DataFrame, cleaned: Snapshot) -> dict[str, Kind]:
    """The kind to compare each key as: what one side guessed to be numbers may be text on the other."""
    types = {column.name: column.type for column in cleaned.manifest(store).columns}
    kinds: dict[str, Kind] = {}
    for name in join.on:
        sides = {_kind(types.get(name, "")), _kind_of(tidy[name])}
        kinds[name] = next(kind for kind in ("time", "category", "number", "boolean") if kind in sides)
    return kinds


def _kind(arrow: str) -> Kind:
    if arrow.startswith("timestamp"):
        return "time"
    if arrow.startswith(("int", "uint", "float", "double", "halffloat")):
        return "number"
    return "boolean" if arrow == "bool" else "category"


def _kind_of(column: pd.Series) -> Kind:
    kinds: dict[str, Kind] = {"b": "boolean", "M": "time", "i": "number", "u": "number", "f": "number"}
    return kinds.get(column.dtype.kind, "category")


def _keys(frame: pd.DataFrame, on: Sequence[str], kinds: dict[str, Kind]) -> pd.DataFrame:
    return normalise(frame[list(on)], _AS_IT_IS, kinds)


def _index(keys: pd.DataFrame) -> pd.Index:
    return pd.Index(keys.iloc[:, 0]) if keys.shape[1] == 1 else pd.MultiIndex.from_frame(keys)


def _nullable(frame: pd.DataFrame) -> pd.DataFrame:
    """Types that can say missing, so that a part's types do not hang on whether all its rows have a label."""
    wider = {str(name): "float64" for name, column in frame.items() if column.dtype.kind in "iu"}
    wider |= {str(name): "boolean" for name, column in frame.items() if column.dtype.kind == "b"}
    return frame.astype(wider)
