"""Whether a query only reads: a conservative look at its text, before the database is asked.

It is the first of three looks: a query is also run inside ``SELECT … FROM (query)`` where limits are pushed
down, and in a read-only transaction where the database has one.
"""

from __future__ import annotations

import re

from tidemill.errors import UserError

__all__ = ["one_select"]

_TOKENS = re.compile(
    r"""
      (?P<comment> --[^\n]* | /\*.*?\*/ )
    | (?P<text> '(?:[^']|'')*' | (?P<tag>\$[A-Za-z_]*\$).*?(?P=tag) )
    | (?P<name> "(?:[^"]|"")*" | `[^`]*` | \[[^\]\n]*\] )
    | (?P<word> [A-Za-z_]\w* )
    | (?P<end> ; )
    | (?P<other> \S )
    """,
    re.VERBOSE | re.DOTALL,
)
_WRITING = frozenset({"insert", "update", "delete", "merge", "into"})


def one_select(query: str, where: str) -> str:
    """The query without a semicolon at its end. Raises UserError when it is anything else than one SELECT."""
    words: list[str] = []
    start = end = None
    for token in _TOKENS.finditer(query):
        kind = token.lastgroup
        if kind == "comment":
            continue
        if end is not None:
            raise UserError(f"{where}: it holds more than one statement: give one SELECT")
        if kind == "end":
            end = token.start()
            continue
        start = token.start() if start is None else start
        if kind == "word":
            words.append(token[0].lower())
        elif not words and token[0] != "(":
            break
    if start is None or not words or words[0] not in ("select", "with"):
        said = f", and begins with `{words[0].upper()[:20]}`" if words else ""
        raise UserError(f"{where}: it must be one SELECT{said}. To read a whole table, give its name as `table`")
    writing = next((word for word in words if word in _WRITING), None)
    if writing is not None:
        raise UserError(
            f"{where}: it holds `{writing.upper()}`, and must only read: give one SELECT (a column of that name "
            "goes into quotation marks)"
        )
    return query[:end] if end is not None else query
