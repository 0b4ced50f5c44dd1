"""Parquet files: read row group by row group, past those whose statistics rule them out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tidemill.errors import UserError
from tidemill.moments import in_utc
from tidemill.reading.contents import check_parquet
from tidemill.reading.files import DataFile, opened
from tidemill.reading.holding import EXACT, Held, Scanned
from tidemill.reading.options import Options
from tidemill.reading.plain import INT, plain_type

__all__ = ["TimeLimits", "read_parquet", "scan_parquet"]

TimeLimits = tuple[str, datetime | None, datetime | None]

_BEYOND = 2**63


def scan_parquet(file: DataFile, options: Options) -> Scanned:
    """What every column holds, from the file's own description, and the number of rows.

    Only whole numbers of 64 bits or more are read, and only where the file does not say how large they are.
    """
    with _parquet(file) as parquet:
        schema = parquet.schema_arrow
        names = _renamed(file, schema.names, options)
        gaps = _with_nulls(parquet.metadata, schema.names)
        held = {}
        for name, field in zip(names, schema, strict=True):
            kind = plain_type(field.type)
            least, most = _ends(parquet, field) if kind == INT and _wide(field.type) else (0, 0)
            large = max(most, -least) > EXACT
            held[name] = Held(kind, field.name in gaps, large, most >= _BEYOND or least < -_BEYOND)
        return Scanned(held, int(parquet.metadata.num_rows))


def read_parquet(
    file: DataFile, columns: list[str], rows: int, limits: TimeLimits | None, options: Options
) -> Iterator[pa.Table]:
    """``columns`` of the file's rows in order, at most ``rows`` at a time.

    ``limits`` (a time column, since, until) skips the row groups that can't hold a row within them.
    """
    with _parquet(file) as parquet:
        written = {options.renamed(name): name for name in parquet.schema_arrow.names}
        wanted = {written[name]: name for name in columns if name in written}
        if limits is not None:
            limits = (written.get(limits[0], limits[0]), *limits[1:])
        metadata = parquet.metadata
        groups = [group for group in range(metadata.num_row_groups) if _may_hold(metadata.row_group(group), limits)]
        if not groups:
            return
        for batch in parquet.iter_batches(batch_size=rows, row_groups=groups, columns=list(wanted), use_threads=True):
            table = pa.Table.from_batches([batch])
            yield table.rename_columns([wanted[name] for name in table.schema.names])


@contextmanager
def _parquet(file: DataFile) -> Iterator[pq.ParquetFile]:
    with opened(file) as (stream, head):
        check_parquet(file, head)
        try:
            yield pq.ParquetFile(stream)
        except pa.ArrowException as error:
            raise UserError(
                f"{file.name} is a damaged Parquet file ({str(error).splitlines()[0][:160]}): write it again"
            ) from None
        except OSError as error:
            raise UserError(f"{file.name} can't be read as Parquet ({str(error)[:160]}): write it again") from None


def _renamed(file: DataFile, written: list[str], options: Options) -> list[str]:
    names = [options.renamed(name) for name in written]
    for place, name in enumerate(names):
        if name in names[:place]:
            olds = written[names.index(name)], written[place]
            if olds[0] == olds[1]:
                raise UserError(f"{file.name} has two columns called `{name}`: write it again with one of them renamed")
            raise UserError(f"{file.name}: `rename` makes one column, `{name}`, of {' and '.join(olds)}: keep one")
    if not names:
        raise UserError(f"{file.name} has no columns: write it again")
    return names


def _wide(kind: pa.DataType) -> bool:
    """Whether a whole number of this type can be more than a float64 holds exactly."""
    if pa.types.is_dictionary(kind):
        return _wide(kind.value_type)
    return bool(pa.types.is_decimal(kind) or kind.bit_width == 64)


def _ends(parquet: pq.ParquetFile, field: pa.Field) -> tuple[int, int]:
    """The least and the largest of a column of whole numbers: by the statistics, else by reading it."""
    ends: list[int] = []
    metadata = parquet.metadata
    place = next(at for at in range(metadata.num_columns) if metadata.schema.column(at).path == field.name)
    for group in range(metadata.num_row_groups):
        found = metadata.row_group(group).column(place).statistics
        if found is not None and found.has_min_max and isinstance(found.min, int | Decimal):
            ends += [int(found.min), int(found.max)]
            continue
        for batch in parquet.iter_batches(row_groups=[group], columns=[field.name]):
            column = batch.column(0)
            if pa.types.is_dictionary(column.type):
                column = column.cast(column.type.value_type)
            both = pc.min_max(column).as_py()
            ends += [int(end) for end in both.values() if end is not None]
    return (min(ends), max(ends)) if ends else (0, 0)


def _with_nulls(metadata: pq.FileMetaData, names: list[str]) -> set[str]:
    """Top-level columns that have nulls, or may have: no statistics, no promise."""
    gaps = set()
    for group in range(metadata.num_row_groups):
        for place in range(metadata.num_columns):
            column = metadata.row_group(group).column(place)
            counts = column.statistics
            if counts is None or not counts.has_null_count or counts.null_count:
                path = str(column.path_in_schema)
                gaps.add(path if path in names else path.split(".")[0])
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
    return in_utc(value) if isinstance(value, date) else None
