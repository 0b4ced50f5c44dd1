"""A source's files as one table: agreed columns and types, read with flat memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd
import pyarrow as pa

from tidemill.cleaning.normalising import Kind
from tidemill.errors import TransientError, UserError
from tidemill.reading.delimited import Piece, read_delimited, scan_delimited
from tidemill.reading.files import DataFile, data_files
from tidemill.reading.holding import Scanned
from tidemill.reading.jsonlines import read_json_lines, scan_json_lines
from tidemill.reading.options import BadRows, DecimalMark, Differing, Encoding, Format, Options
from tidemill.reading.parquet import TimeLimits, read_parquet, scan_parquet
from tidemill.reading.plain import frame_of, plain_table
from tidemill.reading.refusing import Bad, frame_of_bad
from tidemill.reading.uniting import united
from tidemill.store import shown
from tidemill.usecase.schema import CleanRules

__all__ = ["Dataset", "open_dataset"]


@dataclass(frozen=True)
class Dataset:
    """Files that were looked through: their agreed ``schema``, ``rows`` in all, and ``notes`` on where they differ.

    ``refused`` counts, by reason, the rows that can't be read; they are not among ``rows``.
    """

    url: str
    files: tuple[DataFile, ...]
    schema: pa.Schema
    rows: int
    notes: tuple[str, ...] = ()
    refused: Mapping[str, int] = field(default_factory=dict)
    options: Options = field(default_factory=Options)
    scanned: tuple[Scanned, ...] = ()
    readings: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in order of first appearance."""
        return tuple(self.schema.names)

    def frames(
        self, rows: int, columns: Sequence[str] | None = None, limits: TimeLimits | None = None
    ) -> Iterator[pd.DataFrame]:
        """The rows in file order, at most ``rows`` a frame, in plain types, index 0…n-1.

        ``limits`` may leave out rows beyond it, where that saves reading; the rest is the caller's.
        Raises TransientError for a file that changed since it was looked through.
        """
        for table in self.tables(rows, columns, limits):
            yield frame_of(table)

    def tables(
        self, rows: int, columns: Sequence[str] | None = None, limits: TimeLimits | None = None
    ) -> Iterator[pa.Table]:
        """As :meth:`frames`, as Arrow tables."""
        schema = self.schema if columns is None else pa.schema([self.schema.field(name) for name in columns])
        for file, scanned in zip(self.files, self.scanned, strict=True):
            pieces = (piece.table for piece in self._pieces(file, scanned, schema, rows, limits))
            yield from _sized(pieces, rows)

    def refusals(self) -> Iterator[pd.DataFrame]:
        """The rows that can't be read, as Quarantine holds them: `_rule`, `_reason`, `_file`, `_row`, `_raw`.

        The files that have such rows are read once more; ``_row`` is a row's line in its file.
        """
        for file, scanned in zip(self.files, self.scanned, strict=True):
            if scanned.refused:
                for piece in self._pieces(file, scanned, pa.schema([]), 0, None):
                    if piece.bad:
                        yield frame_of_bad(file.name, piece.bad)

    def _pieces(
        self, file: DataFile, scanned: Scanned, schema: pa.Schema, rows: int, limits: TimeLimits | None
    ) -> Iterator[Piece]:
        """The file's rows, with a check that they are still those that were looked through."""
        read, refused = 0, 0
        try:
            for piece in self._read(file, scanned, schema, rows, limits):
                table = plain_table(piece.table, schema) if piece.table.schema != schema else piece.table
                read, refused = read + table.num_rows, refused + len(piece.bad)
                yield Piece(table, piece.bad)
        except pa.ArrowInvalid as error:
            said = str(error).splitlines()[0][:160]
            if file.format == "parquet":
                raise UserError(f"{file.name} holds a value that can't be kept ({said}): write it again") from None
            raise _changed(file, f" ({said})") from None
        skipping = limits is not None and file.format == "parquet"
        if (read != scanned.rows and not skipping) or refused != sum(scanned.refused.values()):
            raise _changed(file)

    def _read(
        self, file: DataFile, scanned: Scanned, schema: pa.Schema, rows: int, limits: TimeLimits | None
    ) -> Iterator[Piece]:
        readings = {name: one for name, one in self.readings.items() if name in scanned.held}
        readings = {name: one for name, one in readings.items() if one in scanned.held[name].readings}
        if file.format == "parquet":
            for table in read_parquet(file, list(schema.names), rows, limits, self.options):
                yield Piece(table, list[Bad]())
        elif file.format == "jsonl":
            yield from read_json_lines(file, schema, self.options, readings)
        else:
            yield from read_delimited(file, schema, self.options, scanned, readings)


def open_dataset(
    url: str,
    format: Format = "auto",
    kinds: Mapping[str, Kind] | None = None,
    missing: Sequence[str] = CleanRules().missing,
    *,
    encoding: Encoding = "auto",
    decimal: DecimalMark = "auto",
    rename: Mapping[str, str] | None = None,
    differing: Differing = "unite",
    bad_rows: BadRows = "refuse",
) -> Dataset:
    """Look through the files at ``url``: names and types of columns, number of rows.

    ``kinds`` are what columns are declared to be, ``missing`` the texts that mean missing in numbers; the
    others are as :class:`tidemill.usecase.Source` has them, but that a row which can't be read is an error
    unless ``bad_rows`` says `quarantine`: then somebody has to ask for :meth:`Dataset.refusals`.

    Parquet describes itself; text is read once in full here, so that a type holds for the whole file.
    Raises :exc:`UserError` for every file that can't be read as what it says it is, for files that
    disagree on a column's type, and when there is not one row.
    """
    options = Options(kinds or {}, tuple(missing), encoding, decimal, rename or {}, differing, bad_rows)
    files = data_files(url, format)
    scanned = [_scan(file, options) for file in files]
    total = sum(one.rows for one in scanned)
    if not total:
        what = files[0].name if len(files) == 1 else f"each of the {len(files)} files of {shown(url)}"
        raise UserError(f"{what} has column names and not one row: put the data there")
    counted = [(file.name, one) for file, one in zip(files, scanned, strict=True) if one.rows]
    found = united(counted, options)
    if not len(found.schema):
        raise UserError(f"{shown(url)} has rows, but not one column: its objects are empty")
    refused: Counter[str] = Counter()
    for one in scanned:
        refused.update(one.refused)
    return Dataset(
        shown(url),
        tuple(files),
        found.schema,
        total,
        found.notes,
        dict(refused),
        options,
        tuple(scanned),
        found.readings,
    )


def _scan(file: DataFile, options: Options) -> Scanned:
    if file.format == "parquet":
        return scan_parquet(file, options)
    if file.format == "jsonl":
        return scan_json_lines(file, options)
    return scan_delimited(file, options)


def _changed(file: DataFile, why: str = "") -> TransientError:
    return TransientError(
        f"{file.name} changed while it was read{why}: run it again when nothing writes to the file any more"
    )


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
