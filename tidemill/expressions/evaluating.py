"""Evaluating a checked expression on a frame, one node at a time, with the rules for kinds and missing values."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from tidemill.errors import UserError
from tidemill.expressions.columns import WORDS, Kind, coerced, finite, is_empty, kind_of, nulls, read_column
from tidemill.expressions.functions import call
from tidemill.expressions.parsing import Parsed, literal_of
from tidemill.usecase.values import parse_moment

__all__ = ["evaluate_parsed"]

_SYMBOLS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
}
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}
_COMPARISONS: dict[type[ast.cmpop], tuple[str, Callable[[Any, Any], Any]]] = {
    ast.Eq: ("==", operator.eq),
    ast.NotEq: ("!=", operator.ne),
    ast.Lt: ("<", operator.lt),
    ast.LtE: ("<=", operator.le),
    ast.Gt: (">", operator.gt),
    ast.GtE: (">=", operator.ge),
}
# What a sum, difference, product or quotient of two kinds is. A side without any value takes the first kind that fits.
_GIVES: dict[str, dict[tuple[Kind, Kind], Kind]] = {
    "+": {
        ("number", "number"): "number",
        ("text", "text"): "text",
        ("time", "duration"): "time",
        ("duration", "time"): "time",
        ("duration", "duration"): "duration",
    },
    "-": {
        ("number", "number"): "number",
        ("time", "time"): "duration",
        ("time", "duration"): "time",
        ("duration", "duration"): "duration",
    },
    "*": {("number", "number"): "number", ("duration", "number"): "duration", ("number", "duration"): "duration"},
    "/": {("number", "number"): "number", ("duration", "duration"): "number", ("duration", "number"): "duration"},
    "//": {("number", "number"): "number", ("duration", "duration"): "number"},
    "%": {("number", "number"): "number"},
}


def evaluate_parsed(parsed: Parsed, frame: pd.DataFrame) -> pd.Series:
    """See :func:`tidemill.expressions.evaluate`."""
    try:
        result = _Evaluation(parsed, frame).value(parsed.tree)
    except UserError as problem:
        raise UserError(f"the expression “{' '.join(parsed.text.split())}”: {problem}") from None
    if kind_of(result) == "duration":
        raise UserError(
            f"the expression “{' '.join(parsed.text.split())}” gives a duration: "
            "divide it, such as `(a - b) / minutes(1)`, for a number"
        )
    return result.rename(None)


class _Evaluation:
    """One expression on one frame. Every value is a settled column as long as the frame."""

    def __init__(self, parsed: Parsed, frame: pd.DataFrame) -> None:
        self._names = parsed.names
        self._frame = frame

    def value(self, node: ast.expr) -> pd.Series:
        literal = literal_of(node)
        if literal is not None:
            return self._constant(literal)
        if isinstance(node, ast.Name):
            return read_column(self._frame, self._names[node.id])
        if isinstance(node, ast.BinOp):
            return _arithmetic(_SYMBOLS[type(node.op)], self.value(node.left), self.value(node.right))
        if isinstance(node, ast.UnaryOp):
            return self._unary(node)
        if isinstance(node, ast.BoolOp):
            return self._logic(node)
        if isinstance(node, ast.Compare):
            return self._comparison(node)
        assert isinstance(node, ast.Call)
        assert isinstance(node.func, ast.Name)
        return call(node.func.id, [self.value(argument) for argument in node.args])

    def _constant(self, literal: str | int | float | bool) -> pd.Series:
        dtype = {bool: "boolean", int: "int64", float: "float64", str: "str"}[type(literal)]
        return pd.Series(literal, index=self._frame.index, dtype=dtype)

    def _unary(self, node: ast.UnaryOp) -> pd.Series:
        value = self.value(node.operand)
        if isinstance(node.op, ast.Not):
            return ~coerced(value, "boolean", "`not`")
        if kind_of(value) == "duration":
            return -value if isinstance(node.op, ast.USub) else value
        number = coerced(value, "number", "a sign")
        return -number if isinstance(node.op, ast.USub) else number

    def _logic(self, node: ast.BoolOp) -> pd.Series:
        word = "and" if isinstance(node.op, ast.And) else "or"
        sides = [coerced(self.value(side), "boolean", f"`{word}`") for side in node.values]
        result = sides[0]
        for side in sides[1:]:
            result = result & side if word == "and" else result | side
        return result

    def _comparison(self, node: ast.Compare) -> pd.Series:
        left, result = node.left, None
        for comparison, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(comparison, ast.In | ast.NotIn):
                assert isinstance(right, ast.List | ast.Tuple)
                outcome = self._membership(left, right.elts)
                outcome = ~outcome if isinstance(comparison, ast.NotIn) else outcome
            else:
                outcome = self._compare(type(comparison), left, right)
            result = outcome if result is None else result & outcome
            left = right
        assert result is not None
        return result

    def _compare(self, kind: type[ast.cmpop], left: ast.expr, right: ast.expr) -> pd.Series:
        symbol, compare = _COMPARISONS[kind]
        first, second = self.value(left), self.value(right)
        first, second = _as_moment(left, first, second), _as_moment(right, second, first)
        first, second = _alike(symbol, first, second)
        missing = first.isna() | second.isna()
        outcome: pd.Series = compare(first, second).astype("boolean").mask(missing)
        return outcome

    def _membership(self, left: ast.expr, items: list[ast.expr]) -> pd.Series:
        column = self.value(left)
        if is_empty(column):
            return nulls("boolean", column)
        wanted = [_member(kind_of(column), literal_of(item)) for item in items]
        outcome: pd.Series = column.isin(wanted).astype("boolean").mask(column.isna())
        return outcome


def _member(kind: Kind, literal: str | int | float | bool | None) -> object:
    """An item of a list after `in`, as a column of ``kind`` holds it."""
    if kind == "time" and isinstance(literal, str):
        return _moment(literal)
    is_flag, is_number = isinstance(literal, bool), isinstance(literal, int | float)
    if (kind == "text" and isinstance(literal, str)) or (kind == "boolean" and is_flag):
        return literal
    if kind == "number" and is_number and not is_flag:
        return literal
    raise UserError(f"the list after `in` holds {literal!r}, and the value beside it is {WORDS[kind]}")


def _arithmetic(symbol: str, left: pd.Series, right: pd.Series) -> pd.Series:
    left, right = (side.astype("float64") if kind_of(side) == "boolean" else side for side in (left, right))
    gives = _GIVES[symbol].get((kind_of(left), kind_of(right)))
    if gives is None:
        gives = _guess(symbol, left, right)
        return nulls(gives, left)
    if gives == "number" and kind_of(left) == "number":
        return _numbers(symbol, left, right)
    try:
        outcome = _ARITHMETIC[symbol](left, right)
    except (OverflowError, pd.errors.OutOfBoundsDatetime, pd.errors.OutOfBoundsTimedelta):
        raise UserError(f"`{symbol}` gives a time beyond what can be stored: mend the data") from None
    return finite(outcome) if gives == "number" else outcome


def _guess(symbol: str, left: pd.Series, right: pd.Series) -> Kind:
    """The kind of the outcome when one side has no value that tells its kind."""
    kinds = kind_of(left), kind_of(right)
    empty = is_empty(left), is_empty(right)
    for pair, gives in _GIVES[symbol].items():
        if all(without or kind == fits for without, kind, fits in zip(empty, kinds, pair, strict=True)):
            return gives
    mend = ": divide the times' difference by `minutes(1)`, or make the number one with `minutes(x)`"
    hint = mend if "number" in kinds and set(kinds) & {"time", "duration"} else ""
    raise UserError(f"`{symbol}` can't be used on {WORDS[kinds[0]]} and {WORDS[kinds[1]]}{hint}")


def _numbers(symbol: str, left: pd.Series, right: pd.Series) -> pd.Series:
    """Arithmetic on numbers, always ``float64``: the kind of the outcome must not hang on the values."""
    whole = symbol in ("//", "%") and left.dtype.kind == right.dtype.kind == "i"
    if not whole:
        left, right = left.astype("float64"), right.astype("float64")
    with np.errstate(all="ignore"):
        if whole:
            divisor = right.where(right != 0, 1)
            quotient: pd.Series = _ARITHMETIC[symbol](left, divisor).astype("float64")
            return quotient.where(right != 0)
        return finite(_ARITHMETIC[symbol](left, right))


def _as_moment(node: ast.expr, column: pd.Series, other: pd.Series) -> pd.Series:
    """A text written out beside a time is read as a time."""
    literal = literal_of(node)
    if not isinstance(literal, str) or kind_of(other) != "time":
        return column
    return pd.Series(_moment(literal), index=column.index).astype("datetime64[us, UTC]")


def _moment(literal: str) -> pd.Timestamp:
    try:
        return pd.Timestamp(parse_moment(literal))
    except ValueError as problem:
        raise UserError(f"`{literal}` is compared with a time, but {problem}") from None


def _alike(symbol: str, left: pd.Series, right: pd.Series) -> tuple[pd.Series, pd.Series]:
    kinds = kind_of(left), kind_of(right)
    if kinds[0] == kinds[1]:
        return left, right
    if set(kinds) == {"number", "boolean"}:
        return left.astype("float64"), right.astype("float64")
    if is_empty(left):
        return nulls(kinds[1], left), right
    if is_empty(right):
        return left, nulls(kinds[0], right)
    raise UserError(f"`{symbol}` compares {WORDS[kinds[0]]} with {WORDS[kinds[1]]}{_comparing_hint(kinds)}")


def _comparing_hint(kinds: tuple[Kind, Kind]) -> str:
    if set(kinds) == {"text", "number"}:
        return ": write the value as the column holds it, or declare the column under `columns.types`"
    return ": write `true` or `false` without quotation marks" if "boolean" in kinds else ""
