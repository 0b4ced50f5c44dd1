"""Landing: what a source that is no file gives is brought into the lake, each row once, and read from there.

A source with ``incremental`` has a log of records, ``<use_case>/landed/<source>/<identity>/<number>.json``.
Each names a Snapshot with everything so far and says how far that goes, so the rows and the watermark move in
one step: when the record appears, and not before. A run asks for rows from the watermark on, less the overlap,
leaves out those that are there, and claims the next number. Whoever finds it taken begins again from there.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

import pyarrow as pa

from tidemill.cleaning import Kind, declared_kinds
from tidemill.collecting.increments import Increment, NumberedMarks
from tidemill.collecting.landed import Landed, landed, newest
from tidemill.collecting.pages import spooling, storable
from tidemill.connectors import Connector, Mark, connector_of
from tidemill.erasing.tombstones import ErasedLog, Sieve
from tidemill.errors import TransientError, UserError
from tidemill.progress import Ticker
from tidemill.provenance import code_version
from tidemill.snapshot import SnapshotWriter
from tidemill.store import Store
from tidemill.usecase.schema import Source, UseCase
from tidemill.usecase.values import parse_moment

__all__ = ["is_fetched", "land"]

_ROUNDS = 20


def is_fetched(source: Source) -> bool:
    """Whether the source's rows are landed in the lake before they are read: all but files are."""
    return source.url is None


def land(
    store: Store,
    use_case: UseCase,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    labels: bool = True,
) -> dict[str, Landed]:
    """Bring what is new of every source that is no file into the lake; by the sources' names.

    Without ``labels`` the label source is left alone: scoring has no use for it.

    Where the primary source grows by the use case's own `time`, only ``since`` <= time < ``until`` is fetched
    (and what is older than anything landed, once). All else is fetched whatever the limits are.

    Raises UserError for what can't be fetched or gives no rows, TransientError for what may go better later.
    """
    since, until = (None if moment is None else parse_moment(moment) for moment in (since, until))
    found = {}
    for name, source in use_case.sources.items():
        if is_fetched(source) and (labels or source.labels is None):
            with _blaming(f"sources.{name}"):
                found[name] = _land(store, use_case, name, source, since, until)
    return found


@contextmanager
def _blaming(field: str) -> Iterator[None]:
    """Every error names the source."""
    try:
        yield
    except (UserError, TransientError) as error:
        if str(error).startswith(field):
            raise
        raise type(error)(f"{field}: {error}") from None


def _land(
    store: Store, use_case: UseCase, name: str, source: Source, since: datetime | None, until: datetime | None
) -> Landed:
    if source.incremental is None:
        return _whole(store, use_case, name, source, connector_of(use_case, name))
    kinds = _by_stored_name(source, declared_kinds(use_case))
    column = source.incremental.column
    limits: tuple[Mark | None, Mark | None] = (None, None)
    if name == use_case.primary and source.rename.get(column, column) == use_case.time:
        limits = (since, until)
    prefix = f"{use_case.name}/landed/{re.sub(r'[^A-Za-z0-9_-]', '_', name)}/{_identity(name, source)}"
    for _ in range(_ROUNDS):
        head, connector = newest(store, prefix), connector_of(use_case, name)
        sieve = Sieve(ErasedLog(store, use_case.name).standing())
        step = Increment(store, use_case.name, name, source, connector, kinds, use_case.clean, head, sieve)
        try:
            landing, notes = step.taken(*limits)
        except NumberedMarks:  # times say nothing of a column of numbers: take all of it
            limits = (None, None)
            continue
        key = f"{prefix}/{landing.number:08d}.json"
        if landing == head or store.create_json(key, landing.model_dump(mode="json")):
            gaps, declared = landing.gaps, declared_kinds(use_case)
            found = landed(store, connector.where, landing.snapshot, gaps, notes, source.rename, declared, landing)
            return replace(found, bad=tuple(connector.refused), erased=sieve.rows)
    raise TransientError(f"sources.{name}: other runs keep landing its rows at the same time: try again")


def _whole(store: Store, use_case: UseCase, name: str, source: Source, connector: Connector) -> Landed:
    """Everything, fetched anew. The same rows are the same Snapshot."""
    where = connector.where
    gaps: set[str] = set()
    sieve = Sieve(ErasedLog(store, use_case.name).standing())
    with spooling() as spool:
        ticker = Ticker(f"rows fetched of `{name}`")
        for page in connector.pages(None, None):
            spool.add(sieve.table(storable(page, where), source.rename))
            ticker.tell(spool.rows)
        if not spool.rows:
            whose = " but erased people's" if sieve.rows else ""
            raise UserError(
                f"sources.{name}: {where} gives not one row{whose}: mend what is asked for, or put the data there"
            )
        schema = pa.schema(list(spool.types.items()))
        writer = SnapshotWriter(store, use_case.name, "landed", code=code_version())
        for table in spool.tables(schema):
            writer.add_table(table)
            gaps |= {one for one in table.column_names if table.column(one).null_count}
    notes = (f"{spool.rows:,} rows fetched", *spool.notes)
    kinds = declared_kinds(use_case)
    found = landed(store, where, writer.close(), sorted(gaps), notes, source.rename, kinds)
    return replace(found, bad=tuple(connector.refused), erased=sieve.rows)


def _by_stored_name(source: Source, kinds: Mapping[str, Kind]) -> dict[str, Kind]:
    """What columns are declared to be, by the names that the source itself gives them."""
    named = {new: old for old, new in source.rename.items()}
    return {named.get(name, name): kind for name, kind in kinds.items()}


def _identity(name: str, source: Source) -> str:
    """What is fetched, and by which column: a source that asks for something else starts anew."""
    said: dict[str, object] = {"name": name, "python": source.python}
    if source.sql is not None:
        said["sql"] = source.sql.model_dump(include={"url", "table", "query"})
    if source.http is not None:
        said["http"] = source.http.model_dump(include={"url", "records", "parameters"})
    if source.incremental is not None:
        said["column"] = source.incremental.column
    text = json.dumps(said, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
