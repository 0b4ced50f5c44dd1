"""The five plain types that every source is read as, whatever its format calls them.

``int64`` (no nulls), ``float64``, ``bool``, ``string`` and ``timestamp[us, UTC]``. A column keeps one
of them through a whole source, so that the pieces of a table always fit together.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

__all__ = [
    "BOOL",
    "FLOAT",
    "INT",
    "NOTHING",
    "TEXT",
    "TIME",
    "frame_of",
    "plain_table",
    "plain_type",
    "spoken",
]

INT = pa.int64()
FLOAT = pa.float64()
BOOL = pa.bool_()
TEXT = pa.string()
TIME = pa.timestamp("us", "UTC")
NOTHING = pa.null()

_SPOKEN = {INT: "whole numbers", FLOAT: "numbers", BOOL: "true/false", TEXT: "text", TIME: "times"}


def plain_type(kind: pa.DataType) -> pa.DataType:
    """The plain type for an Arrow type. What has no better one (lists, times of day, …) becomes text."""
    if pa.types.is_dictionary(kind):
        return plain_type(kind.value_type)
    if pa.types.is_null(kind):
        return NOTHING
    if pa.types.is_boolean(kind):
        return BOOL
    if pa.types.is_decimal(kind):
        return FLOAT if kind.scale > 0 else INT
    if pa.types.is_floating(kind):
        return FLOAT
    if pa.types.is_integer(kind):
        return INT
    return TIME if pa.types.is_timestamp(kind) or pa.types.is_date(kind) else TEXT


def spoken(kind: pa.DataType) -> str:
    """A plain type in words."""
    return _SPOKEN.get(kind, "nothing")


def plain_table(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The table with exactly ``schema``'s columns: cast, and null where the table has no such column.

    Raises :exc:`pyarrow.ArrowInvalid` for a time or a whole number that its plain type can't hold.
    """
    if not len(schema):
        return table.select([])  # it has rows still
    columns = [_plain(table, field) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def frame_of(table: pa.Table) -> pd.DataFrame:
    """A pandas frame of a plain table: numpy numbers, ``boolean``, ``str`` and ``datetime64[us, UTC]``."""
    frame: pd.DataFrame = table.to_pandas(types_mapper={BOOL: pd.BooleanDtype()}.get)
    return frame


def _plain(table: pa.Table, field: pa.Field) -> pa.ChunkedArray:
    place = table.schema.get_field_index(field.name)
    if place < 0:
        return pa.chunked_array([pa.nulls(table.num_rows, field.type)])
    column = table.column(place)
    if column.type == field.type:
        return column
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if field.type == TEXT:
        return _as_text(column)
    if pa.types.is_date(column.type):
        column = column.cast(pa.timestamp("us"))
    elif pa.types.is_timestamp(column.type):
        # Finer than microseconds is cut off; coarser must fit, or a far year would come out as another one.
        column = column.cast(pa.timestamp("us", column.type.tz), safe=column.type.unit != "ns")
    return column.cast(field.type, safe=field.type == INT)


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_boolean(kind):
        return pc.if_else(column, "true", "false").cast(TEXT)
    write: Callable[[object], str] | None = None
    if pa.types.is_nested(kind):
        write = _json
    elif pa.types.is_floating(kind):
        write = _number
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        write = _bytes
    elif pa.types.is_duration(kind) or pa.types.is_interval(kind):
        write = str
    if write is None:
        return column.cast(TEXT)
    texts = [None if value is None else write(value) for value in column.to_pylist()]
    return pa.chunked_array([pa.array(texts, TEXT)])


def _json(value: object) -> str:
    return json.dumps(value, default=lambda other: _bytes(other) if isinstance(other, bytes) else str(other))


def _number(value: object) -> str:
    """The shortest digits that are this number, and no ``.0`` on whole ones."""
    short = f"{value:.15g}"
    return short if float(short) == value or value != value else repr(value)


def _bytes(value: object) -> str:
    """Bytes as the text that they are, else in hexadecimal."""
    assert isinstance(value, bytes)
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.hex()
