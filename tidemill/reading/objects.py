"""JSON objects read one by one: exactly, and with a reason for each that can't be read."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from tidemill.errors import UserError
from tidemill.reading.contents import TextStream
from tidemill.reading.files import DataFile
from tidemill.reading.options import Options
from tidemill.reading.plain import BOOL, FLOAT, INT, NOTHING, TEXT
from tidemill.reading.refusing import Bad, raw_text
from tidemill.reading.splitting import is_text, not_text

__all__ = ["Parsed", "column_of", "names_of", "parsed_lines"]


@dataclass(frozen=True)
class Parsed:
    """Rows as a table, those that can't be read, and the columns of whole numbers beyond 64 bits (as text)."""

    table: pa.Table
    bad: list[Bad]
    beyond: frozenset[str]


class _Number(str):
    """A number as its digits."""

    __slots__ = ()


class _TwiceError(ValueError):
    """A name is twice in one object."""


class _BothNamesError(ValueError):
    """Two names of one object become one."""


def parsed_lines(
    file: DataFile, data: bytes, line: int, options: Options, exact: Collection[str], stream: TextStream
) -> Parsed:
    """Lines as a table. Under the names of ``exact`` numbers and true/false stay the text that they are."""
    rows: list[dict[str, Any]] = []
    bad: list[Bad] = []
    for number, text in enumerate(data.split(b"\n"), start=line):
        if not text.strip():
            continue
        found = _read(file, text, number, options, stream)
        if isinstance(found, Bad):
            bad.append(found)
        else:
            rows.append(found)
    names = dict.fromkeys(name for row in rows for name in row)
    columns, beyond = {}, set()
    for name in names:
        columns[name], is_beyond = column_of([row.get(name) for row in rows], text=name in exact)
        if is_beyond:
            beyond.add(name)
    table = pa.table(columns) if columns else pa.table({"": pa.nulls(len(rows))}).select([])
    return Parsed(table, bad, frozenset(beyond))


def names_of(text: bytes, options: Options) -> list[str]:
    """The names in a line, in order, as columns are called from here on; none for a line that can't be read."""
    try:
        value = json.loads(text.decode().removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return []
    return [options.renamed(name) for name in value] if isinstance(value, dict) else []


def column_of(values: list[Any], *, text: bool = False) -> tuple[pa.Array, bool]:
    """Values of one name in the plain type that holds all of them exactly, and whether it is digits beyond 64 bits."""
    kinds = {type(value) for value in values if value is not None}
    if kinds and not text:
        if kinds == {bool}:
            return pa.array(values, BOOL), False
        if kinds <= {_Number, float}:
            return _numbers(values)
    if not kinds:
        return pa.nulls(len(values), NOTHING), False
    return pa.array([None if value is None else _text(value) for value in values], TEXT), False


def _numbers(values: list[Any]) -> tuple[pa.Array, bool]:
    if any(type(value) is float or set(value) & set(".eE") for value in values if value is not None):
        return pa.array([None if value is None else float(value) for value in values], FLOAT), False
    if any(value is not None and (len(value) > 20 or not -(2**63) <= int(value) < 2**63) for value in values):
        return pa.array(values, TEXT), True
    return pa.array([None if value is None else int(value) for value in values], INT), False


def _text(value: Any) -> str:
    if isinstance(value, str):
        return str(value)
    return json.dumps(_spelled(value))


def _spelled(value: Any) -> Any:
    """A nested value whose numbers are numbers again."""
    if isinstance(value, dict):
        return {name: _spelled(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_spelled(one) for one in value]
    return json.loads(value) if isinstance(value, _Number) else value


def _read(file: DataFile, text: bytes, line: int, options: Options, stream: TextStream) -> dict[str, Any] | Bad:
    rule, why = "read:json", ""
    try:
        if b"\0" in text:
            rule, why = "read:nul", "a NUL byte is in it"
        elif not is_text(text):
            rule, why = "read:encoding", not_text(file.name, line, text, stream)
        else:
            value = json.loads(
                text.decode().removeprefix("\ufeff"),
                parse_int=_Number,
                parse_float=_Number,
                object_pairs_hook=_once,
            )
            if isinstance(value, dict):
                return _named(value, options)
            why = "it is not an object in braces: write one object a line"
    except _BothNamesError as error:
        raise UserError(f"{file.name}, line {line}: {error}") from None
    except _TwiceError as error:
        rule, why = "read:keys", str(error)
    except RecursionError:
        rule, why = "read:depth", "it is nested too deeply"
    except ValueError as error:
        why = f"it is not JSON ({error})"
    return Bad(rule, why, line, raw_text(text))


def _named(value: dict[str, Any], options: Options) -> dict[str, Any]:
    """The object by its columns' new names, its values flat: what is nested is text already."""
    row: dict[str, Any] = {}
    for name, one in value.items():
        new = options.renamed(name)
        if new in row:
            olds = [old for old in value if options.renamed(old) == new]
            raise _BothNamesError(f"`rename` makes one column, `{new}`, of {' and '.join(olds)}: keep one")
        flat = _text(one) if isinstance(one, dict | list) else one
        if type(flat) is str:
            flat.encode()  # half of a surrogate pair can't be stored: UnicodeEncodeError is a ValueError
        row[new] = flat
    return row


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        raise _TwiceError(f"`{next(name for name in names if names.count(name) > 1)}` is in it twice")
    return made
