"""The five plain types that every source is read as, whatever its format calls them.

``int64`` (no nulls), ``float64``, ``bool``, ``string`` and ``timestamp[us, UTC]``. A column keeps one
of them through a whole source, so that the pieces of a table always fit together.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tidemill.cleaning.normalising import Kind
from tidemill.errors import UserError

__all__ = [
    "BOOL",
    "FLOAT",
    "INT",
    "NOTHING",
    "TEXT",
    "TIME",
    "agreed",
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
    if pa.types.is_uint64(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return FLOAT
    if pa.types.is_integer(kind):
        return INT
    return TIME if pa.types.is_timestamp(kind) or pa.types.is_date(kind) else TEXT


def spoken(kind: pa.DataType) -> str:
    """A plain type in words."""
    return _SPOKEN.get(kind, "nothing")


def agreed(schemas: Sequence[tuple[str, pa.Schema]], kinds: Mapping[str, Kind]) -> tuple[pa.Schema, tuple[str, ...]]:
    """One schema for all the files of a source, and notes on where they differ.

    The rule: columns are united (a file without one has nulls there), whole numbers give way to
    numbers, and nothing else mixes: :exc:`UserError` names both files and the column, unless
    ``kinds`` declares the column, which is then read as text where the files do not agree.
    """
    types: dict[str, pa.DataType] = {}
    said_by: dict[str, str] = {}
    for file, schema in schemas:
        for field in schema:
            known = types.get(field.name, NOTHING)
            wider = _wider(known, field.type)
            if wider is None and field.name not in kinds:
                raise UserError(
                    f"column `{field.name}` is {spoken(known)} in {said_by[field.name]} and {spoken(field.type)} in "
                    f"{file}: make the files agree, or say what it is under `columns.types`"
                )
            if known == NOTHING:
                said_by[field.name] = file
            types[field.name] = TEXT if wider is None else wider
    notes = _absences(schemas, types)
    absent = {name for _, schema in schemas for name in types if name not in set(schema.names)}
    final = {name: _settled(kind, absent=name in absent, kind=kinds.get(name)) for name, kind in types.items()}
    return pa.schema(list(final.items())), notes


def plain_table(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The table with exactly ``schema``'s columns: cast, and null where the table has no such column."""
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
    if pa.types.is_timestamp(column.type) and column.type.tz is None:
        column = column.cast(pa.timestamp("us"), safe=False)
    elif pa.types.is_date(column.type):
        column = column.cast(pa.timestamp("us"))
    return column.cast(field.type, safe=False)


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_nested(column.type):
        texts = [None if value is None else json.dumps(value, default=str) for value in column.to_pylist()]
        return pa.chunked_array([pa.array(texts, TEXT)])
    if pa.types.is_boolean(column.type):
        return pc.if_else(column, "true", "false").cast(TEXT)
    if pa.types.is_floating(column.type):
        texts = [None if value is None else f"{value:.15g}" for value in column.to_pylist()]
        return pa.chunked_array([pa.array(texts, TEXT)])
    return column.cast(TEXT)


def _wider(known: pa.DataType, new: pa.DataType) -> pa.DataType | None:
    if known == new or new == NOTHING:
        return known
    if known == NOTHING:
        return new
    return FLOAT if {known, new} == {INT, FLOAT} else None


def _settled(plain: pa.DataType, *, absent: bool, kind: Kind | None) -> pa.DataType:
    """The type in the end: a column of nothing is a number (or what it is declared as), whole numbers have no nulls."""
    if plain == NOTHING:
        declared: dict[Kind | None, pa.DataType] = {"category": TEXT, "time": TIME, "boolean": BOOL}
        return declared.get(kind, FLOAT)
    return FLOAT if plain == INT and absent else plain


def _absences(schemas: Sequence[tuple[str, pa.Schema]], types: Mapping[str, pa.DataType]) -> tuple[str, ...]:
    """A sentence for each column that some of the files lack."""
    notes = []
    for name in types:
        without = [file for file, schema in schemas if name not in set(schema.names)]
        if without:
            more = f" and {len(without) - 1} more" if len(without) > 1 else ""
            notes.append(f"`{name}` is not in {without[0]}{more}: null there")
    return tuple(notes)
