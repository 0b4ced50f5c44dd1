"""Parquet files: read row group by row group, past those whose statistics rule them out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.parquet as pq

from tidemill.errors import UserError
from tidemill.reading.files import DataFile, opened
from tidemill.reading.plain import FLOAT, INT, plain_type

__all__ = ["TimeLimits", "read_parquet", "scan_parquet"]

TimeLimits = tuple[str, datetime | None, datetime | None]


def scan_parquet(file: DataFile) -> tuple[pa.Schema, int]:
    """The plain type of every column, from the file's own description, and the number of rows."""
    with _parquet(file) as parquet:
        schema = parquet.schema_arrow
        twice = next((name for name in schema.names if schema.names.count(name) > 1), None)
        if twice is not None:
            raise UserError(f"{file.name} has two columns called `{twice}`: write it again with one of them renamed")
        types = {field.name: plain_type(field.type) for field in schema}
        gaps = _with_nulls(parquet.metadata)
        for name, kind in types.items():
            if kind == INT and name in gaps:
                types[name] = FLOAT
        return pa.schema(list(types.items())), int(parquet.metadata.num_rows)


def read_parquet(file: DataFile, columns: list[str], rows: int, limits: TimeLimits | None) -> Iterator[pa.Table]:
    """``columns`` of the file's rows in order, at most ``rows`` at a time.

    ``limits`` (a time column, since, until) skips the row groups that can't hold a row within them.
    """
    with _parquet(file) as parquet:
        wanted = [name for name in columns if name in parquet.schema_arrow.names]
        metadata = parquet.metadata
        groups = [group for group in range(metadata.num_row_groups) if _may_hold(metadata.row_group(group), limits)]
        if not groups:
            return
        for batch in parquet.iter_batches(batch_size=rows, row_groups=groups, columns=wanted, use_threads=True):
            yield pa.Table.from_batches([batch])


@contextmanager
def _parquet(file: DataFile) -> Iterator[pq.ParquetFile]:
    with opened(file) as stream:
        try:
            yield pq.ParquetFile(stream)
        except pa.ArrowException as error:
            raise UserError(
                f"{file.name} is a damaged Parquet file ({str(error).splitlines()[0][:160]}): write it again"
            ) from None
        except OSError as error:
            raise UserError(f"{file.name} can't be read as Parquet ({str(error)[:160]}): write it again") from None


def _with_nulls(metadata: pq.FileMetaData) -> set[str]:
    """Top-level columns that have nulls, or may have: no statistics, no promise."""
    gaps = set()
    for group in range(metadata.num_row_groups):
        for place in range(metadata.num_columns):
            column = metadata.row_group(group).column(place)
            counts = column.statistics
            if counts is None or not counts.has_null_count or counts.null_count:
                gaps.add(column.path_in_schema.split(".")[0])
    return gaps


def _may_hold(group: pq.RowGroupMetaData, limits: TimeLimits | None) -> bool:
    """Whether a row group can hold a row with its time within ``limits``, or without a time."""
    if limits is None:
        return True
    name, since, until = limits
    for place in range(group.num_columns):
        column = group.column(place)
        counts = column.statistics
        if column.path_in_schema != name or counts is None or not counts.has_min_max:
            continue
        if not counts.has_null_count or counts.null_count:
            return True
        low, high = _moment(counts.min), _moment(counts.max)
        if low is None or high is None:
            return True
        return (until is None or low < until) and (since is None or high >= since)
    return True


def _moment(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return datetime(value.year, value.month, value.day, tzinfo=UTC) if isinstance(value, date) else None
