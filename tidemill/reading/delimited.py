"""CSV and tab-separated text: typed by what the whole file holds, its unreadable rows told one by one."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.csv as arrow_csv

from tidemill.reading.contents import TextStream, text_of
from tidemill.reading.files import DataFile
from tidemill.reading.guessing import GROUPED, Column, candidates, judged, read_text
from tidemill.reading.header import Header, header_of
from tidemill.reading.holding import Held, Scanned
from tidemill.reading.options import Options
from tidemill.reading.plain import NOTHING, TEXT, TIME
from tidemill.reading.refusing import Bad, Refusals
from tidemill.reading.spelling import COMMA
from tidemill.reading.splitting import Block, Grammar, Splitter
from tidemill.reading.threads import in_order
from tidemill.said import to_say, to_tell

__all__ = ["Piece", "read_delimited", "scan_delimited"]


@dataclass(frozen=True)
class Piece:
    """Rows of a file as a table, and the rows among them that can't be read."""

    table: pa.Table
    bad: list[Bad]


@dataclass(frozen=True)
class _Plan:
    """How the columns of a block are converted: those of ``types`` only; ``spelled`` columns by their reading."""

    header: Header
    grammar: Grammar
    types: Mapping[str, pa.DataType]
    spelled: Mapping[str, str]
    final: Mapping[str, pa.DataType]
    missing: Sequence[str]


def scan_delimited(file: DataFile, options: Options) -> Scanned:
    """What every column holds, from one pass over the whole file, and the number of rows.

    Columns that are known to be text are no longer looked at. Raises UserError when most of the first rows, or of
    all, can't be read.
    """
    refusals = Refusals(file.name, options)
    with text_of(file, options) as stream:
        header = header_of(file, stream, options)
        commas = header.delimiter != ","
        known = {
            name: Column(candidates(options.kinds.get(name), options.decimal, commas=commas)) for name in header.names
        }
        rows = 0

        def work(block: Block) -> tuple[int, list[Bad], dict[str, Column]]:
            left = {name: column for name, column in known.items() if column.left or not column.seen}
            types = dict.fromkeys(left or header.names[:1], TEXT)
            table, bad = _parsed(block, _Plan(header, splitter.grammar, types, {}, types, options.missing))
            found = {}
            for name, column in left.items():
                values = table.column(name).combine_chunks() if table.num_rows else pa.array([], TEXT)
                found[name] = judged(values, column.left, options.kinds.get(name), options.missing)
            return table.num_rows, bad, found

        splitter = _splitter(file, stream, header, options)
        for read, bad, found in in_order(work, splitter.blocks()):
            refusals.take(bad)
            rows += read
            refusals.check(rows, last=False)
            known |= {name: known[name] & column for name, column in found.items()}
    refusals.check(rows, last=True)
    held, notes = _settled(file, header, known)
    direct = {name: column.direct() for name, column in known.items()}
    cuts = None if refusals.rows else splitter.cuts
    return Scanned(held, rows, dict(refusals.counts), notes, direct, cuts)


def read_delimited(
    file: DataFile, schema: pa.Schema, options: Options, scanned: Scanned, readings: Mapping[str, str]
) -> Iterator[Piece]:
    """The file's rows in order, a block at a time, with the types that ``schema`` gives its columns.

    ``readings`` are the spellings of columns whose text is read as numbers or times.
    """
    with text_of(file, options) as stream:
        header = header_of(file, stream, options)
        splitter = _splitter(file, stream, header, options)
        wanted = dict(zip(schema.names, schema.types, strict=True))
        final = {name: wanted[name] for name in header.names if name in wanted}
        plain = {name: _arrow_type(name, kind, scanned, readings) for name, kind in final.items()}
        if not plain:
            plain = {header.names[0]: TEXT}
        plan = _Plan(header, splitter.grammar, plain, readings, final, options.missing)
        blocks = splitter.blocks() if scanned.cuts is None else splitter.again(scanned.cuts)
        for table, bad in in_order(functools.partial(_parsed, plan=plan), blocks):
            yield Piece(table, bad)


def _arrow_type(name: str, kind: pa.DataType, scanned: Scanned, readings: Mapping[str, str]) -> pa.DataType:
    """What Arrow makes of a column: its type, or text where more has to be done."""
    direct = scanned.direct.get(name)
    if direct is None or name in readings or kind in (NOTHING, TEXT):
        return TEXT
    return direct if kind == TIME else kind


