"""Which windows a monitoring run has, and which rows are in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pandas as pd

from tidemill.errors import UserError
from tidemill.labelling import label
from tidemill.monitoring.records import Span, Window
from tidemill.provenance import code_version
from tidemill.registry import ModelVersion
from tidemill.results import Cleaned, Labelled
from tidemill.reviewing.answers import Value
from tidemill.snapshot import Snapshot, SnapshotWriter
from tidemill.store import Store
from tidemill.usecase.schema import UseCase

__all__ = ["arrived_labels", "cut", "spans", "watched_since"]


def watched_since(version: ModelVersion) -> datetime | None:
    """Where monitoring of a version starts by itself: the end of its gate window, or None without time."""
    split = version.lineage.split
    return split.end or version.lineage.collected.until or split.boundary


def arrived_labels(
    store: Store,
    use_case: UseCase,
    cleaned: Cleaned,
    version: ModelVersion,
    *,
    labels: Snapshot | None = None,
    now: datetime | None = None,
    answers: Mapping[str, Value] | None = None,
) -> Labelled | None:
    """The rows whose label is certain by ``now``, coded as the version's training rows were.

    ``labels`` are the rows of the label source, if there is one, ``answers`` what people said of rows. None when
    neither the rows nor those have the columns that the target is made from: no label has arrived.
    """
    target = use_case.target
    tables = [cleaned.snapshot, *([labels] if labels is not None else [])]
    present = {column.name for table in tables for column in table.manifest(store).columns}
    if not target.inputs <= present and not target.functions:
        return None
    return label(store, use_case, cleaned, labels=labels, now=now, like=version.lineage.labelled, answers=answers)


def spans(since: datetime, until: datetime, window: timedelta) -> list[tuple[Span, bool]]:
    """``[since, until)`` cut into windows, oldest first, each with whether it is young.

    A remainder of less than half a window is added to the window before; where there is none before,
    it is a window of its own, and young. Raises :exc:`UserError` when ``since`` is not before ``until``.
    """
    if since >= until:
        raise UserError(f"there is nothing to watch: {since:%Y-%m-%d %H:%M} is not before {until:%Y-%m-%d %H:%M} UTC")
    starts = [since]
    while starts[-1] + window < until:
        starts.append(starts[-1] + window)
    if len(starts) > 1 and until - starts[-1] < window / 2:
        starts.pop()
    ends = [*starts[1:], until]
    pairs = zip(starts, ends, strict=True)
    return [(Span(since=start, until=end), end - start < window / 2) for start, end in pairs]


def cut(
    store: Store,
    use_case: UseCase,
    cleaned: Snapshot,
    labelled: Snapshot | None,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> tuple[Window, ...]:
    """The windows of ``[since, until)``, ``monitor.window`` long each, with their rows as Snapshots of their own.

    ``since`` left out is the first row's day, ``until`` the end of the newest row's. Without a time
    column there is one window with all rows. Raises :exc:`UserError` when there is no row at all.
    """
    if not cleaned.rows:
        raise UserError("there is no row to watch: bring newer data, or ask for an earlier window")
    if use_case.time is None:
        return (Window(span=Span(since=None, until=None), rows=cleaned, labelled=labelled),)
    if since is None or until is None:
        times = cleaned.read(store, [use_case.time])[use_case.time]
        since = since or _day(times.min())
        until = until or _day(times.max()) + timedelta(days=1)
    planned = spans(since, until, use_case.monitor.window)
    rows = _parts(store, use_case, cleaned, [span for span, _ in planned])
    known = _parts(store, use_case, labelled, [span for span, _ in planned]) if labelled else [None] * len(planned)
    return tuple(
        Window(span=span, rows=some, labelled=few, young=young)
        for (span, young), some, few in zip(planned, rows, known, strict=True)
    )


def _parts(store: Store, use_case: UseCase, snapshot: Snapshot, planned: Sequence[Span]) -> list[Snapshot | None]:
    """The rows of each span; None where there are none."""
    writers = [
        SnapshotWriter(store, use_case.name, "monitored", parents=(snapshot.id,), code=code_version()) for _ in planned
    ]
    written = [0] * len(planned)
    for frame in snapshot.frames(store):
        times = frame[str(use_case.time)]
        for place, span in enumerate(planned):
            inside = frame[((times >= span.since) & (times < span.until)).to_numpy()]
            if len(inside):
                writers[place].add(inside)
                written[place] += len(inside)
    return [writer.close() if rows else None for writer, rows in zip(writers, written, strict=True)]


def _day(moment: pd.Timestamp) -> datetime:
    return moment.tz_convert(UTC).floor("D").to_pydatetime()
