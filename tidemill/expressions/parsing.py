"""Reading an expression: from text to a checked tree, with messages for what a person is likely to write."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tidemill.errors import UserError, did_you_mean
from tidemill.expressions.vocabulary import FUNCTIONS

__all__ = ["Parsed", "literal_of", "parse"]

LONGEST = 2_000
DEEPEST = 60
LARGEST = 2**63

Literal = str | int | float | bool

_TOKEN = re.compile(
    r"""(?P<text>'[^'\\\n]*'|"[^"\\\n]*")     # no escapes: a backslash in a text is refused below
      | `(?P<quoted>[^`\n]*)`
      | (?P<space>\s+)
      | (?P<word>[^\W\d]\w*)
      | (?P<number>\d[\w.]*|\.\d\w*)
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_WORDS = ("and", "or", "not", "in", "True", "False")
_CONSTANTS = {"true": "True", "false": "False"}
_HINTS = (
    (re.compile(r"&&|\b(AND|And)\b"), "write `and` in small letters"),
    (re.compile(r"\|\||\b(OR|Or)\b"), "write `or` in small letters"),
    (re.compile(r"\b(NOT|Not)\b|!(?!=)"), "write `not` in small letters"),
    (re.compile(r"\bis\s+(not\s+)?(null|none|na|missing)\b", re.IGNORECASE), "ask for missing values with `isnull(x)`"),
    (re.compile(r"<>"), "unequal is `!=`"),
    (re.compile(r"(?<![<>=!:])=(?!=)"), "compare with `==`"),
)
_OPERATORS: dict[type[ast.AST], str] = {
    ast.Pow: "`**` is not in the language: multiply instead",
    ast.BitAnd: "`&` is not in the language: write `and`",
    ast.BitOr: "`|` is not in the language: write `or`",
    ast.Invert: "`~` is not in the language: write `not`",
    ast.Is: "`is` is not in the language: write `==`, or `isnull(x)` for missing values",
    ast.IsNot: "`is not` is not in the language: write `!=`, or `notnull(x)` for missing values",
}
_REFUSED: dict[type[ast.AST], str] = {
    ast.Attribute: "a dot is not in the language: a column with a dot in its name goes in backticks",
    ast.Subscript: "square brackets are for lists after `in` only: a column of that name goes in backticks",
    ast.List: "a list may stand after `in` only",
    ast.Tuple: "a list may stand after `in` only",
    ast.Set: "a list is written with `[` and `]`",
    ast.IfExp: "`if … else` is not in the language",
    ast.Lambda: "functions can't be made in an expression",
    ast.JoinedStr: "texts can't have a letter such as `f` before them",
}
_ALLOWED = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.USub, ast.UAdd, ast.Not)
_COMPARISONS = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn)


@dataclass(frozen=True)
class Parsed:
    """A checked expression: its text, its tree, and which column each name in the tree stands for."""

    text: str
    tree: ast.expr
    names: Mapping[str, str]

    @property
    def columns(self) -> frozenset[str]:
        """The columns that it reads."""
        return frozenset(self.names.values())


def parse(expression: str) -> Parsed:
    """Read and check ``expression``. Raises :exc:`UserError` with the part that is wrong and the mend."""
    if not expression.strip():
        raise UserError("the expression is empty: write one such as `arr_delay > 15`")
    if len(expression) > LONGEST:
        raise UserError(
            f"the expression has {len(expression):,} characters; {LONGEST:,} is the most: derive it in steps"
        )
    code, quoted = _rewrite(expression)
    try:
        tree = ast.parse(code, mode="eval").body
        depth = _depth(tree)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise UserError(f"the expression {_show(expression)} can't be read{_hint(expression)}") from None
    if depth > DEEPEST:
        raise UserError(f"the expression {_show(expression)} is nested too deeply: derive it in steps")
    names: dict[str, str] = {}
    try:
        _check(tree, quoted, names)
    except _RefusedError as problem:
        raise UserError(f"the expression {_show(expression)} can't be used: {problem}") from None
    return Parsed(expression, tree, names)


def literal_of(node: ast.expr) -> Literal | None:
    """The value of a node that is written out (``3``, ``-3``, ``"JFK"``, ``true``), or None."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = literal_of(node.operand)
        return -value if isinstance(value, int | float) and not isinstance(value, bool) else None
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float) else None


class _RefusedError(Exception):
    """What is wrong with a part of the tree, in words."""


def _rewrite(expression: str) -> tuple[str, dict[str, str]]:
    """The expression as one line that :mod:`ast` reads, with names that Python wouldn't take replaced."""
    pieces: list[str] = []
    quoted: dict[str, str] = {}
    for token in _TOKEN.finditer(expression.strip()):
        text, kind = token[0], token.lastgroup
        if kind == "space":
            text = " "
        elif kind == "quoted" or (kind == "word" and not text.isascii()):
            column = text if kind == "word" else token["quoted"]
            if not column:
                raise UserError(f"the expression {_show(expression)} has an empty name in backticks: name a column")
            text = _placeholder(expression, len(quoted))
            quoted[text] = column
            text = f" {text} "
        elif kind == "word":
            text = _CONSTANTS.get(text, text)
        elif text in ("#", "\\", ";", "\0", "'", '"', "`"):
            raise UserError(f"the expression {_show(expression)} can't be read{_stray(text)}")
        pieces.append(text)
    return "".join(pieces).strip(), quoted


def _placeholder(expression: str, number: int) -> str:
    name = f"column_{number}_"
    while name in expression:
        name += "_"
    return name