def _splitter(file: DataFile, stream: TextStream, header: Header, options: Options) -> Splitter:
    again = header.written if len(header.names) > 1 else b""
    return Splitter(file.name, stream, header.rest, header.line, again, Grammar(header.delimiter), options)


def _settled(file: DataFile, header: Header, known: Mapping[str, Column]) -> tuple[dict[str, Held], tuple[str, ...]]:
    """What the columns hold, in the light of each other, and notes on it."""
    held = {name: column.held() for name, column in known.items()}
    notes = []
    if any(one.readings == {COMMA} for one in held.values()):
        for name, column in known.items():
            if GROUPED in column.left and held[name].readings == frozenset() and "int" not in column.left:
                held[name] = Held(TEXT, held[name].gaps)
                text = to_say("`{column}` of {file} is text: its points may part thousands or decimals. Say `decimal`")
                notes.append(to_tell(text, column=name, file=file.name))
    for name in sorted(header.nameless):
        place = name.replace("_", " ")
        if held[name].type == NOTHING:
            del held[name]
            text = to_say("{file}: {place} has neither a name nor values, and is left out")
            notes.append(to_tell(text, file=file.name, place=place))
        else:
            text = to_say("{file}: {place} has no name; it is called `{column}`")
            notes.append(to_tell(text, file=file.name, place=place, column=name))
    return held, tuple(notes)


def _parsed(block: Block, plan: _Plan) -> tuple[pa.Table, list[Bad]]:
    """A block's rows in the final types, and what was refused. Raises ArrowInvalid for what can't be read as those."""
    try:
        table, ragged = _arrow(block, plan, plan.types)
    except pa.ArrowInvalid:
        table, ragged = _arrow(block, plan, dict.fromkeys(plan.types, TEXT))
    bad = sorted([*block.bad, *_ragged(block, plan, ragged)], key=lambda one: one.row)
    names = list(plan.final)
    columns = [_converted(table.column(name), plan, name) for name in names]
    if not names:
        return table.select([]), bad
    return pa.Table.from_arrays(columns, names=names), bad


def _converted(column: pa.ChunkedArray, plan: _Plan, name: str) -> pa.ChunkedArray:
    kind = plan.final[name]
    if column.type == kind:
        return column
    if column.type != TEXT:
        return column.cast(kind)
    texts = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    return pa.chunked_array([read_text(texts, kind, plan.missing, plan.spelled.get(name))])


def _arrow(block: Block, plan: _Plan, types: Mapping[str, pa.DataType]) -> tuple[pa.Table, list[arrow_csv.InvalidRow]]:
    ragged: list[arrow_csv.InvalidRow] = []

    def skip(row: arrow_csv.InvalidRow) -> str:
        ragged.append(row)
        return "skip"

    if not block.data.strip(b"\r\n"):
        return pa.schema(list(types.items())).empty_table(), []
    table = arrow_csv.read_csv(
        pa.BufferReader(block.data),
        read_options=arrow_csv.ReadOptions(
            use_threads=False, block_size=len(block.data) + 1, column_names=plan.header.names
        ),
        parse_options=arrow_csv.ParseOptions(
            delimiter=plan.header.delimiter, newlines_in_values=True, invalid_row_handler=skip
        ),
        convert_options=arrow_csv.ConvertOptions(
            check_utf8=False,
            column_types=types,
            include_columns=list(types),
            strings_can_be_null=True,
            null_values=["", *plan.missing],
        ),
    )
    return table, ragged


def _ragged(block: Block, plan: _Plan, rows: Sequence[arrow_csv.InvalidRow]) -> Iterator[Bad]:
    """Rows of more or fewer values than the header has names, each with its line. Blank lines are no rows."""
    wanted = {row.number: row for row in rows if row.text.strip()}
    if not wanted:
        return
    at, line, number = 0, block.line, 0
    while at < len(block.data) and wanted:
        found = plan.grammar.row.match(block.data, at)
        assert found is not None
        text = found.group()
        if text.strip(b"\r\n"):
            number += 1
            row = wanted.pop(number, None)
            if row is not None:
                yield _told(row, line, plan.header)
        line += text.count(b"\n") or text.count(b"\r")
        at = found.end()


def _told(row: arrow_csv.InvalidRow, line: int, header: Header) -> Bad:
    has, wanted = row.actual_columns, row.expected_columns
    why = f"{has} value{'' if has == 1 else 's'} where the header has {wanted} column{'' if wanted == 1 else 's'}"
    if has == wanted + 1 and row.text.endswith(header.delimiter):
        why += ": the row ends with a delimiter too many"
    return Bad("read:values", why, line, row.text[:65_536])
