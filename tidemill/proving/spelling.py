"""The forms that rows come in: typed frames as Parquet gives them, JSON objects as clients send them, lines and CSV.

The same value is spelt in one way in one row and in another in the next: 1 and 1.0, true and "yes", a time with and
without its zone, a number as text, a category's number as a number.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from tidemill.proving.oddities import Value
from tidemill.proving.probes import Column, Part

__all__ = ["as_csv", "as_frame", "as_json", "as_lines", "as_parquet"]

Json = str | int | float | bool | list[Any] | None

LARGEST_INTEGER = 2**63


def as_frame(part: Part) -> pd.DataFrame:
    """One dtype a column; numbers are whole ones where all of a column are."""
    return pd.DataFrame(
        {column.name: _typed(column, [row[place] for row in part.rows]) for place, column in enumerate(part.columns)},
        index=range(len(part.rows)),
    )


def as_json(part: Part) -> list[dict[str, Json]]:
    """One object a row, as a client in any language may write it."""
    return [
        {column.name: _spelt(column, value, number) for column, value in zip(part.columns, row, strict=True)}
        for number, row in enumerate(part.rows)
    ]


def as_parquet(part: Part) -> bytes:
    """A Parquet file of the typed frame."""
    held = io.BytesIO()
    as_frame(part).to_parquet(held, index=False)
    return held.getvalue()


def as_lines(part: Part) -> bytes:
    """A file of JSON lines."""
    return "".join(f"{json.dumps(row)}\n" for row in as_json(part)).encode()


def as_csv(part: Part) -> bytes:
    """A CSV file in UTF-8, with nothing where a value is missing."""
    held = io.StringIO(newline="")
    writer = csv.writer(held)
    writer.writerow([column.name for column in part.columns])
    for row in as_json(part):
        writer.writerow([_cell(value) for value in row.values()])
    return held.getvalue().encode()


def _typed(column: Column, values: list[Value]) -> pd.Series:
    if column.kind == "number":
        known = [value for value in values if value is not None]
        whole = all(isinstance(value, int) and abs(value) < LARGEST_INTEGER for value in known)
        return pd.Series(values, dtype="Int64" if known and whole else "float64")
    dtypes = {"category": "str", "boolean": "boolean", "time": "datetime64[us, UTC]"}
    return pd.Series(values, dtype=dtypes[column.kind])


def _spelt(column: Column, value: Value, row: int) -> Json:
    if value is None:
        return None
    if column.pixels:
        read: list[Any] = json.loads(str(value))
        return read
    return _SPELLINGS[column.kind](column, value, row)


def _time(column: Column, value: Value, row: int) -> Json:
    assert isinstance(value, datetime)
    if column.formats:
        return value.strftime(column.formats[0])
    plain = value.replace(tzinfo=None)
    return f"{plain.isoformat()}Z" if row % 2 == 0 else plain.isoformat(sep=" ")


def _boolean(column: Column, value: Value, row: int) -> Json:
    return bool(value) if row % 2 == 0 else ("yes", "true")[row % 3 == 0] if value else ("no", "false")[row % 3 == 0]


def _category(column: Column, value: Value, row: int) -> Json:
    text = str(value)
    is_number = text.isascii() and text.isdigit() and text == str(int(text)) and len(text) < 16
    return int(text) if is_number and row % 2 else text


def _number(column: Column, value: Value, row: int) -> Json:
    assert isinstance(value, int | float)
    if row % 7 == 3:
        return repr(value)
    whole = float(value).is_integer() and abs(value) < 2**53
    if whole:
        return int(value) if row % 2 == 0 else float(value)
    return value


_SPELLINGS: Mapping[str, Callable[[Column, Value, int], Json]] = {
    "time": _time,
    "boolean": _boolean,
    "category": _category,
    "number": _number,
}


def _cell(value: Json) -> str:
    if value is None:
        return ""
    return json.dumps(value) if isinstance(value, list) else str(value)
