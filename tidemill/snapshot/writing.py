"""Writing a table as a Snapshot, part by part, so that memory is flat."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tidemill.provenance import code_version
from tidemill.snapshot.manifest import FORMAT, Column, Manifest, Part, part_key
from tidemill.snapshot.reading import Snapshot
from tidemill.store import Store

if TYPE_CHECKING:  # see :mod:`tidemill.snapshot.reading`
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import pyarrow as pa

__all__ = ["SnapshotWriter", "write_snapshot"]


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


def _joined(schema: pa.Schema, tables: Sequence[pa.Table]) -> pa.Table:
    import pyarrow as pa

    from tidemill.tables import fitted

    if not tables:
        return schema.empty_table()
    return pa.concat_tables([fitted(table, schema) for table in tables]).unify_dictionaries().combine_chunks()
