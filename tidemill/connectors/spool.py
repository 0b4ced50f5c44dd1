"""Tables that come one after the other, put by on disk until their types are known for all of them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import pyarrow as pa
import pyarrow.compute as pc

from tidemill.connectors.records import EXACT, columns_of, spelled
from tidemill.errors import UserError
from tidemill.reading.guessing import Guesses, read_text
from tidemill.reading.plain import FLOAT, INT, NOTHING, TEXT, TIME, plain_type
from tidemill.store.failures import disk_failures

__all__ = ["Spool"]

_ROWS = 20_000
_TIMES = (pa.timestamp("us"), TIME)
_NONE = " "


@dataclass
class _Column:
    """What is known of a column so far. ``gaps``: null or absent somewhere; ``large``: whole numbers beyond what a
    float can hold; ``worded``: text that is not blank.
    """

    guesses: Guesses
    kinds: set[pa.DataType] = field(default_factory=set)
    rows: int = 0
    gaps: bool = False
    large: bool = False
    worded: bool = False


class Spool:
    """Rows and tables go in in order, and come out with one schema of plain types.

    A column is text when it holds text anywhere, or values of several kinds, or whole numbers that a float can't hold
    beside fractions or gaps; text that is all times is times. Memory holds ``_ROWS`` records or one table.
    """

    def __init__(self) -> None:
        self._columns: dict[str, _Column] = {}
        self._waiting: list[dict[str, Any]] = []
        self._tables = 0
        self.rows = 0

    def __enter__(self) -> Self:
        self._place = Path(tempfile.gettempdir())
        with disk_failures(self._place):
            self._file: IO[bytes] = tempfile.TemporaryFile(prefix="tidemill-")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add_rows(self, rows: list[dict[str, Any]]) -> None:
        """Take flat records."""
        self._waiting += rows
        if len(self._waiting) >= _ROWS:
            self._settle()

    def add_table(self, table: pa.Table) -> None:
        """Take a table of any types."""
        self._settle()
        if table.num_rows:
            self._put(_plain_columns(table), table.num_rows)

    def tables(self) -> Iterator[pa.Table]:
        """All that went in, in order, with the types that hold for every row."""
        self._settle()
        schema = pa.schema([(name, self._type(name)) for name in self._columns if not self._is_shell(name)])
        with disk_failures(self._place):
            self._file.seek(0)
        for _ in range(self._tables):
            with pa.ipc.open_stream(self._file) as stream:
                table = stream.read_all()
            columns = [_typed(table, one) for one in schema]
            yield pa.Table.from_arrays(columns, schema=schema) if columns else table.select([])

    def _settle(self) -> None:
        rows, self._waiting = self._waiting, []
        if rows:
            self._put(columns_of(rows), len(rows))

    def _put(self, columns: dict[str, pa.Array], rows: int) -> None:
        """Note what the columns hold, and write them down."""
        for name, values in columns.items():
            self._see(name, values)
        table = pa.table(columns) if columns else pa.table({_NONE: pa.nulls(rows)})
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with disk_failures(self._place), pa.ipc.new_stream(self._file, table.schema, options=options) as stream:
            stream.write_table(table)
        self._tables += 1
        self.rows += rows

    def _see(self, name: str, values: pa.Array) -> None:
        column = self._columns.setdefault(name, _Column(Guesses([name], {}, (), _TIMES)))
        column.rows += len(values)
        column.gaps = column.gaps or values.null_count > 0
        if values.type != NOTHING and values.null_count < len(values):
            column.kinds.add(values.type)
        if values.type == INT and not column.large:
            ends = pc.min_max(values).as_py()
            column.large = max(abs(ends["min"] or 0), abs(ends["max"] or 0)) > EXACT
        if values.type == TEXT:
            column.guesses.see(name, values)
            column.worded = column.worded or bool(pc.any(pc.not_equal(pc.utf8_trim_whitespace(values), "")).as_py())

    def _type(self, name: str) -> pa.DataType:
        column = self._columns[name]
        kinds, gaps = column.kinds, column.gaps or column.rows < self.rows
        if kinds == {INT}:
            return INT if not gaps else TEXT if column.large else FLOAT
        if kinds == {INT, FLOAT}:
            return TEXT if column.large else FLOAT
        if kinds == {TEXT}:
            return TIME if column.worded and column.guesses.answer(name) == TIME else TEXT
        return next(iter(kinds)) if len(kinds) == 1 else TEXT if kinds else NOTHING

    def _is_shell(self, name: str) -> bool:
        """Whether a column is only where records have null for an object that others have."""
        return not self._columns[name].kinds and any(other.startswith(f"{name}.") for other in self._columns)


def _plain_columns(table: pa.Table) -> dict[str, pa.Array]:
    """A table's columns as plain types; a column of structs becomes dotted columns."""
    table = table.flatten()
    twice = next((name for name in table.column_names if table.column_names.count(name) > 1), None)
    if twice is not None:
        raise UserError(f"a table has two columns called `{twice}`: rename one of them")
    return {
        name: _plain(column.combine_chunks()) for name, column in zip(table.column_names, table.columns, strict=True)
    }


def _plain(values: pa.Array) -> pa.Array:
    kind = plain_type(values.type)
    if values.type == kind:
        return values
    if pa.types.is_dictionary(values.type):
        return _plain(values.dictionary_decode())
    if pa.types.is_uint64(values.type) and (pc.max(values).as_py() or 0) > EXACT:
        kind = TEXT
    if kind == TEXT and not (pa.types.is_large_string(values.type) or pa.types.is_string_view(values.type)):
        return pa.array([spelled(value) for value in values.to_pylist()], TEXT)
    if pa.types.is_date(values.type) or (pa.types.is_timestamp(values.type) and values.type.tz is None):
        values = values.cast(pa.timestamp("us"), safe=False)
    if pa.types.is_float16(values.type):
        values = values.cast(pa.float32())
    return values.cast(kind, safe=False)


def _typed(table: pa.Table, wanted: pa.Field) -> pa.Array:
    """A column as the type that it has in the end."""
    place = table.schema.get_field_index(wanted.name)
    if place < 0:
        return pa.nulls(table.num_rows, wanted.type)
    values = table.column(place).combine_chunks()
    if values.type == wanted.type or values.type == NOTHING:
        return values.cast(wanted.type)
    if wanted.type == TIME and values.type == TEXT:
        return read_text(values, TIME, ())
    if wanted.type == TEXT:
        return pa.array([spelled(value) for value in values.to_pylist()], TEXT)
    return values.cast(wanted.type)
