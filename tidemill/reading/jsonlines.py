"""JSON Lines: one object a line, read a block of lines at a time.

Arrow reads a block at once. Where it can't do so exactly (values of several types under one name, nested
values, whole numbers that a float would change, lines that are broken), the block is read line by line.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as arrow_json

from tidemill.errors import UserError
from tidemill.reading.contents import TextStream, text_of
from tidemill.reading.delimited import Piece
from tidemill.reading.files import DataFile
from tidemill.reading.guessing import Column, candidates, judged, read_text
from tidemill.reading.holding import EXACT, Held, Scanned, together
from tidemill.reading.objects import Parsed, names_of, parsed_lines
from tidemill.reading.options import Options
from tidemill.reading.plain import FLOAT, INT, NOTHING, TEXT, TIME, plain_table, plain_type
from tidemill.reading.refusing import Bad, Refusals, raw_text
from tidemill.reading.splitting import BLOCK, LONGEST, is_text
from tidemill.reading.threads import in_order

__all__ = ["read_json_lines", "scan_json_lines"]

_NESTED = 500


@dataclass(frozen=True)
class _Block:
    """Whole lines, the number of the first, and a line before them that was too long to be held."""

    data: bytes
    line: int
    bad: list[Bad]


def scan_json_lines(file: DataFile, options: Options) -> Scanned:
    """What every column holds, from one pass over the whole file, and the number of rows.

    Columns are in the order of the first line, and those that it lacks in the order of their names.
    """
    refusals = Refusals(file.name, options)
    texts: dict[str, Column] = {}
    held: dict[str, Held] = {}
    timed = set[str]()
    order: list[str] = []
    rows = 0

    def work(block: _Block) -> tuple[Parsed, dict[str, Held], dict[str, Column]]:
        read = _parsed(file, block, options, (), stream, timed)
        if block.line == 1:
            order.extend(names_of(block.data.partition(b"\n")[0], options))
        found = {field.name: _held(read.table, field.name, read.beyond) for field in read.table.schema}
        return (
            read,
            found,
            {name: _judged(read.table, name, options) for name, one in found.items() if one.type == TEXT},
        )

    with text_of(file, options) as stream:
        for read, found, judged_texts in in_order(work, _blocks(stream)):
            refusals.take(read.bad)
            before, rows = rows, rows + read.table.num_rows
            refusals.check(rows, last=False)
            for name in [*held, *sorted(set(found) - set(held))]:
                piece = found.get(name, Held(NOTHING, gaps=read.table.num_rows > 0))
                so_far = held.get(name, Held(NOTHING, gaps=before > 0))
                both = together([so_far, piece])
                assert both is not None  # only times do not mix, and here they are still text
                held[name] = both
                if piece.type not in (TEXT, NOTHING):
                    texts[name] = Column(frozenset(), seen=True)
            for name, column in judged_texts.items():
                texts[name] = texts[name] & column if name in texts else column
    refusals.check(rows, last=True)
    known = _timed(held, texts)
    names = [*(name for name in order if name in known), *(name for name in known if name not in set(order))]
    return Scanned({name: known[name] for name in names}, rows, dict(refusals.counts))


def read_json_lines(
    file: DataFile, schema: pa.Schema, options: Options, readings: Mapping[str, str]
) -> Iterator[Piece]:
    """The file's rows in order, a block at a time, with the types that ``schema`` gives its columns."""
    texts = [field.name for field in schema if field.type == TEXT]
    timed = set[str]()

    def work(block: _Block) -> Piece:
        read = _parsed(file, block, options, texts, stream, timed)
        table = read.table
        for field in schema:
            place = table.schema.get_field_index(field.name)
            if place >= 0 and field.type == TIME and table.schema.field(place).type == TEXT:
                text = table.column(place).combine_chunks()
                times = read_text(text, TIME, options.missing, readings.get(field.name))
                table = table.set_column(place, field.name, times)
        return Piece(plain_table(table, schema), read.bad)

    with text_of(file, options) as stream:
        yield from in_order(work, _blocks(stream))


