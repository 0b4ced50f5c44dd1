"""The stage that makes the raw Snapshot, and the stream that scoring reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import pandas as pd

from tidemill.cleaning import Kind, declared_kinds
from tidemill.collecting.joining import Unmatched
from tidemill.collecting.labels import keep_labels, open_labels
from tidemill.collecting.landed import Landed
from tidemill.collecting.landing import is_fetched, land
from tidemill.collecting.replays import Mended, Replays
from tidemill.collecting.rows import (
    Readable,
    Rows,
    Unread,
    open_rows,
    open_source,
    reading_of,
    resolved,
    unread_of,
)
from tidemill.erasing.tombstones import ErasedLog, Sieve, Tombstones
from tidemill.errors import UserError, did_you_mean
from tidemill.moments import in_utc
from tidemill.progress import Note, emit
from tidemill.provenance import code_version
from tidemill.reading import Format, open_dataset
from tidemill.results import Collected, SourceRead
from tidemill.said import to_say, to_tell
from tidemill.snapshot import SnapshotWriter
from tidemill.store import Json, Store, list_objects, shown
from tidemill.usecase.schema import UseCase

__all__ = ["batches", "collect", "source_state"]

_ROWS = 100_000


def collect(
    store: Store,
    use_case: UseCase,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    landed: Mapping[str, Landed] | None = None,
    log: bool = False,
) -> Collected:
    """Read the sources into one raw Snapshot: derived columns made, side sources joined as of each row's time.

    Rows of the files that can't be read go to a `quarantine` Snapshot, whatever their time would have been.
    Only rows with ``since`` <= time < ``until`` are read (rows without a readable time always are:
    cleaning refuses them with a reason). The primary source goes by in pieces of 100,000 rows; side
    sources are held in memory. The Snapshot's watermark is the newest time in it. ``landed`` is what
    :func:`~tidemill.collecting.land` brought of sources that are no files; left out, they are fetched now.
    A ``log`` of requests need have no other column of the use case than its time, and what it has is neither
    derived nor joined again. Rows of erased people are counted, and stored nowhere.

    Raises :exc:`UserError` for a source that can't be read, for columns of the use case that no
    source has, and when no row is within the limits.
    """
    since, until = _aware(since), _aware(until)
    if use_case.time is None and (since or until):
        raise UserError("since and until need a time: name its column as `time` in the use case")
    if landed is None:
        landed = land(store, use_case, since=since, until=until)
    rows = open_rows(use_case, open_source(use_case, use_case.primary, landed), scoring=log, landed=landed)
    labels = open_labels(use_case, _columns(rows), rows.primary.url, landed)
    _check_columns(use_case, rows, labels.columns if labels else (), log=log)
    replays = () if use_case.reads_other else Replays(store, use_case.name).all()
    rows.mended = Mended(store, replays) if replays else None
    erased = ErasedLog(store, use_case.name).standing()
    rows.sieve = Sieve(erased)
    writer = SnapshotWriter(store, use_case.name, "collected", code=code_version())
    written = 0
    for frame in rows.frames(_ROWS, since, until):
        writer.add(frame)
        written += len(frame)
    if not written:
        raise UserError(_nothing_within(rows, since, until))
    snapshot = writer.close(watermark=rows.watermark)
    unread = unread_of(store, use_case, rows.primary, erased)
    sources = _sources(store, rows, written, unread, erased)
    kept = None
    if labels is not None:
        kept, read = keep_labels(store, use_case, labels, erased)
        sources = (*sources, read)
    return Collected(
        snapshot=snapshot,
        sources=sources,
        quarantine=unread.snapshot,
        refused=dict(unread.refused),
        labels=kept,
        since=since,
        until=until,
        erased=rows.sieve.rows + unread.erased + (rows.primary.erased if isinstance(rows.primary, Landed) else 0),
    )


def batches(
    use_case: UseCase,
    url: str | None,
    rows: int,
    *,
    format: Format = "auto",
    since: datetime | None = None,
    until: datetime | None = None,
    types: Mapping[str, Kind] | None = None,
    landed: Mapping[str, Landed] | None = None,
    sieve: Sieve | None = None,
) -> Iterator[pd.DataFrame]:
    """The rows at ``url`` (None: the primary source's), in order, at most ``rows`` a frame, made as by :func:`collect`.

    For scoring: nothing is dropped (unless ``since``, ``until`` or ``sieve`` says so), so a row that can't be read is
    an error, and what the input already has is neither derived nor joined again. Encoding, decimal mark and names are
    read as the primary source says. ``types`` says how to read columns on top of
    ``columns.types``: a model's own kinds keep a column of codes text whatever this one file holds.
    A relative ``url`` starts at the working directory. ``landed`` is what
    :func:`~tidemill.collecting.land` brought of sources that are no files.
    """
    since, until = _aware(since), _aware(until)
    kinds = {**(types or {}), **declared_kinds(use_case)}
    primary: Readable
    if url is None:
        primary = open_source(use_case, use_case.primary, landed, bad_rows="refuse")
    else:
        reading = reading_of(use_case.sources[use_case.primary])
        primary = open_dataset(url, format, kinds, use_case.clean.missing, **reading, bad_rows="refuse")
    if (since or until) and use_case.time not in (*primary.columns, *use_case.derive):
        raise UserError(f"{primary.url} has no column `{use_case.time}`, which since and until need")
    opened = open_rows(use_case, primary, scoring=True, types=types, landed=landed)
    opened.sieve = sieve
    yield from opened.frames(rows, since, until)


def source_state(use_case: UseCase, landed: Mapping[str, Landed] | None = None, *, primary: bool = True) -> Json:
    """What :func:`collect` depends on outside the sections `sources`, `derive` and `time`: name, size and
    version of every file (of side sources only, when not ``primary``), what was fetched (``landed``), and how
    values are read. Raises UserError when a source has no files."""
    files = {
        name: [[found.name, found.size, found.version] for found in list_objects(resolved(use_case, source.place))]
        for name, source in sorted(use_case.sources.items())
        if not is_fetched(source) and (primary or source.join is not None)
    }
    state = {"files": files, "reading": use_case.fingerprint("columns", "clean", "id", "group")}
    fetched = {name: one.state for name, one in sorted((landed or {}).items())}
    return {**state, "landed": fetched} if fetched else state


def _columns(rows: Rows) -> list[str]:
    """The names of the columns that the rows will have."""
    joined = [str(column) for side, _ in rows.sides for column in side.values.columns]
    return [*rows.primary.columns, *rows.derive, *joined]


def _check_columns(use_case: UseCase, rows: Rows, labels: Sequence[str], *, log: bool) -> None:
    """Every column that the use case names must come from somewhere; a misspelt `forbid` would forbid nothing.

    ``labels`` are the columns of the label source, which the target may be one of, and types declared for.
    """
    known = _columns(rows)
    target = use_case.target.column
    named: list[tuple[str, str | None]] = [
        ("time", use_case.time),
        ("group", use_case.group),
        ("query", use_case.query),
    ]
    named += [("target", target), *(("id", column) for column in use_case.id)]
    rules = use_case.columns
    lists = {"forbid": rules.forbid, "ignore": rules.ignore, "allow": rules.allow}
    lists |= {"types": tuple(rules.types), "personal": tuple(rules.personal)}
    for field, columns in lists.items():
        named += [(f"columns.{field}", column) for column in columns]
    for where, column in named[:1] if log else named:
        if column in labels and where in ("target", "columns.types"):
            continue
        if column is not None and column not in known:
            raise UserError(
                f"{where}: there is no column `{column}` in the sources of {use_case.name}{did_you_mean(column, known)}"
            )


def _sources(store: Store, rows: Rows, written: int, unread: Unread, erased: Tombstones) -> tuple[SourceRead, ...]:
    use_case = rows.use_case
    own = _source(use_case, use_case.primary, rows.primary, written, Unmatched(), unread)
    notes = own.notes
    if rows.mended is not None:
        notes = (*notes, f"{rows.mended.rows:,} rows were brought back from Quarantine, mended")
    found = [own.model_copy(update={"columns": rows.primary.columns, "notes": notes})]
    for side, data in rows.sides:
        lost = rows.unmatched[side.name]
        if lost.rows == written:
            emit(Note(f"no row found a partner in the source `{side.name}`: do its keys and times match the rows'?"))
        aside = unread_of(store, use_case, data, erased)
        read = _source(use_case, side.name, data, data.rows, lost, aside)
        found.append(read.model_copy(update={"quarantine": aside.snapshot}))
    for source in found:
        for note in source.notes:
            emit(Note(note))
        if source.refused:
            emit(Note(f"{source.refused:,} rows of the source `{source.name}` can't be read: they are in Quarantine"))
    return tuple(found)


def _source(use_case: UseCase, name: str, data: Readable, rows: int, lost: Unmatched, unread: Unread) -> SourceRead:
    url, notes = shown(use_case.sources[name].place), data.notes
    if lost.too_old:
        text = to_say("{rows:,} rows found a partner that was older than the tolerance, and no other")
        notes = (*notes, to_tell(text, rows=lost.too_old))
    return SourceRead(
        name=name,
        url=url,
        files=len(data.files),
        rows=rows,
        unmatched=lost.rows,
        too_old=lost.too_old,
        notes=notes,
        refused=sum(unread.refused.values()),
    )


def _nothing_within(rows: Rows, since: datetime | None, until: datetime | None) -> str:
    limits = " and ".join(
        f"{word} {moment:%Y-%m-%d %H:%M} UTC" for word, moment in (("from", since), ("before", until)) if moment
    )
    has = f": its times go from {rows.span[0]:%Y-%m-%d %H:%M} to {rows.span[1]:%Y-%m-%d %H:%M}" if rows.span else ""
    return f"{rows.primary.url} has no rows {limits}{has}. Ask for another window, or bring newer data"


def _aware(moment: datetime | None) -> datetime | None:
    return None if moment is None else in_utc(moment)
