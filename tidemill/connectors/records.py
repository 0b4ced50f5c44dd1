"""Finding the records in what an API says, and records as a table of plain types."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa

from tidemill.connectors.answers import excerpt
from tidemill.errors import UserError, did_you_mean
from tidemill.moments import in_utc
from tidemill.reading.plain import BOOL, FLOAT, INT, NOTHING, TEXT, TIME

__all__ = ["at", "column_of", "flattened", "records_at", "tables_of"]

_ROWS = 20_000
_LARGEST = 2**63 - 1
_EXACT = 2**53
_PLAIN = {type(None), bool, int, float, str, datetime}


def at(body: Any, path: str, default: Any) -> Any:
    """What is at ``path`` (``data.items``; a name may hold dots itself), or ``default``."""
    if not path:
        return body
    if not isinstance(body, dict):
        return default
    if path in body:
        return body[path]
    head, _, rest = path.partition(".")
    return at(body[head], rest, default) if rest and head in body else default


def records_at(body: Any, path: str, where: str) -> list[Any]:
    """The list of records at ``path``; null is an empty one. Raises UserError that says what is there instead."""
    missing = object()
    found = at(body, path, missing)
    if isinstance(found, list):
        return found
    if found is None and path:
        return []
    if found is missing:
        raise UserError(f"{where}: there is nothing at `{path}`{_mend(body, path)}")
    what = "an object" if isinstance(found, dict) else f"`{excerpt(str(found))[:60]}`"
    place = f"at `{path}`" if path else "at the top of the answer"
    raise UserError(f"{where}: {place} is {what}, not a list of records{_mend(body, path)}")


def flattened(record: Mapping[Any, Any]) -> dict[str, Any]:
    """A record as one row: an object in it becomes dotted columns, and what is deeper or a list JSON as text.

    Raises KeyError with a name that two of its values would have.
    """
    row: dict[str, Any] = {}
    for name, value in record.items():
        inner = {f"{name}.{key}": one for key, one in value.items()} if isinstance(value, dict) else {str(name): value}
        for key, one in inner.items():
            if key in row:
                raise KeyError(key)
            row[key] = one
    return row


def tables_of(rows: Iterable[Mapping[str, Any]]) -> Iterator[pa.Table]:
    """Flat rows as tables of 20,000, in order. A row without any value is a row all the same."""
    shells: set[str] = set()
    waiting: list[Mapping[str, Any]] = []
    for row in rows:
        waiting.append(row)
        if len(waiting) >= _ROWS:
            yield _table(waiting, shells)
            waiting = []
    if waiting:
        yield _table(waiting, shells)


def column_of(values: Sequence[Any]) -> pa.Array:
    """Values as the narrowest plain type that holds every one of them exactly; what is no number at all is null."""
    kinds = {type(value) for value in values}
    if not kinds <= _PLAIN:
        values = [_plain(value) for value in values]
    if float in {type(value) for value in values}:
        values = [None if value != value else value for value in values]
    kinds = {type(value) for value in values} - {type(None)}
    if not kinds:
        return pa.nulls(len(values), NOTHING)
    if kinds in ({bool}, {datetime}):
        return pa.array(values, BOOL if kinds == {bool} else TIME)
    if kinds <= {int, float}:
        most = max((abs(value) for value in values if type(value) is int), default=0)
        if kinds == {int} and most <= _LARGEST:
            return pa.array(values, INT)
        if most <= _EXACT:
            return pa.array([None if value is None else float(value) for value in values], FLOAT)
    return pa.array([_spelled(value) for value in values], TEXT)


def _table(rows: Sequence[Mapping[str, Any]], shells: set[str]) -> pa.Table:
    """The rows' columns, in order of first appearance. ``shells`` are the names of objects that became dotted columns:
    a null in an object's place is no column. Rows without any value are counted by a column without a name.
    """
    names = dict.fromkeys(name for row in rows for name in row)
    shells |= {name.rpartition(".")[0] for name in names if "." in name}
    columns = {name: column_of([row.get(name) for row in rows]) for name in names}
    kept = {name: one for name, one in columns.items() if one.type != NOTHING or name not in shells}
    return pa.table(kept or columns or {"": pa.nulls(len(rows), NOTHING)})


def _spelled(value: Any) -> str | None:
    """A value as text: JSON for lists and objects, ISO 8601 for times, and 5.0 as 5, which it may have been."""
    match value:
        case None:
            return None
        case str():
            return value if value.isascii() else value.encode("utf-8", "replace").decode()
        case bool():
            return "true" if value else "false"
        case float():
            return str(int(value)) if value.is_integer() and abs(value) <= _EXACT else repr(value)
        case datetime() | time():
            return value.isoformat()
        case bytes() | bytearray():
            return value.hex()
        case list() | tuple() | dict():
            return json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "replace").decode()
    return str(value)


def _plain(value: Any) -> Any:
    """A value of numpy's, pandas' or the standard library's as what JSON or a time could be."""
    import numpy as np
    import pandas as pd

    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    elif isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, bool):
        return value
    if isinstance(value, pd.Timestamp):
        value = value.to_pydatetime(warn=False)
    if isinstance(value, date):
        return in_utc(value)
    for kind in (str, int, float):
        if isinstance(value, kind):
            return kind(value) if kind is not str else str.__str__(value)
    return float(value) if isinstance(value, Decimal) else _spelled(value)


def _mend(body: Any, path: str) -> str:
    """Where the lists are, so that one can be named instead."""
    if isinstance(body, list):
        return ". The answer is a list itself: leave `http.records` out"
    if not isinstance(body, dict):
        return ""
    lists = list(_places(body, "", 3))
    hint = did_you_mean(path, lists) if path else ""
    if lists:
        return f"{hint}. It has lists at {', '.join(f'`{place}`' for place in lists[:5])}: name one in `http.records`"
    return f"{hint}. It has no list: {excerpt(json.dumps(body, ensure_ascii=False))}. Check `http.url` and `parameters`"


def _places(body: Mapping[str, Any], above: str, depth: int) -> Iterator[str]:
    for name, value in body.items():
        place = f"{above}{name}"
        if isinstance(value, list):
            yield place
        elif isinstance(value, dict) and depth > 1:
            yield from _places(value, f"{place}.", depth - 1)
