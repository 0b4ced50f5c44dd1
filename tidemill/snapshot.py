"""Immutable, content-addressed tables in the lake: Parquet parts and a manifest.

A :class:`Snapshot` is the small reference that tasks hand each other; the manifest holds the rest.
Identical content gives the identical reference and is not written again.

Parts are stored under the sha256 of their bytes, ``<use_case>/parts/<sha256>.parquet``, so that they
can be written as rows arrive and are shared by Snapshots that hold the same rows. The manifest,
``<use_case>/snapshots/<id>/manifest.json``, is written last: a Snapshot that can be seen is whole.

Only an erasure changes what is stored (:mod:`tidemill.erasing`): it takes a person's rows out of parts and
manifest, says so in the manifest, and leaves the Snapshot its name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from tidemill.errors import UserError, did_you_mean
from tidemill.provenance import code_version
from tidemill.store import Json, Store

if TYPE_CHECKING:  # what only refers to Snapshots (the registry, `tidemill models`) starts without pandas and Arrow
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import pyarrow as pa

__all__ = [
    "Column",
    "Manifest",
    "Part",
    "PartReader",
    "Redaction",
    "Snapshot",
    "SnapshotWriter",
    "part_key",
    "write_snapshot",
]

FORMAT = 2
"""The newest format that is read: a manifest without redactions is written as format 1."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Snapshot(_Frozen):
    """A reference to an immutable table: where it is, what it is, how many rows it has."""

    use_case: str
    id: str
    kind: str
    rows: int

    @property
    def prefix(self) -> str:
        """The folder of its manifest in the lake."""
        return f"{self.use_case}/snapshots/{self.id}"

    def manifest(self, store: Store) -> Manifest:
        """The stored description. Raises UserError when it is missing, damaged or of a newer format."""
        key = f"{self.prefix}/manifest.json"
        try:
            said = store.read_json(key)
        except KeyError:
            raise UserError(
                f"{store.url_of(key)} is missing: the Snapshot {self.id} is not in this lake. Restore it, "
                f"or remove {store.url_of(f'{self.use_case}/stages')} so that it is made again"
            ) from None
        stored = said.get("format") if isinstance(said, dict) else None
        if isinstance(stored, int) and stored > FORMAT:
            raise UserError(
                f"{store.url_of(key)} has format {stored}; this Tidemill reads up to {FORMAT}: upgrade Tidemill"
            )
        try:
            return Manifest.model_validate(said)
        except ValidationError:
            raise UserError(f"{store.url_of(key)} is damaged: restore it, or remove it and run again") from None

    def frames(self, store: Store, columns: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
        """One frame a part, in row order, each checked against its sha256; memory for one part at a time.

        A whole-number column without missing values in one part and with some in another is int64
        here and float64 there; :meth:`read` gives one dtype.
        """
        for table in self.tables(store, columns):
            yield table.to_pandas()

    def read(self, store: Store, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The whole table (or only ``columns``, in their order), in row order, index 0..n-1."""
        import pandas as pd
        import pyarrow as pa

        tables = list(self.tables(store, columns))
        return pa.concat_tables(tables).unify_dictionaries().to_pandas() if tables else pd.DataFrame()

    def readers(self, store: Store) -> Iterator[PartReader]:
        """One reader a part, in row order, each checked against its sha256: to choose columns as parts go by."""
        manifest = self.manifest(store)
        for part in manifest.parts:
            yield PartReader(part.rows, _part_bytes(store, manifest, part))

    def tables(
        self, store: Store, columns: Sequence[str] | None = None, wanted: Callable[[int], bool] | None = None
    ) -> Iterator[pa.Table]:
        """One Arrow table a part, as :meth:`frames`; of the parts whose place (from 0) is ``wanted``, when given."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        manifest = self.manifest(store)
        known = [column.name for column in manifest.columns]
        for name in columns or ():
            if name not in known:
                raise UserError(
                    f"the Snapshot {self.id} ({self.kind}) has no column `{name}`{did_you_mean(name, known)}"
                )
        named = list(columns) if columns is not None else None
        for place, part in enumerate(manifest.parts):
            if wanted is None or wanted(place):
                yield pq.read_table(pa.BufferReader(_part_bytes(store, manifest, part)), columns=named)


@dataclass(frozen=True)
class PartReader:
    """A part that was fetched: its rows can be had column by column."""

    rows: int
    data: bytes

    def frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The part's rows, only ``columns`` where they are given."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        wanted = list(columns) if columns is not None else None
        frame: pd.DataFrame = pq.read_table(pa.BufferReader(self.data), columns=wanted).to_pandas()
        return frame

    def gaps(self) -> set[str]:
        """The columns with a missing value, as far as the file says so without being read."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        found = set()
        metadata = pq.read_metadata(pa.BufferReader(self.data))
        for group in range(metadata.num_row_groups):
            for place in range(metadata.num_columns):
                column = metadata.row_group(group).column(place)
                said = column.statistics
                if said is None or not said.has_null_count or said.null_count:
                    found.add(str(column.path_in_schema))
        return found


class Part(_Frozen):
    """One Parquet file of a Snapshot. ``name`` is its file name below ``<use_case>/parts``."""

    name: str
    rows: int
    bytes: int
    sha256: str


class Column(_Frozen):
    """A column's name and Arrow type."""

    name: str
    type: str


class Redaction(_Frozen):
    """Rows that an erasure took out after the Snapshot was written.

    ``parts`` has, by the sha256 of each part that held some, that of the part in its place.
    """

    erasure: str
    when: datetime
    rows: int
    parts: dict[str, str]


class Manifest(_Frozen):
    """What a Snapshot is and where it came from.

    ``parents`` are the ids of the Snapshots that the first run to make this content made it from. ``rows``, and the
    parts, are those that are left after ``redactions``; the id stays that of what was written.
    """

    format: Literal[1, 2] = 1
    use_case: str
    id: str
    kind: str
    rows: int
    columns: tuple[Column, ...]
    parts: tuple[Part, ...]
    parents: tuple[str, ...] = ()
    watermark: datetime | None = None
    created: datetime
    code: str | None = None
    redactions: tuple[Redaction, ...] = ()

    def part_keys(self) -> tuple[str, ...]:
        """The lake's keys of the Parquet files, in row order."""
        return tuple(part_key(self.use_case, part.name) for part in self.parts)

    def redacted(self, erasure: str, when: datetime, parts: Mapping[str, Part]) -> Manifest:
        """The same with other ``parts`` in place of some, by their sha256."""
        left = tuple(parts.get(part.sha256, part) for part in self.parts)
        rows = sum(part.rows for part in left)
        swapped = {old.sha256: new.sha256 for old, new in zip(self.parts, left, strict=True) if old != new}
        note = Redaction(erasure=erasure, when=when, rows=self.rows - rows, parts=swapped)
        return self.model_copy(
            update={"format": 2, "rows": rows, "parts": left, "redactions": (*self.redactions, note)}
        )

    def stored(self) -> Json:
        """What is written: one without redactions as any Tidemill can read it."""
        return self.model_dump(mode="json", exclude=None if self.redactions else {"redactions"})


class SnapshotWriter:
    """Writes frames one after another as one Snapshot; memory for three parts (of some 128 MB) at a time.

    A part is encoded and stored by a thread of its own while the next one fills.

    The same rows give the same Snapshot, however they were cut into frames (but not when parts of another were
    kept: those stay as they were cut). Rows are cut into parts
    of at most 250,000 rows or some 128 MB. A column that was empty, or whole numbers, in an earlier
    part and is something wider later makes the earlier parts be written again in the wider type.
    """

    def __init__(
        self,
        store: Store,
        use_case: str,
        kind: str,
        *,
        parents: Sequence[str] = (),
        watermark: datetime | None = None,
        code: str | None = None,
    ) -> None:
        self._store, self._use_case, self._kind = store, use_case, kind
        self._parents, self._watermark, self._code = tuple(parents), watermark, code or code_version()
        self._schema: pa.Schema | None = None
        self._waiting: list[pa.Table] = []
        self._part_rows: int | None = None
        self._parts: list[tuple[Future[Part], pa.Schema]] = []
        self._hand = ThreadPoolExecutor(1, thread_name_prefix="snapshot")

    def add(self, frame: pd.DataFrame, keep: npt.NDArray[np.bool_] | None = None) -> None:
        """Append rows (only those that ``keep`` marks); the index is not kept.

        Raises UserError for columns that can't be stored or do not fit.
        """
        from tidemill.tables import table_of

        table = table_of(frame)
        self.add_table(table if keep is None or keep.all() else table.filter(keep))

    def add_table(self, table: pa.Table) -> None:
        """Append the rows of an Arrow table. Raises UserError for columns that do not fit those before."""
        from tidemill.tables import unified

        self._schema = unified(self._schema, table.schema)
        if table.num_rows:
            self._waiting.append(table)
        self._flush(last=False)

    def keep(self, parts: Sequence[Part], schema: pa.Schema) -> None:
        """Append parts of an earlier Snapshot of the use case as they are; ``schema`` is theirs. They are not read."""
        from tidemill.tables import unified

        self._flush(last=bool(self._waiting))
        self._schema = unified(self._schema, schema)
        for part in parts:
            there: Future[Part] = Future()
            there.set_result(part)
            self._parts.append((there, schema))

    def close(self, *, watermark: datetime | None = None) -> Snapshot:
        """Write what waits, then the manifest. The writer takes no more rows.

        ``watermark`` is for whoever knows it only when the last row has gone by.
        """
        self._flush(last=True)
        parts = tuple(self._final(part.result(), schema) for part, schema in self._parts)
        self._hand.shutdown()
        rows = sum(part.rows for part in parts)
        columns = tuple(Column(name=field.name, type=str(field.type)) for field in self._schema or ())
        said = (FORMAT, self._kind, [(column.name, column.type) for column in columns], [part.sha256 for part in parts])
        snapshot = Snapshot(
            use_case=self._use_case,
            id=hashlib.sha256(repr(said).encode()).hexdigest()[:16],
            kind=self._kind,
            rows=rows,
        )
        manifest = Manifest(
            **snapshot.model_dump(),
            columns=columns,
            parts=parts,
            parents=self._parents,
            watermark=watermark or self._watermark,
            created=datetime.now(UTC),
            code=self._code,
        )
        key = f"{snapshot.prefix}/manifest.json"
        if not self._store.create_json(key, manifest.stored()) and snapshot.manifest(self._store).redactions:
            self._store.write_json(key, manifest.stored())  # the erased rows may be here again
        return snapshot

    def _flush(self, *, last: bool) -> None:
        from tidemill.tables import part_rows

        if self._schema is None:
            return
        if self._part_rows is None:
            self._part_rows = part_rows(self._waiting, last=last)
        size = self._part_rows
        if size is None:
            return
        waiting = sum(table.num_rows for table in self._waiting)
        if waiting < size and not (last and (waiting or not self._parts)):
            return
        table = _joined(self._schema, self._waiting)
        start = 0
        while table.num_rows - start >= size or (last and (start < table.num_rows or not self._parts)):
            self._put(table.slice(start, size))
            start += size
        self._waiting = [table.slice(start)] if start < table.num_rows else []

    def _put(self, table: pa.Table) -> None:
        if len(self._parts) > 1:
            self._parts[-2][0].result()
        self._parts.append((self._hand.submit(self._stored, table), table.schema))

    def _stored(self, table: pa.Table) -> Part:
        from tidemill.tables import encoded

        data = encoded(table)
        sha256 = hashlib.sha256(data).hexdigest()
        part = Part(name=f"{sha256}.parquet", rows=table.num_rows, bytes=len(data), sha256=sha256)
        key = part_key(self._use_case, part.name)
        if not self._store.exists(key):
            self._store.write_bytes(key, data)
        return part

    def _final(self, part: Part, schema: pa.Schema) -> Part:
        """The part in the schema that holds for all: written again if it was narrower."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self._schema is None or schema.equals(self._schema):
            return part
        data = self._store.read_bytes(part_key(self._use_case, part.name))
        return self._stored(_joined(self._schema, [pq.read_table(pa.BufferReader(data))]))


def write_snapshot(
    store: Store,
    use_case: str,
    kind: str,
    frames: pd.DataFrame | Iterable[pd.DataFrame],
    *,
    parents: Sequence[str] = (),
    watermark: datetime | None = None,
    code: str | None = None,
) -> Snapshot:
    """Write a table and give its reference. The same content is found, not written again."""
    import pandas as pd

    writer = SnapshotWriter(store, use_case, kind, parents=parents, watermark=watermark, code=code)
    for frame in [frames] if isinstance(frames, pd.DataFrame) else frames:
        writer.add(frame)
    return writer.close()


def part_key(use_case: str, name: str) -> str:
    """The lake's key of a part, by its file name."""
    return f"{use_case}/parts/{name}"


def _part_bytes(store: Store, manifest: Manifest, part: Part) -> bytes:
    key = part_key(manifest.use_case, part.name)
    try:
        data = store.read_bytes(key)
    except KeyError:
        raise UserError(
            f"{store.url_of(key)} is missing: the Snapshot {manifest.id} is not whole. Restore it"
        ) from None
    if hashlib.sha256(data).hexdigest() != part.sha256:
        raise UserError(f"{store.url_of(key)} was changed after it was written: restore it from a backup")
    return data


def _joined(schema: pa.Schema, tables: Sequence[pa.Table]) -> pa.Table:
    import pyarrow as pa

    from tidemill.tables import fitted

    if not tables:
        return schema.empty_table()
    return pa.concat_tables([fitted(table, schema) for table in tables]).unify_dictionaries().combine_chunks()
