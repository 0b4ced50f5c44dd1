"""The column that grows: reading its values, and which rows lie within limits of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tidemill.cleaning.normalising import parse_times
from tidemill.connectors import Mark
from tidemill.errors import UserError, did_you_mean
from tidemill.moments import in_utc
from tidemill.reading.plain import BOOL, FLOAT, INT, NOTHING, TEXT, TIME, frame_of
from tidemill.usecase.schema import CleanRules

__all__ = ["highest", "looked_back", "part_range", "readable", "within"]


def readable(page: pa.Table, column: str, where: str, field: str, rules: CleanRules) -> pa.Table:
    """A storable page with its marks as times or numbers. ``field`` is what to blame in the use case.

    Raises UserError when the column is missing, holds neither, or holds a text that is no time.
    """
    if column not in page.column_names:
        if not page.num_columns:
            return page
        raise UserError(f"{field}: {where} gives no column `{column}`{did_you_mean(column, page.column_names)}")
    marks, place = page.column(column), page.column_names.index(column)
    if marks.type == BOOL:
        raise UserError(f"{field}: `{column}` of {where} is true/false: name a column of times or numbers that grows")
    if marks.type == TEXT:
        marks = _times(marks, column, where, field, rules)
    if marks.type == FLOAT:
        marks = pc.if_else(pc.is_finite(marks), marks, pa.scalar(None, FLOAT))
    return page.set_column(place, column, marks)


def within(marks: pa.ChunkedArray, since: Mark | None, until: Mark | None, *, nulls: bool) -> pa.ChunkedArray:
    """Which of the marks lie in ``since`` <= mark < ``until`` (bool); ``nulls`` says whether those without one do."""
    keep: Any = pa.chunked_array([pa.repeat(pa.scalar(True), len(marks))])
    if marks.type == NOTHING:
        return pa.chunked_array([pa.repeat(pa.scalar(nulls), len(marks))])
    if since is not None:
        keep = pc.and_(keep, pc.greater_equal(marks, _scalar(since, marks.type)))
    if until is not None:
        keep = pc.and_(keep, pc.less(marks, _scalar(until, marks.type)))
    return pc.if_else(pc.is_null(marks), nulls, keep)


def highest(marks: pa.ChunkedArray) -> Mark | None:
    """The highest mark, if there is any."""
    return None if marks.type == NOTHING else _mark(pc.max(marks).as_py())


def looked_back(mark: Mark | None, overlap: timedelta, field: str) -> Mark | None:
    """From where to look again. Raises UserError for an overlap behind a number."""
    if mark is None or isinstance(mark, datetime):
        return mark - overlap if isinstance(mark, datetime) else None
    if overlap:
        raise UserError(f"{field}: it is a length of time, and the column holds numbers: leave it out")
    return mark if isinstance(mark, int) else math.nextafter(mark, -math.inf)


def part_range(file: BinaryIO, column: str) -> tuple[Mark | None, Mark | None, int]:
    """The lowest and highest mark of a stored part, and how many rows have none, from the file's own statistics."""
    metadata = pq.ParquetFile(file).metadata
    place = metadata.schema.to_arrow_schema().names.index(column)
    lows: list[Mark] = []
    highs: list[Mark] = []
    nulls = 0
    for group in range(metadata.num_row_groups):
        counts = metadata.row_group(group).column(place).statistics
        if counts is None or not counts.has_min_max:
            nulls += metadata.row_group(group).num_rows
            continue
        nulls += counts.null_count
        lows += _marks(counts.min)
        highs += _marks(counts.max)
    return min(lows, default=None), max(highs, default=None), nulls


def _times(marks: pa.ChunkedArray, column: str, where: str, field: str, rules: CleanRules) -> pa.ChunkedArray:
    texts = frame_of(pa.table({column: marks}))[column]
    times = parse_times(texts, rules)
    lost = texts.notna() & times.isna()
    if lost.any():
        said = str(texts[lost].iloc[0])[:40]
        raise UserError(
            f"{field}: `{column}` of {where} holds the text `{said}`, which is no time: "
            "write times as 2013-10-01T06:00:00Z, or name another column that grows"
        )
    return pa.chunked_array([pa.Array.from_pandas(times, type=TIME)])


def _scalar(mark: Mark, kind: pa.DataType) -> pa.Scalar:
    return pa.scalar(float(mark) if kind == FLOAT and not isinstance(mark, datetime) else mark)


def _marks(value: object) -> Sequence[Mark]:
    mark = _mark(value)
    return [] if mark is None else [mark]


def _mark(value: object) -> Mark | None:
    if isinstance(value, datetime):
        return in_utc(value)
    return value if isinstance(value, int | float) else None


def is_number(kind: pa.DataType) -> bool:
    """Whether marks of a storable type are numbers."""
    return bool(kind in (INT, FLOAT))
