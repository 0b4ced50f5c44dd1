"""Rows as a database's driver gives them, as Arrow columns: typed by the values themselves."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

from tidemill.moments import in_utc

__all__ = ["page_of"]

_TIME = pa.timestamp("us", "UTC")
_LEAST, _MOST = -(2**63), 2**63 - 1


def page_of(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> pa.Table:
    """Rows as a table. Whole numbers beyond 64 bits and decimals become float64, times UTC (without an offset they
    are UTC), bytes hexadecimal text, lists and objects JSON, and what has no better type its text.

    Raises UnicodeError for a text that is half a character, OverflowError for a time that Arrow can't hold.
    """
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return pa.Table.from_arrays([_column(values) for values in columns], names=list(names))


def _column(values: Sequence[Any]) -> pa.Array:
    kinds = set(map(type, values)) - {type(None)}
    if not kinds:
        return pa.nulls(len(values))
    if kinds == {bool}:
        return pa.array(values, pa.bool_())
    if kinds == {int} and all(_LEAST <= value <= _MOST for value in values if value is not None):
        return pa.array(values, pa.int64())
    if kinds <= {int, float, Decimal}:
        return pa.array([None if value is None else _number(value) for value in values], pa.float64())
    if all(issubclass(kind, date) for kind in kinds):
        return pa.array([None if value is None else in_utc(value) for value in values], _TIME)
    if kinds == {str}:
        return pa.array(values, pa.string())
    return pa.array([None if value is None else _text(value) for value in values], pa.string())


def _number(value: float | Decimal) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.copysign(math.inf, value)


def _text(value: object) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, default=_inner, ensure_ascii=False)
    if isinstance(value, bool):
        return str(value).lower()
    written: Callable[[], str] | None = getattr(value, "isoformat", None)
    return written() if written is not None else str(value)


def _inner(value: object) -> object:
    return float(value) if isinstance(value, Decimal) else _text(value)