def _blocks(stream: TextStream) -> Iterator[_Block]:
    """Whole lines, some megabytes at a time."""
    rest, line = b"", 1
    bad: list[Bad] = []
    while data := stream.read(BLOCK):
        data = rest + data
        cut = data.rfind(b"\n") + 1
        if not cut and len(data) > LONGEST:
            why = f"the line has more than {LONGEST // 2**20} MB"
            bad.append(Bad("read:length", why, line, raw_text(data)))
            while data and b"\n" not in data:
                data = stream.read(BLOCK)
            line, rest = line + 1, data[data.find(b"\n") + 1 :]
            continue
        if cut:
            yield _Block(data[:cut], line, bad)
            line, bad = line + data.count(b"\n", 0, cut), []
        rest = data[cut:]
    if rest or bad:
        yield _Block(rest, line, bad)


def _parsed(
    file: DataFile, block: _Block, options: Options, exact: Collection[str], stream: TextStream, timed: set[str]
) -> Parsed:
    """A block as a table of plain types whose times are still text; columns of ``exact`` as text where they are."""
    table = _at_once(block, timed)
    if table is not None:
        table = _renamed(file, table, options)
        wanted = [field for field in table.schema if field.name in exact and field.type not in (TEXT, NOTHING)]
        if not wanted:
            return Parsed(table, block.bad, frozenset())
    read = parsed_lines(file, block.data, block.line, options, exact, stream)
    return Parsed(read.table, [*block.bad, *read.bad], read.beyond)


def _at_once(block: _Block, timed: set[str]) -> pa.Table | None:
    """The block as Arrow reads it, or None where that is not exactly what it says.

    ``timed`` are columns that Arrow has taken for times before, and takes for text when told.
    Arrow's parser runs out of stack on deeply nested text, so lines of many brackets are not for it.
    """
    lines = sum(1 for line in block.data.split(b"\n") if line.strip())
    if not lines or not is_text(block.data) or block.data.count(b"[") + block.data.count(b"{") > lines + _NESTED:
        return None
    options = arrow_json.ReadOptions(use_threads=False, block_size=max(len(block.data), 1024))
    source = pa.py_buffer(block.data)
    try:
        table = arrow_json.read_json(pa.BufferReader(source), options, _as_text(timed))
        times = {field.name for field in table.schema if pa.types.is_timestamp(field.type)}
        if times:
            timed |= times
            table = arrow_json.read_json(pa.BufferReader(source), options, _as_text(timed))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    if table.num_rows != lines or b"\0" in block.data:
        return None
    for field in table.schema:
        if pa.types.is_nested(field.type) or (field.type == FLOAT and _may_be_large(table.column(field.name))):
            return None
    return table


def _as_text(names: Collection[str]) -> arrow_json.ParseOptions:
    return arrow_json.ParseOptions(explicit_schema=pa.schema([(name, TEXT) for name in sorted(names)]))


def _may_be_large(column: pa.ChunkedArray) -> bool:
    ends = pc.min_max(column).as_py()
    return ends["max"] is not None and not max(ends["max"], -ends["min"]) < EXACT


def _renamed(file: DataFile, table: pa.Table, options: Options) -> pa.Table:
    names = [options.renamed(name) for name in table.schema.names]
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None:
        raise UserError(_one_of_two(file, twice, [old for old in table.schema.names if options.renamed(old) == twice]))
    return table.rename_columns(names)


def _one_of_two(file: DataFile, name: str, olds: list[str]) -> str:
    return f"{file.name}: `rename` makes one column, `{name}`, of {' and '.join(olds)}: keep one"


def _held(table: pa.Table, name: str, beyond: Collection[str]) -> Held:
    column = table.column(name)
    kind, gaps = plain_type(column.type), column.null_count > 0
    if name in beyond:
        return Held(INT, gaps, True, True)
    if column.null_count == len(column):
        return Held(NOTHING, gaps)
    return Held(kind, gaps, kind == INT and _may_be_large(column))


def _judged(table: pa.Table, name: str, options: Options) -> Column:
    kind = options.kinds.get(name)
    column = table.column(name).combine_chunks()
    if kind in ("number", "boolean"):
        return Column(frozenset(), seen=True)
    left = candidates("time" if kind is None else kind, ".", commas=False)
    return judged(column, left, kind, options.missing)


def _timed(held: Mapping[str, Held], texts: Mapping[str, Column]) -> dict[str, Held]:
    """Columns of text that is all times are times."""
    known = {}
    for name, one in held.items():
        if one.type == TEXT and name in texts:
            said = texts[name].held()
            one = Held(said.type if said.type == TIME else TEXT, one.gaps, readings=said.readings)
        known[name] = one
    return known
