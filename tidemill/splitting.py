"""Which rows train, and which are set aside for the gate: by time, by group, by query or by chance.

By chance means by a hash of what names the row and the use case's seed, not by drawing numbers: a
row stays on its side when others come or go, so that a champion has never trained on the rows that
judge its challenger.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from tidemill.errors import UserError, did_you_mean
from tidemill.learning.queries import Queries
from tidemill.progress import Note, emit
from tidemill.provenance import code_version
from tidemill.results import Labelled, Split
from tidemill.snapshot import Snapshot, SnapshotWriter
from tidemill.store import Store
from tidemill.task import is_classification
from tidemill.trained import remember
from tidemill.usecase.schema import UseCase

__all__ = ["how", "moments", "split"]

_TRAIN, _GATE, _LATER = range(3)
_FEWEST_OF_CLASS = 2
_FEWEST_QUERIES = 5
_FEW_QUERIES = 200
_Sides = npt.NDArray[np.int64]
By = Literal["time", "group", "query", "random"]


@dataclass(frozen=True)
class _Cut:
    """The side of every row, and the moments that divide them when split by time."""

    sides: _Sides
    boundary: datetime | None = None
    end: datetime | None = None


def split(
    store: Store, use_case: UseCase, labelled: Labelled, snapshot: Snapshot, *, until: datetime | None = None
) -> Split:
    """Divide the validated rows (``snapshot``) into training rows and gate rows, in the order they had.

    * ``time``: rows before ``split.train_until`` train, rows from there to before ``split.gate_until``
      are the gate's, later ones stay unseen. Dates that are left out follow from ``split.gate_share``.
      ``until`` moves the window: the gate then ends there and keeps its length.
    * ``group``: whole groups, taken by hash until the gate has its share.
    * ``query``: whole queries whose hash falls into the gate's share; where they are few, as groups.
    * ``random``: rows whose hash falls into the gate's share.

    With queries, by time: a query counts as of its latest row, so nothing that is trained on is later than
    the boundary, and the gate may hold earlier rows of a query that goes on beyond it.

    Raises :exc:`UserError` when a side has fewer than ``split.minimum_rows`` rows or, for
    classification, one class only; for ranking, fewer than 5 queries or none with different grades.
    """
    by = _by(use_case)
    present = [column.name for column in snapshot.manifest(store).columns]
    named = [("time", use_case.time if by == "time" else None), ("group", use_case.group), ("query", use_case.query)]
    named += [("fairness.groups", name) for name in use_case.fairness.groups]
    for where, name in named:
        if name is not None and name not in present:
            raise UserError(f"{where}: there is no column `{name}` in the data{did_you_mean(name, present)}")
    unfit = use_case.fairness.limits.unfit(labelled.task)
    if unfit is not None:
        raise UserError(f"fairness.limits.{unfit[0]}: {unfit[1]}")
    queries = _queries(store, use_case, snapshot)
    if by == "time":
        cut = _by_time(store, use_case, snapshot, until, queries)
    elif by == "group":
        cut = _by_group(store, use_case, snapshot, queries)
    elif by == "query":
        cut = _by_query(store, use_case, snapshot)
    else:
        cut = _at_random(store, use_case, snapshot)
    if queries is not None:
        _check_queries(store, use_case, snapshot, cut, queries)
    _check_sides(store, use_case, labelled, snapshot, cut, by)
    train, gate = _write(store, use_case, snapshot, cut.sides)
    return Split(
        by=by,
        train=train,
        gate=gate,
        later=int((cut.sides == _LATER).sum()),
        boundary=cut.boundary,
        end=cut.end,
        trained=remember(store, use_case, train),
    )


def how(use_case: UseCase) -> By:
    """What the rows are divided by; never by chance where they belong to queries."""
    asked = use_case.split.by
    if asked == "auto":
        asked = "time" if use_case.time else "group" if use_case.group else "random"
    if asked == "random" and use_case.query is not None:
        return "query"
    return asked


def moments(use_case: UseCase, times: pd.Series, until: datetime | None) -> tuple[datetime, datetime | None]:
    """The moments from which rows are the gate's, and from which they are nobody's; ``times`` are the rows' own.

    Raises :exc:`UserError` when no row is before the second.
    """
    rules = use_case.split
    boundary, end = rules.train_until, rules.gate_until
    if until is not None:
        boundary = until - (end - boundary) if boundary and end else None
        end = until
    if boundary is None:
        boundary = _share_boundary(times if end is None else times[times < end], rules.gate_share)
    return boundary, end


def _by(use_case: UseCase) -> By:
    asked = how(use_case)
    if asked == "time" and use_case.group is not None:
        emit(
            Note(
                f"split by time: rows of one `{use_case.group}` may be on both sides. "
                f"`split.by: group` keeps them together"
            )
        )
    return asked


def _queries(store: Store, use_case: UseCase, snapshot: Snapshot) -> Queries | None:
    if use_case.query is None:
        return None
    return Queries.of(snapshot.read(store, [use_case.query])[use_case.query])


def _by_time(
    store: Store, use_case: UseCase, snapshot: Snapshot, until: datetime | None, queries: Queries | None
) -> _Cut:
    times = snapshot.read(store, [str(use_case.time)])[str(use_case.time)]
    boundary, end = moments(use_case, times, until)
    if queries is not None:
        own, times = times, times.groupby(queries.codes).transform("max")
        moved = int(((own < boundary) & (times >= boundary)).sum())
        if moved:
            emit(
                Note(
                    f"split by time: {moved:,} rows before {boundary:%Y-%m-%d %H:%M} UTC are of queries that go on "
                    "after it, and stay with them on the gate's side"
                )
            )
    sides = np.where((times >= boundary).to_numpy(), _GATE, _TRAIN)
    if end is not None:
        sides[(times >= end).to_numpy()] = _LATER
    return _Cut(sides, boundary, end)


def _share_boundary(times: pd.Series, share: float) -> datetime:
    """The moment from which the newest ``share`` of the rows begins; rows of one moment stay together."""
    if times.empty:
        raise UserError("no row is before the end of the gate's window: move split.gate_until, or collect older rows")
    ordered = times.sort_values()
    place = min(len(ordered) - 1, round(len(ordered) * (1 - share)))
    moment: pd.Timestamp = ordered.iloc[place]
    return moment.to_pydatetime().astimezone(UTC)


def _by_group(store: Store, use_case: UseCase, snapshot: Snapshot, queries: Queries | None) -> _Cut:
    groups = snapshot.read(store, [str(use_case.group)])[str(use_case.group)]
    if queries is not None:
        spread = int((groups.astype("str").groupby(queries.codes).nunique() > 1).sum())
        if spread:
            raise UserError(
                f"split.by: {spread:,} of {queries.count:,} queries (`{use_case.query}`) have rows of several "
                f"`{use_case.group}`, so either queries or groups would be cut apart: say `query`, or leave `group` out"
            )
    return _Cut(_whole(groups, use_case))


def _by_query(store: Store, use_case: UseCase, snapshot: Snapshot) -> _Cut:
    names = snapshot.read(store, [str(use_case.query)])[str(use_case.query)]
    if names.nunique() < _FEW_QUERIES:
        return _Cut(_whole(names, use_case))
    hashes = _hashes(names.to_frame("query"), use_case.seed)
    return _Cut(np.where(hashes < use_case.split.gate_share * 2.0**64, _GATE, _TRAIN))


def _whole(names: pd.Series, use_case: UseCase) -> _Sides:
    """The rows of each name together, in the order of the names' hashes until the gate has its share."""
    sizes = names.value_counts(dropna=False)
    order = np.argsort(_hashes(sizes.index.to_frame(index=False), use_case.seed), kind="stable")
    before = np.cumsum(sizes.to_numpy()[order]) - sizes.to_numpy()[order]
    chosen = sizes.index[order[before < use_case.split.gate_share * len(names)]]
    return np.where(names.isin(chosen).to_numpy(), _GATE, _TRAIN).astype(np.int64)


