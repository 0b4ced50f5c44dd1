"""JSON Lines: one object a line, read a block of lines at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.json as arrow_json

from tidemill.cleaning.normalising import Kind
from tidemill.errors import UserError
from tidemill.reading.files import DataFile, opened
from tidemill.reading.guessing import Guesses, read_text
from tidemill.reading.plain import TEXT, TIME, agreed, plain_table, plain_type

__all__ = ["read_json_lines", "scan_json_lines"]

_BLOCK = 4 * 2**20
_TIMES = (pa.timestamp("us"), TIME)


def scan_json_lines(file: DataFile, kinds: Mapping[str, Kind], missing: Sequence[str]) -> tuple[pa.Schema, int]:
    """The plain type of every column, from one pass over the whole file, and the number of rows."""
    schemas: list[tuple[str, pa.Schema]] = []
    guesses: dict[str, Guesses] = {}
    rows, first = 0, 1
    for block, lines in _blocks(file):
        table = _parsed(file, block, first)
        schemas.append((f"line {first} of {file.name}", _schema(table)))
        for field in table.schema:
            if field.type == TEXT:
                guess = guesses.setdefault(field.name, Guesses([field.name], kinds, missing, _TIMES))
                for chunk in table.column(field.name).chunks:
                    guess.see(field.name, chunk)
        rows, first = rows + table.num_rows, first + lines
    united, _ = agreed(_distinct(schemas), kinds)
    types = {field.name: field.type for field in united}
    for name, guess in guesses.items():
        answer = guess.answer(name)
        if types[name] == TEXT and answer == TIME:
            types[name] = TIME
    return pa.schema(list(types.items())), rows


def read_json_lines(file: DataFile, schema: pa.Schema, missing: Sequence[str]) -> Iterator[pa.Table]:
    """The file's rows in order, a block at a time, with the types that ``schema`` gives its columns."""
    first = 1
    for block, lines in _blocks(file):
        table = _parsed(file, block, first)
        first += lines
        for field in schema:
            place = table.schema.get_field_index(field.name)
            if place >= 0 and field.type == TIME and table.schema.field(place).type == TEXT:
                text = table.column(place).combine_chunks()
                table = table.set_column(place, field.name, read_text(text, TIME, missing))
        yield plain_table(table, schema)


def _blocks(file: DataFile) -> Iterator[tuple[bytes, int]]:
    """Whole lines, some megabytes at a time, and how many lines they are."""
    with opened(file) as stream:
        rest = b""
        while data := stream.read(_BLOCK):
            data = rest + data
            cut = data.rfind(b"\n") + 1
            block, rest = data[:cut], data[cut:]
            if block.strip():
                yield block.removeprefix(b"\xef\xbb\xbf"), block.count(b"\n")
        if rest.strip():
            yield rest.removeprefix(b"\xef\xbb\xbf"), 1


def _parsed(file: DataFile, block: bytes, first: int) -> pa.Table:
    """A block as a table whose times, if any, are still text."""
    try:
        block.decode()
    except UnicodeDecodeError as error:
        line = first + block[: error.start].count(b"\n")
        raise UserError(f"{file.name}, line {line}: bytes that are not UTF-8 text. Save the file as UTF-8") from None
    options = arrow_json.ReadOptions(use_threads=False, block_size=max(len(block), 1024))
    try:
        table = arrow_json.read_json(pa.BufferReader(block), read_options=options)
        texts = [(field.name, TEXT) for field in table.schema if pa.types.is_timestamp(field.type)]
        if texts:
            parse = arrow_json.ParseOptions(explicit_schema=pa.schema(texts))
            table = arrow_json.read_json(pa.BufferReader(block), read_options=options, parse_options=parse)
    except pa.ArrowInvalid as error:
        raise UserError(_mend(file, block, first, str(error))) from None
    twice = next((name for name in table.schema.names if table.schema.names.count(name) > 1), None)
    if twice is not None:
        raise UserError(f"{file.name} has two values called `{twice}` in one line: rename one of them")
    return table


def _schema(table: pa.Table) -> pa.Schema:
    """Plain types; whole numbers with nulls count as numbers."""
    types = {}
    for field in table.schema:
        plain = plain_type(field.type)
        gaps = table.column(field.name).null_count > 0
        types[field.name] = pa.float64() if plain == pa.int64() and gaps else plain
    return pa.schema(list(types.items()))


def _distinct(schemas: list[tuple[str, pa.Schema]]) -> list[tuple[str, pa.Schema]]:
    """The distinct schemas in order: thousands of alike blocks need comparing once."""
    seen: list[tuple[str, pa.Schema]] = []
    for where, schema in schemas:
        if not any(schema.equals(known) for _, known in seen):
            seen.append((where, schema))
    return seen


def _mend(file: DataFile, block: bytes, first: int, said: str) -> str:
    """Which line is broken, found by reading the block again line by line."""
    for number, line in enumerate(block.split(b"\n"), start=first):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError as error:
            return f"{file.name}, line {number} is not JSON ({error}). Mend the line"
        if not isinstance(value, dict):
            return f"{file.name}, line {number} is not an object in braces. Write one object a line"
    return f"{file.name} can't be read: {said.splitlines()[0][:200]}. Make each name hold values of one type"
