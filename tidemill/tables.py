"""Frames as Arrow tables and Parquet bytes: the same rows give the same bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tidemill.errors import UserError

__all__ = ["PART_BYTES", "PART_ROWS", "encoded", "fitted", "part_rows", "table_of", "unified"]

PART_ROWS = 250_000
PART_BYTES = 128 * 2**20
_SAMPLE_ROWS = 10_000


def table_of(frame: pd.DataFrame) -> pa.Table:
    """``frame`` without its index. Raises UserError naming the column that can't be stored."""
    names = list(frame.columns)
    for name in names:
        if not isinstance(name, str):
            raise UserError(f"the column name {name!r} is not text: rename the column")
    doubled = frame.columns[frame.columns.duplicated()]
    if len(doubled):
        raise UserError(f"two columns are named `{doubled[0]}`: rename one of them")
    try:
        table = pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        raise UserError(_culprit(frame)) from None
    return table.replace_schema_metadata(_plain_metadata(table.schema))


def unified(known: pa.Schema | None, new: pa.Schema) -> pa.Schema:
    """The narrowest schema that holds both. Raises UserError naming a column that is extra, absent or of other kind."""
    if known is None or known.equals(new):
        return new if known is None else known
    absent = [name for name in known.names if name not in set(new.names)]
    extra = [name for name in new.names if name not in set(known.names)]
    if absent or extra:
        what = f"`{absent[0]}` is missing" if absent else f"`{extra[0]}` is new"
        raise UserError(f"the parts of one table have different columns: {what} in a later part. Make them the same")
    fields = [_wider(known.field(name), new.field(name)) for name in known.names]
    was_null = {name for name in known.names if pa.types.is_null(known.field(name).type)}
    said = {column["name"]: column for column in _said(known)["columns"]}
    said |= {column["name"]: column for column in _said(new)["columns"] if column["name"] in was_null}
    return pa.schema(fields, metadata=_metadata([said[name] for name in known.names]))


def fitted(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """``table`` in the order and types of ``schema``. Raises UserError when a value would change by it."""
    try:
        return table.select(schema.names).cast(schema)
    except pa.ArrowException:
        changed = [field.name for field in schema if table.schema.field(field.name).type != field.type]
        raise UserError(
            f"the column{'s' * (len(changed) > 1)} {', '.join(f'`{name}`' for name in changed)} can't be made one kind "
            "in all parts of the table without changing values: make it one kind"
        ) from None


def part_rows(waiting: Sequence[pa.Table], *, last: bool) -> int | None:
    """Rows a part, from the first rows of the table; None until enough of them wait to tell."""
    rows = sum(table.num_rows for table in waiting)
    if rows < _SAMPLE_ROWS and not last:
        return None
    if not rows:
        return PART_ROWS
    sample, used = 0, 0
    for table in waiting:
        piece = table.slice(0, _SAMPLE_ROWS - used)
        sample, used = sample + piece.nbytes, used + piece.num_rows
        if used == _SAMPLE_ROWS:
            break
    return max(1, min(PART_ROWS, PART_BYTES * used // max(sample, 1)))


def encoded(table: pa.Table) -> bytes:
    """Parquet, zstd. Deterministic for one version of pyarrow.

    Fast settings: the lowest level, and dictionaries only where values repeat, halve the time for the same size.
    """
    sink = pa.BufferOutputStream()
    dictionaries = [field.name for field in table.schema if _repeats(table.column(field.name).slice(0, _SAMPLE_ROWS))]
    pq.write_table(
        table, sink, compression="zstd", compression_level=1, use_dictionary=dictionaries, row_group_size=PART_ROWS
    )
    return bytes(sink.getvalue())


def _repeats(values: pa.ChunkedArray) -> bool:
    kind = values.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind):
        return 2 * int(pc.count_distinct(values).as_py()) <= len(values)
    return not pa.types.is_floating(kind) and not pa.types.is_timestamp(kind)


def _wider(known: pa.Field, new: pa.Field) -> pa.Field:
    if known.type == new.type:
        return known
    try:
        pair = [pa.schema([known]), pa.schema([new])]
        return pa.unify_schemas(pair, promote_options="permissive").field(0).with_nullable(True)
    except pa.ArrowException:
        raise UserError(
            f"the column `{known.name}` is {known.type} in one part of the table and {new.type} in another: "
            "make it one kind"
        ) from None


def _plain_metadata(schema: pa.Schema) -> dict[bytes, bytes]:
    """What pandas needs to give dtypes back, without the versions of libraries and the number of categories."""
    columns = _said(schema)["columns"]
    for column in columns:
        if column["metadata"]:
            column["metadata"].pop("num_categories", None)
    return _metadata(columns)


def _said(schema: pa.Schema) -> dict[str, Any]:
    said: dict[str, Any] = json.loads((schema.metadata or {}).get(b"pandas", b'{"columns": []}'))
    return said


def _metadata(columns: list[dict[str, Any]]) -> dict[bytes, bytes]:
    said = {"columns": columns, "column_indexes": [], "index_columns": []}
    return {b"pandas": json.dumps(said, sort_keys=True).encode()}


def _culprit(frame: pd.DataFrame) -> str:
    for name in frame.columns:
        try:
            pa.Array.from_pandas(frame[name])
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            kinds = sorted({type(value).__name__ for value in frame[name].head(10_000)})
            return f"the column `{name}` can't be stored: it mixes or holds {', '.join(kinds)}. Make it one plain kind"
    return "the table can't be stored as Parquet: make every column one plain kind"
