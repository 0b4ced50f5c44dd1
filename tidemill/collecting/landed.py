"""What has been fetched of a source and kept in the lake: the record of it, and reading it as files are read."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import pandas as pd
import pyarrow as pa
from pydantic import ValidationError

from tidemill.cleaning import Kind
from tidemill.errors import UserError, did_you_mean
from tidemill.reading.parquet import TimeLimits
from tidemill.reading.plain import BOOL, FLOAT, INT, NOTHING, TEXT, TIME, frame_of, plain_table
from tidemill.reading.refusing import REASONS, Bad, frame_of_bad
from tidemill.results import Record
from tidemill.snapshot import Snapshot
from tidemill.store import Store

__all__ = ["Landed", "Landing", "Range", "landed", "newest", "types_of"]

LANDING_FORMAT = 1
_TYPES = {str(kind): kind for kind in (INT, FLOAT, BOOL, TEXT, TIME, NOTHING)}

StoredMark = datetime | int | float


class Range(Record):
    """The lowest and highest mark in one part, and how many of its rows have none."""

    low: StoredMark | None
    high: StoredMark | None
    nulls: int


class Landing(Record):
    """How far an incremental source has been fetched, and the Snapshot with all that was.

    Every row with ``floor`` <= mark <= ``watermark`` that the source had when it was asked is in the
    Snapshot, once; a ``floor`` of None is the source's beginning. ``ranges`` go with the Snapshot's parts.
    ``gaps`` are the columns of whole numbers that have nulls. ``fetched``, ``added`` and ``repeated`` count
    the rows of the run that wrote this.
    """

    format: Literal[1] = 1
    number: int
    snapshot: Snapshot
    column: str
    floor: StoredMark | None
    watermark: StoredMark | None
    ranges: tuple[Range, ...]
    gaps: tuple[str, ...]
    fetched: int
    added: int
    repeated: int
    created: datetime
    code: str | None = None


@dataclass(frozen=True)
class Landed:
    """Fetched rows, read from the lake as a :class:`~tidemill.reading.Dataset` reads files.

    ``names`` are the columns as they are stored, by the names that the use case gives them; ``bad`` are records of
    the last fetch that are no rows, and ``erased`` counts rows of it that are an erased person's, and are not kept.
    """

    url: str
    store: Store
    snapshot: Snapshot
    schema: pa.Schema
    names: Mapping[str, str]
    notes: tuple[str, ...]
    mark: str | None = None
    ranges: tuple[Range, ...] = ()
    files: tuple[()] = ()
    bad: tuple[Bad, ...] = ()
    erased: int = 0

    @property
    def refused(self) -> Mapping[str, int]:
        """How many records of the last fetch are no rows, by reason."""
        return Counter(REASONS[one.rule] for one in self.bad)

    def refusals(self) -> Iterator[pd.DataFrame]:
        """Those records, as Quarantine holds them."""
        yield frame_of_bad(self.url, self.bad)

    @property
    def state(self) -> str:
        """What changes when the rows do, or the records that are no rows."""
        refused = hashlib.sha256(repr(self.bad).encode()).hexdigest()[:16] if self.bad else ""
        return f"{self.snapshot.id}{refused}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in order of first appearance."""
        return tuple(self.schema.names)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self.snapshot.rows

    def frames(
        self, rows: int, columns: Sequence[str] | None = None, limits: TimeLimits | None = None
    ) -> Iterator[pd.DataFrame]:
        """The rows in the order in which they were fetched, at most ``rows`` a frame, in plain types, index 0…n-1.

        ``limits`` may leave out rows beyond it, where that saves reading; the rest is the caller's.
        """
        schema = self.schema if columns is None else pa.schema([self.schema.field(name) for name in columns])
        stored = [self.names[name] for name in schema.names]
        for table in self.snapshot.tables(self.store, stored, lambda place: self._may_hold(place, limits)):
            plain = plain_table(table.rename_columns(schema.names), schema)
            for start in range(0, plain.num_rows, rows):
                yield frame_of(plain.slice(start, rows))

    def _may_hold(self, place: int, limits: TimeLimits | None) -> bool:
        """Whether a part can hold a row with its time within ``limits``, or without a time."""
        if limits is None or limits[0] != self.mark or place >= len(self.ranges):
            return True
        one, (_, since, until) = self.ranges[place], limits
        if one.nulls or not isinstance(one.low, datetime) or not isinstance(one.high, datetime):
            return True
        return (until is None or one.low < until) and (since is None or one.high >= since)


def landed(
    store: Store,
    where: str,
    snapshot: Snapshot,
    gaps: Sequence[str],
    notes: Sequence[str],
    rename: Mapping[str, str],
    kinds: Mapping[str, Kind],
    landing: Landing | None = None,
) -> Landed:
    """What is in the lake, with the types settled: whole numbers with nulls are numbers, and so is what is empty.

    Raises UserError for a ``rename`` of what is not there, or that makes two columns one.
    """
    stored = types_of(snapshot, store)
    for old in rename:
        if old not in stored:
            raise UserError(f"rename: there is no column `{old}` in {where}{did_you_mean(old, stored)}")
    names = {rename.get(name, name): name for name in stored}
    if len(names) < len(stored):
        twice = next(rename.get(name, name) for name in stored if names[rename.get(name, name)] != name)
        raise UserError(f"rename: {where} would have two columns called `{twice}`: give one of them another name")
    schema = pa.schema([(new, _settled(stored[old], kinds.get(new), old in gaps)) for new, old in names.items()])
    mark = None if landing is None else rename.get(landing.column, landing.column)
    return Landed(where, store, snapshot, schema, names, tuple(notes), mark, landing.ranges if landing else ())


def types_of(snapshot: Snapshot, store: Store) -> dict[str, pa.DataType]:
    """The columns of a landed Snapshot and their storable types."""
    return {column.name: _TYPES[column.type] for column in snapshot.manifest(store).columns}


def newest(store: Store, prefix: str) -> Landing | None:
    """The last record below ``prefix``. Raises UserError for one that is damaged or of a newer format."""
    keys = store.list(prefix)
    if not keys:
        return None
    said = store.read_json(keys[-1])
    stored = said.get("format") if isinstance(said, dict) else None
    url = store.url_of(keys[-1])
    if isinstance(stored, int) and stored > LANDING_FORMAT:
        raise UserError(f"{url} has format {stored}; this Tidemill reads up to {LANDING_FORMAT}: upgrade Tidemill")
    try:
        return Landing.model_validate(said)
    except ValidationError:
        raise UserError(f"{url} is damaged: restore it, or remove {store.url_of(prefix)} to fetch all anew") from None


def _settled(stored: pa.DataType, kind: Kind | None, gaps: bool) -> pa.DataType:
    if stored == NOTHING:
        declared: dict[Kind | None, pa.DataType] = {"category": TEXT, "time": TIME, "boolean": BOOL}
        return declared.get(kind, FLOAT)
    return FLOAT if stored == INT and gaps else stored