def _at_random(store: Store, use_case: UseCase, snapshot: Snapshot) -> _Cut:
    names = list(use_case.id) or None
    hashes = np.concatenate([_hashes(frame, use_case.seed) for frame in snapshot.frames(store, names)])
    return _Cut(np.where(hashes < use_case.split.gate_share * 2.0**64, _GATE, _TRAIN))


def _hashes(frame: pd.DataFrame, seed: int) -> npt.NDArray[np.uint64]:
    """A hash of each row that hangs on its values and the seed alone (64 bit)."""
    salted = frame.assign(_seed=np.int64(seed))
    return np.asarray(pd.util.hash_pandas_object(salted, index=False), dtype=np.uint64)


def _check_sides(store: Store, use_case: UseCase, labelled: Labelled, snapshot: Snapshot, cut: _Cut, by: str) -> None:
    target = snapshot.read(store, [use_case.target_name])[use_case.target_name].to_numpy()
    moment = f" {cut.boundary:%Y-%m-%d %H:%M} UTC" if cut.boundary else ""
    for side, what, where in ((_TRAIN, "train on", f"before{moment}"), (_GATE, "judge on", f"from{moment}")):
        chosen = cut.sides == side
        rows = int(chosen.sum())
        when = f" {where}" if by == "time" else ""
        if rows < use_case.split.minimum_rows:
            raise UserError(
                f"the split by {by} leaves {rows:,} of {len(chosen):,} rows to {what}{when}, and "
                f"{use_case.split.minimum_rows} are needed: collect more, or change `split`"
            )
        if is_classification(labelled.task) and len(np.unique(target[chosen])) < 2:
            only = labelled.classes[int(target[chosen][0])].label
            raise UserError(
                f"the {rows:,} rows to {what}{when} all have the class `{only}`: collect more, or change `split`"
            )
        if is_classification(labelled.task) and side == _TRAIN:
            _check_rare(labelled, target[chosen], rows)


