"""Pages as a connector gives them, made storable, and kept on disk until the last one has come.

What is landed has the plain types of :mod:`tidemill.reading.plain`, with two differences that only reading
them settles: whole numbers may have nulls, and a column that has held nothing so far has no type.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tidemill.connectors import Connector
from tidemill.errors import UserError
from tidemill.reading.plain import FLOAT, INT, NOTHING, TEXT, frame_of, plain_table, plain_type
from tidemill.store import disk_failures

__all__ = ["Spool", "frames_of", "row_hashes", "spooling", "storable", "wider"]


def wider(known: pa.DataType, new: pa.DataType) -> pa.DataType | None:
    """The type that holds both of two storable ones; None when only text would."""
    if known == new or new == NOTHING:
        return known
    if known == NOTHING:
        return new
    return FLOAT if {known, new} == {INT, FLOAT} else None


def storable(page: pa.Table, where: str) -> pa.Table:
    """The page in storable types. Raises UserError for a name that is there twice, and for what can't be kept."""
    names = [name or f"column_{place + 1}" for place, name in enumerate(page.column_names)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UserError(f"{where} gives two columns called `{twice}`: give one of them another name (`AS`, in SQL)")
    page = page.rename_columns(names)
    columns = [_storable(page.column(name), name, where) for name in names]
    return pa.Table.from_arrays(columns, names=names)


def frames_of(connector: Connector) -> Iterator[pd.DataFrame]:
    """All that the connector gives, a frame a page, for a look at it: nothing is kept."""
    for page in connector.pages(None, None):
        yield frame_of(storable(page, connector.where))


def _storable(column: pa.ChunkedArray, name: str, where: str) -> pa.ChunkedArray:
    if isinstance(column.type, pa.BaseExtensionType):
        column = column.cast(column.type.storage_type)
    kind = plain_type(column.type)
    if kind == TEXT and _is_bytes(column.type):
        texts = [None if value is None else value.hex() for value in column.to_pylist()]
        return pa.chunked_array([pa.array(texts, TEXT)])
    schema = pa.schema([(name, kind)])
    try:
        return plain_table(pa.Table.from_arrays([column], names=[name]), schema).column(0)
    except pa.ArrowNotImplementedError:
        texts = [None if value is None else str(value) for value in column.to_pylist()]
        return pa.chunked_array([pa.array(texts, TEXT)])
    except (pa.ArrowException, OverflowError, ValueError) as error:
        if kind == INT:  # beyond 64 bits: a float would change it
            return column.cast(TEXT)
        said = str(error).splitlines()[0][:120]
        raise UserError(f"{where}: `{name}` holds a value that can't be kept ({said}): fetch it as text") from None


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind))


@dataclass
class Spool:
    """The pages of one fetch in files of this machine, in order. ``mixed`` are columns that held text and others."""

    folder: Path
    types: dict[str, pa.DataType] = field(default_factory=dict)
    mixed: set[str] = field(default_factory=set)
    rows: int = 0
    _files: list[Path] = field(default_factory=list)
    _schema: pa.Schema | None = None
    _writer: pa.ipc.RecordBatchStreamWriter | None = None

    def add(self, page: pa.Table) -> None:
        """Keep a storable page. Within one fetch, a column of more than one type is text."""
        for one in page.schema:
            both = wider(self.types.get(one.name, NOTHING), one.type)
            if both is None:
                self.mixed.add(one.name)
            self.types[one.name] = TEXT if both is None else both
        if not page.num_rows:
            return
        with disk_failures(self.folder, only_full=True):
            self._stream(page.schema).write_table(page)
        self.rows += page.num_rows

    def tables(self, schema: pa.Schema) -> Iterator[pa.Table]:
        """The rows again, in pieces, with exactly ``schema``'s columns."""
        self.close()
        for file in self._files:
            with pa.OSFile(str(file)) as source, pa.ipc.open_stream(source) as stream:
                for batch in stream:
                    yield plain_table(pa.Table.from_batches([batch]), schema)

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each column that is text because its values were of more than one type."""
        return tuple(f"`{name}` holds values of more than one type: read as text" for name in sorted(self.mixed))

    def close(self) -> None:
        """End the file that is being written."""
        if self._writer is not None:
            self._writer.close()
        self._writer, self._schema = None, None

    def _stream(self, schema: pa.Schema) -> pa.ipc.RecordBatchStreamWriter:
        if self._writer is None or schema != self._schema:
            self.close()
            self._files.append(self.folder / f"{len(self._files):06d}.arrows")
            options = pa.ipc.IpcWriteOptions(compression="lz4")
            self._writer, self._schema = pa.ipc.new_stream(str(self._files[-1]), schema, options=options), schema
        return self._writer


@contextmanager
def spooling() -> Iterator[Spool]:
    """A Spool in a temporary folder, which is gone when the block is left."""
    with tempfile.TemporaryDirectory(prefix="tidemill-") as folder:
        spool = Spool(Path(folder))
        try:
            yield spool
        finally:
            spool.close()


def row_hashes(table: pa.Table) -> list[bytes]:
    """128 bits a row, over all of its values. Equal rows of one schema have equal ones."""
    return [blake2b(row, digest_size=16).digest() for row in _encoded(table)]


def _encoded(table: pa.Table) -> Sequence[bytes]:
    """Each row as bytes that no other row has: every value as text, with its length before it."""
    parts: list[pa.ChunkedArray] = []
    for column in table.columns:
        text = column.cast(pa.string()) if column.type != TEXT else column
        length = pc.fill_null(pc.binary_length(text).cast(pa.string()), "-")
        parts += [length, pc.fill_null(text, "")]
    joined = pc.binary_join_element_wise(*parts, "\x1f").cast(pa.binary())
    rows: list[bytes] = joined.to_pylist()
    return rows
