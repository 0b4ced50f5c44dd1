"""A source's files as one table: agreed columns and types, read with flat memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from tidemill.cleaning.normalising import Kind
from tidemill.errors import UserError
from tidemill.reading.delimited import read_delimited, scan_delimited
from tidemill.reading.files import DataFile, Format, data_files
from tidemill.reading.jsonlines import read_json_lines, scan_json_lines
from tidemill.reading.parquet import TimeLimits, read_parquet, scan_parquet
from tidemill.reading.plain import agreed, frame_of, plain_table
from tidemill.store import shown
from tidemill.usecase.schema import CleanRules

__all__ = ["Dataset", "open_dataset"]


@dataclass(frozen=True)
class Dataset:
    """Files that were looked through: their agreed ``schema``, ``rows`` in all, and ``notes`` on where they differ."""

    url: str
    files: tuple[DataFile, ...]
    schema: pa.Schema
    rows: int
    notes: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in order of first appearance."""
        return tuple(self.schema.names)

    def frames(
        self, rows: int, columns: Sequence[str] | None = None, limits: TimeLimits | None = None
    ) -> Iterator[pd.DataFrame]:
        """The rows in file order, at most ``rows`` a frame, in plain types, index 0…n-1.

        ``limits`` may leave out rows beyond it, where that saves reading; the rest is the caller's.
        """
        schema = self.schema if columns is None else pa.schema([self.schema.field(name) for name in columns])
        for file in self.files:
            for table in _sized(self._tables(file, schema, rows, limits), rows):
                yield frame_of(table)

    def _tables(self, file: DataFile, schema: pa.Schema, rows: int, limits: TimeLimits | None) -> Iterator[pa.Table]:
        if file.format == "parquet":
            found = read_parquet(file, list(schema.names), rows, limits)
        elif file.format == "jsonl":
            found = read_json_lines(file, schema, self.missing)
        else:
            found = read_delimited(file, schema, self.missing)
        for table in found:
            yield plain_table(table, schema)


def open_dataset(
    url: str,
    format: Format = "auto",
    kinds: Mapping[str, Kind] | None = None,
    missing: Sequence[str] = CleanRules().missing,
) -> Dataset:
    """Look through the files at ``url``: names and types of columns, number of rows.

    ``kinds`` are what columns are declared to be, ``missing`` the texts that mean missing in numbers.
    Parquet describes itself; text is read once in full here, so that a type holds for the whole file.
    Raises :exc:`UserError` for every file that can't be read as what it says it is, for files that
    disagree on a column's type, and when there is not one row.
    """
    declared = kinds or {}
    files = data_files(url, format)
    schemas: list[tuple[str, pa.Schema]] = []
    total = 0
    for file in files:
        schema, rows = _scan(file, declared, missing)
        total += rows
        if rows or len(files) == 1:
            schemas.append((file.name, schema))
    if not total:
        what = files[0].name if len(files) == 1 else f"each of the {len(files)} files of {shown(url)}"
        raise UserError(f"{what} has column names and not one row: put the data there")
    schema, notes = agreed(schemas, declared)
    return Dataset(shown(url), tuple(files), schema, total, notes, tuple(missing))


def _scan(file: DataFile, kinds: Mapping[str, Kind], missing: Sequence[str]) -> tuple[pa.Schema, int]:
    if file.format == "parquet":
        return scan_parquet(file)
    if file.format == "jsonl":
        return scan_json_lines(file, kinds, missing)
    return scan_delimited(file, kinds, missing)


def _sized(tables: Iterator[pa.Table], rows: int) -> Iterator[pa.Table]:
    """The same rows in tables of ``rows`` each; the last of a file may have fewer."""
    waiting: list[pa.Table] = []
    held = 0
    for table in tables:
        waiting.append(table)
        held += table.num_rows
        if held < rows:
            continue
        whole = pa.concat_tables(waiting)
        full = held - held % rows
        for start in range(0, full, rows):
            yield whole.slice(start, rows)
        waiting, held = [whole.slice(full)], held - full
    if held:
        yield pa.concat_tables(waiting)