def _check_rare(labelled: Labelled, codes: npt.NDArray[np.int64], rows: int) -> None:
    """Raise UserError for a class with so few training rows that it can't be both learnt and judged."""
    there = np.bincount(codes.astype(np.int64), minlength=len(labelled.classes))
    for one, count in zip(labelled.classes, there, strict=True):
        if count < _FEWEST_OF_CLASS:
            has = "a single one" if count else "none"
            raise UserError(
                f"the class `{one.label}` has {has} of the {rows:,} training rows ({one.rows:,} in all), so it can't "
                f"be both learnt and judged: bring more rows of it, merge it with another class, or leave such classes "
                f"out (`target.minimum_class_rows: {max(one.rows + 1, 10)}`)"
            )


def _check_queries(store: Store, use_case: UseCase, snapshot: Snapshot, cut: _Cut, queries: Queries) -> None:
    """Refuse sides that hold too few lists to learn from or to judge by, or none that any order would be wrong for."""
    grades = snapshot.read(store, [use_case.target_name])[use_case.target_name].to_numpy(dtype=np.float64)
    for side, what in ((_TRAIN, "train on"), (_GATE, "judge on")):
        rows = np.flatnonzero(cut.sides == side)
        own = queries.taken(rows)
        if own.count < _FEWEST_QUERIES:
            raise UserError(
                f"`query: {use_case.query}`: the {len(rows):,} rows to {what} are of {own.count} "
                f"{'query' if own.count == 1 else 'queries'}, and {_FEWEST_QUERIES} are needed: name the column that "
                "tells the lists apart (a search, a session, a reader), collect more, or change `split`"
            )
        lowest, highest = (np.full(own.count, start) for start in (np.inf, -np.inf))
        np.minimum.at(lowest, own.codes, grades[rows])
        np.maximum.at(highest, own.codes, grades[rows])
        telling = int((lowest < highest).sum())
        if not telling:
            alone = (
                "has one row only" if own.sizes.max() == 1 else f"has one `{use_case.target_name}` in all of its rows"
            )
            raise UserError(
                f"`query: {use_case.query}`: each of the {own.count:,} queries to {what} {alone}, so every order is as "
                "good as any other: name the column that tells whole lists apart, or bring rows of other grades"
            )
        if telling < own.count:
            emit(
                Note(
                    f"{own.count - telling:,} of the {own.count:,} queries to {what} have one row or one grade: any "
                    "order of them is right, and nothing is learnt from them"
                )
            )
    longest = int(queries.sizes.max())
    if longest > len(queries.codes) / 2:
        emit(
            Note(
                f"one query (`{use_case.query}`) has {longest:,} of {len(queries.codes):,} rows: is it the column that "
                "tells the lists apart?"
            )
        )


def _write(store: Store, use_case: UseCase, snapshot: Snapshot, sides: _Sides) -> tuple[Snapshot, Snapshot]:
    parents, code = (snapshot.id,), code_version()
    writers = {
        side: SnapshotWriter(store, use_case.name, kind, parents=parents, code=code)
        for side, kind in ((_TRAIN, "train"), (_GATE, "gate"))
    }
    for frame, here in _with_sides(store, snapshot, sides):
        for side, writer in writers.items():
            writer.add(frame[here == side])
    return writers[_TRAIN].close(), writers[_GATE].close()


def _with_sides(store: Store, snapshot: Snapshot, sides: _Sides) -> Iterator[tuple[pd.DataFrame, _Sides]]:
    start = 0
    for frame in snapshot.frames(store):
        yield frame, sides[start : start + len(frame)]
        start += len(frame)
