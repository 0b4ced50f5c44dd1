"""Expressions on one row of plain values, for the REST service: microseconds where a frame takes milliseconds.

Covers what ``derive`` mostly says (arithmetic, times and durations, comparisons of numbers, parts of
times) and gives exactly what :func:`tidemill.expressions.evaluate` gives. For anything else
:func:`compiled` gives None, and the caller goes the general way.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from tidemill.expressions.parsing import literal_of, parse

__all__ = ["Single", "SingleKind", "compiled"]

SingleKind = Literal["number", "boolean", "time", "duration"]
Values = Mapping[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LONGEST = 3.2e17
_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}
_NUMBERS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_PARTS: dict[str, Callable[[datetime], int]] = {
    "hour": lambda moment: moment.hour,
    "weekday": datetime.weekday,
    "month": lambda moment: moment.month,
    "year": lambda moment: moment.year,
}


@dataclass(frozen=True)
class Single:
    """A compiled expression.

    ``value`` takes a row's values: numbers and booleans as float (not-a-number when missing), times as
    aware UTC datetimes (None when missing); it gives the same, and raises OverflowError for a time that
    a datetime can't hold.
    """

    kind: SingleKind
    columns: frozenset[str]
    value: Callable[[Values], Any]


class _Unsupported(Exception):  # noqa: N818 - no error: it asks for the general way
    """A part of an expression that only the general way evaluates."""


def compiled(expression: str, kinds: Mapping[str, str]) -> Single | None:
    """The expression for single rows, or None when it holds what only the general way evaluates."""
    parsed = parse(expression)
    try:
        made = _Compiler(parsed.names, kinds).part(parsed.tree)
    except _Unsupported:
        return None
    if made.kind == "duration":
        return None
    inner = made.value
    value = (lambda row: _moment(inner(row))) if made.kind == "time" else inner
    return Single(made.kind, parsed.columns, value)


@dataclass(frozen=True)
class _Part:
    """A part of the tree. Inside, times and durations are whole microseconds, or None."""

    kind: SingleKind
    value: Callable[[Values], Any]


class _Compiler:
    def __init__(self, names: Mapping[str, str], kinds: Mapping[str, str]) -> None:
        self._names = names
        self._kinds = kinds

    def part(self, node: ast.expr) -> _Part:
        literal = literal_of(node)
        if isinstance(literal, int | float) and not isinstance(literal, bool):
            number = float(literal)
            return _Part("number", lambda row: number)
        if isinstance(node, ast.Name):
            return self._column(self._names[node.id])
        if isinstance(node, ast.BinOp):
            return _binary(node.op, self.part(node.left), self.part(node.right))
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARISONS:
            return _comparison(_COMPARISONS[type(node.ops[0])], self.part(node.left), self.part(node.comparators[0]))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) == 1:
            return _called(node.func.id, self.part(node.args[0]))
        raise _Unsupported

    def _column(self, name: str) -> _Part:
        kind = self._kinds.get(name)
        if kind == "number":
            return _Part("number", lambda row: row[name])
        if kind == "boolean":
            return _Part("boolean", lambda row: row[name])
        if kind == "time":
            return _Part("time", lambda row: _microseconds(row[name]))
        raise _Unsupported


def _binary(operation: ast.operator, left: _Part, right: _Part) -> _Part:
    kinds = left.kind, right.kind
    first, second = left.value, right.value
    if set(kinds) <= {"number", "boolean"} and type(operation) in _NUMBERS:
        apply = _NUMBERS[type(operation)]
        return _Part("number", lambda row: _arithmetic(apply, first(row), second(row)))
    if kinds == ("duration", "duration") and isinstance(operation, ast.Div):
        return _Part("number", lambda row: _ratio(first(row), second(row)))
    sums: dict[tuple[type[ast.operator], tuple[str, str]], SingleKind] = {
        (ast.Add, ("time", "duration")): "time",
        (ast.Add, ("duration", "time")): "time",
        (ast.Add, ("duration", "duration")): "duration",
        (ast.Sub, ("time", "duration")): "time",
        (ast.Sub, ("time", "time")): "duration",
        (ast.Sub, ("duration", "duration")): "duration",
    }
    gives = sums.get((type(operation), kinds))
    if gives is None:
        raise _Unsupported
    sign = 1 if isinstance(operation, ast.Add) else -1
    return _Part(gives, lambda row: _sum(first(row), second(row), sign))


def _comparison(compare: Callable[[float, float], bool], left: _Part, right: _Part) -> _Part:
    if not {left.kind, right.kind} <= {"number", "boolean"}:
        raise _Unsupported
    first, second = left.value, right.value

    def value(row: Values) -> float:
        one, other = first(row), second(row)
        return math.nan if math.isnan(one) or math.isnan(other) else float(compare(one, other))

    return _Part("boolean", value)


def _called(name: str, argument: _Part) -> _Part:
    inner = argument.value
    if name in _SECONDS and argument.kind == "number":
        factor = _SECONDS[name] * 1e6
        return _Part("duration", lambda row: _duration(inner(row) * factor))
    if name in _PARTS and argument.kind == "time":
        part = _PARTS[name]
        return _Part("number", lambda row: _time_part(part, inner(row)))
    if name == "abs" and argument.kind == "number":
        return _Part("number", lambda row: abs(inner(row)))
    raise _Unsupported


def _arithmetic(apply: Callable[[float, float], float], left: float, right: float) -> float:
    try:
        outcome = apply(left, right)
    except ZeroDivisionError:
        return math.nan
    return outcome if math.isfinite(outcome) else math.nan


def _ratio(left: int | None, right: int | None) -> float:
    return math.nan if left is None or not right else float(left) / float(right)


def _sum(left: int | None, right: int | None, sign: int) -> int | None:
    return None if left is None or right is None else left + sign * right


def _duration(microseconds: float) -> int | None:
    return round(microseconds) if abs(microseconds) <= _LONGEST else None


def _time_part(part: Callable[[datetime], int], microseconds: int | None) -> float:
    return math.nan if microseconds is None else float(part(_EPOCH + timedelta(microseconds=microseconds)))


def _microseconds(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - _EPOCH) // _MICROSECOND


def _moment(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)
