"""CSV and tab-separated text: read as text first, typed by what the whole file holds."""

from __future__ import annotations

import csv
import functools
import io
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from tidemill.cleaning.normalising import Kind
from tidemill.errors import UserError
from tidemill.progress import Note, emit
from tidemill.reading.files import DataFile, opened
from tidemill.reading.guessing import Guesses, read_text

__all__ = ["read_delimited", "scan_delimited"]

_BLOCK = 4 * 2**20
_HEADER = 2**20


def scan_delimited(file: DataFile, kinds: Mapping[str, Kind], missing: Sequence[str]) -> tuple[pa.Schema, int]:
    """The plain type of every column, from one pass over the whole file, and the number of rows."""
    header = _header_of(file)
    guesses = Guesses(header.names, kinds, missing)
    rows = 0
    quotes = _Quotes()
    with ThreadPoolExecutor(pa.cpu_count()) as threads:
        for batch in _batches(file, header, missing, quotes):
            rows += batch.num_rows
            list(threads.map(guesses.see, header.names, batch.columns))
    if quotes.seen % 2:
        _refuse_open_quote(file, header, missing)
    return pa.schema([(name, guesses.answer(name)) for name in header.names]), rows


def read_delimited(file: DataFile, schema: pa.Schema, missing: Sequence[str]) -> Iterator[pa.Table]:
    """The file's rows in order, a block at a time, with the types that ``schema`` gives its columns."""
    header = _header_of(file)
    wanted = [name for name in header.names if name in schema.names]
    kinds = [schema.field(name).type for name in wanted]
    with ThreadPoolExecutor(pa.cpu_count()) as threads:
        for batch in _batches(file, header, missing):
            texts = [batch.column(name) for name in wanted]
            columns = list(threads.map(read_text, texts, kinds, itertools.repeat(missing)))
            yield pa.Table.from_arrays(columns, names=wanted)


@dataclass(frozen=True)
class _Header:
    """The first line: column names, the delimiter, blank lines above it, and whether nothing is below it."""

    names: list[str]
    delimiter: str
    blank: int
    alone: bool


def _header_of(file: DataFile) -> _Header:
    with opened(file) as stream:
        return _header(file, stream)


def _header(file: DataFile, stream: BinaryIO) -> _Header:
    head = stream.read(_HEADER)
    whole = len(head) < _HEADER
    try:
        text = head.decode("utf-8-sig", errors="strict" if whole else "ignore")
    except UnicodeDecodeError as error:
        line = head[: error.start].count(b"\n") + 1
        raise UserError(_not_utf8(file, f"line {line}")) from None
    body = text.lstrip("\r\n")
    delimiter = "\t" if file.format == "tsv" else _delimiter(body.split("\n", 1)[0])
    try:
        names = [name.strip() for name in next(csv.reader(io.StringIO(body), delimiter=delimiter))]
    except csv.Error as error:
        raise UserError(
            f"{file.name}: its first line can't be read ({error}). It should hold the column names"
        ) from None
    for place, name in enumerate(names):
        if not name:
            names[place] = f"column_{place + 1}"
            emit(Note(f"{file.name}: column {place + 1} has no name; it is called `column_{place + 1}`"))
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None:
        raise UserError(f"{file.name} has two columns called `{twice}`: rename one of them in its first line")
    blank = text[: len(text) - len(body)].count("\n")
    return _Header(names, delimiter, blank, alone=whole and "\n" not in body)


def _delimiter(first: str) -> str:
    """A comma, unless the first line has none of them and has another of the usual ones."""
    if "," in first:
        return ","
    return max(";\t|", key=first.count) if any(mark in first for mark in ";\t|") else ","


@dataclass
class _Quotes:
    """How many quotation marks went by."""

    seen: int = 0


class _Counted(io.RawIOBase):
    """A stream that counts the quotation marks read from it."""

    def __init__(self, stream: BinaryIO, quotes: _Quotes) -> None:
        self._stream, self._quotes = stream, quotes

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._quotes.seen += data.count(b'"')
        return data


def _refuse_open_quote(file: DataFile, header: _Header, missing: Sequence[str]) -> None:
    """An odd number of quotes and a value that spans lines: a quote left open has swallowed rows.

    Arrow takes such a file without a word; an odd mark inside a value (an inch) is no harm.
    """
    first = 2
    for batch in _batches(file, header, missing):
        spans = [pc.fill_null(pc.match_substring(column, "\n"), False) for column in batch.columns]
        rows = functools.reduce(pc.or_, spans)
        place = pc.index(rows, True).as_py()
        if place >= 0:
            raise UserError(
                f"{file.name}, row {first + place} (the header is row 1): a quotation mark is left open there or "
                f"further on, and swallows the lines below it. Close it, or double a mark that belongs to a value"
            )
        first += batch.num_rows


def _batches(
    file: DataFile, header: _Header, missing: Sequence[str], quotes: _Quotes | None = None
) -> Iterator[pa.RecordBatch]:
    """The rows below the header as text columns."""
    if header.alone:
        return
    with opened(file) as stream:
        yield from _text_batches(file, _Counted(stream, quotes) if quotes else stream, header, missing)


def _text_batches(
    file: DataFile, stream: BinaryIO | _Counted, header: _Header, missing: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    names = header.names
    try:
        yield from arrow_csv.open_csv(
            stream,
            read_options=arrow_csv.ReadOptions(
                use_threads=False,
                block_size=_BLOCK,
                column_names=names,
                skip_rows=header.blank,
                skip_rows_after_names=1,
            ),
            parse_options=arrow_csv.ParseOptions(delimiter=header.delimiter, newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=["", *missing]
            ),
        )
    except pa.ArrowInvalid as error:
        said = str(error)
        if "Empty CSV" in said:
            return
        raise UserError(_mend(file, names, said)) from None


def _mend(file: DataFile, names: Sequence[str], said: str) -> str:
    """Arrow's words for a broken file, in ours."""
    ragged = re.search(r"Row #(\d+): Expected (\d+) columns, got (\d+)", said)
    if ragged:
        row, expected, got = ragged.groups()
        return (
            f"{file.name}, row {row} (the header is row 1): {got} values where the header has {expected} columns. "
            f"Mend the row, or quote the values that hold a delimiter"
        )
    if "invalid UTF8" in said:
        where = re.search(r"column #(\d+):(?: Row #(\d+))?", said)
        column = f"column `{names[int(where[1])]}`" if where else "a value"
        return _not_utf8(file, f"{column}, row {where[2]}" if where and where[2] else column)
    if "straddl" in said:
        return f"{file.name} has a row of more than {_BLOCK // 2**20} MB: is a quotation mark left open? Close it"
    return f"{file.name} can't be read: {said.splitlines()[0][:200]}. Write it again"


def _not_utf8(file: DataFile, where: str) -> str:
    return f"{file.name}, {where}: bytes that are not UTF-8 text. Save the file as UTF-8"