def _stray(character: str) -> str:
    if character == "`":
        return ": a backtick is not closed"
    if character in "'\"":
        return ": a quotation mark is not closed, or there is a backslash in the text"
    return f": `{character}` is not in the language" if character != "\0" else ": it holds a zero byte"


def _depth(tree: ast.AST) -> int:
    deepest, waiting = 0, [(tree, 1)]
    while waiting:
        node, depth = waiting.pop()
        deepest = max(deepest, depth)
        waiting.extend((child, depth + 1) for child in ast.iter_child_nodes(node))
    return deepest


def _check(node: ast.expr, quoted: Mapping[str, str], names: dict[str, str]) -> None:
    """Refuse what is not in the language, and collect the columns into ``names``."""
    for part in _parts(node):
        _check(part, quoted, names)
    if isinstance(node, ast.Name):
        if node.id in ("None", "null"):
            raise _RefusedError("`null` can't be compared: ask for missing values with `isnull(x)`")
        names[node.id] = quoted.get(node.id, node.id)


def _parts(node: ast.expr) -> Iterator[ast.expr]:
    """The operands of a node that is in the language; refuses every other node."""
    if isinstance(node, ast.BinOp):
        _refuse_operator(node.op, _ALLOWED)
        yield from (node.left, node.right)
    elif isinstance(node, ast.UnaryOp):
        _refuse_operator(node.op, _ALLOWED)
        yield node.operand
    elif isinstance(node, ast.BoolOp):
        yield from node.values
    elif isinstance(node, ast.Compare):
        yield from _compared(node)
    elif isinstance(node, ast.Call):
        yield from _arguments(node)
    elif isinstance(node, ast.Constant):
        _check_constant(node.value)
    elif not isinstance(node, ast.Name):
        raise _RefusedError(_REFUSED.get(type(node), f"{type(node).__name__} is not in the language"))


def _refuse_operator(operator: ast.AST, allowed: tuple[type[ast.AST], ...]) -> None:
    if not isinstance(operator, allowed):
        name = type(operator).__name__
        raise _RefusedError(_OPERATORS.get(type(operator), f"the operator {name} is not in the language"))


def _compared(node: ast.Compare) -> Iterator[ast.expr]:
    yield node.left
    for operator, right in zip(node.ops, node.comparators, strict=True):
        _refuse_operator(operator, _COMPARISONS)
        if not isinstance(operator, ast.In | ast.NotIn):
            yield right
            continue
        if not isinstance(right, ast.List | ast.Tuple):
            raise _RefusedError('after `in` stands a list, such as `["JFK", "LGA"]`')
        if not right.elts:
            raise _RefusedError("the list after `in` is empty")
        for item in right.elts:
            if literal_of(item) is None:
                raise _RefusedError("a list after `in` holds numbers and texts only; texts stand in quotation marks")
            yield item


def _arguments(node: ast.Call) -> Iterator[ast.expr]:
    if not isinstance(node.func, ast.Name):
        raise _RefusedError("only functions of the language can be called, by their plain names")
    name = node.func.id
    if name not in FUNCTIONS:
        known = ", ".join(sorted(FUNCTIONS))
        raise _RefusedError(f"there is no function `{name}`{did_you_mean(name, FUNCTIONS)}. There are: {known}")
    function = FUNCTIONS[name]
    if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
        raise _RefusedError(f"arguments have no names and no stars: write `{function.call}`")
    if not function.fewest <= len(node.args) <= function.most:
        raise _RefusedError(f"`{name}` was given {len(node.args)} arguments: write `{function.call}`")
    if name == "round" and len(node.args) == 2:
        digits = literal_of(node.args[1])
        if not isinstance(digits, int) or isinstance(digits, bool) or not 0 <= digits <= 15:
            raise _RefusedError("the number of decimals of `round` is written out, from 0 to 15")
    if name in ("contains", "matches"):
        wanted = literal_of(node.args[1])
        if not isinstance(wanted, str) or not wanted:
            raise _RefusedError(f'what `{name}` looks for is written out, in quotation marks: `{name}(x, "late")`')
    yield from node.args


def _check_constant(value: object) -> None:
    if value is None:
        raise _RefusedError("`None` can't be compared: ask for missing values with `isnull(x)`")
    if not isinstance(value, str | int | float):
        raise _RefusedError(f"{value!r} is not in the language: there are numbers, texts, true and false")
    if isinstance(value, int | float) and not -LARGEST < value < LARGEST:
        raise _RefusedError("a number is too large: numbers go up to 9.2e18")


def _hint(expression: str) -> str:
    tokens = list(_TOKEN.finditer(expression))
    bare = "".join(" " if token.lastgroup in ("text", "quoted") else token[0] for token in tokens)
    for pattern, hint in _HINTS:
        if pattern.search(bare):
            return f": {hint}"
    if bare.count("(") > bare.count(")"):
        return ": a parenthesis is not closed. In YAML's `{ }` a value ends at a comma: put it in quotation marks there"
    for token in tokens:
        if token.lastgroup == "word" and keyword.iskeyword(token[0]) and token[0] not in _WORDS:
            return f": `{token[0]}` is a word of Python's own; a column of that name goes in backticks"
    return ": it is built like `arr_delay > 15`; a column whose name is not a plain word goes in `backticks`"


def _show(expression: str) -> str:
    text = " ".join(expression.split())
    text = text if len(text) <= 80 else text[:79] + "…"
    return f"“{text}”"
