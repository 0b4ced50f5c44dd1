"""The blocks of a page as Markdown: for model cards, which live beside code and in other people's tools."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tidemill.reporting.page import (
    Badge,
    Block,
    Cell,
    Headline,
    Link,
    Notice,
    Picture,
    Points,
    Prose,
    Section,
    Table,
    plain_cell,
)

__all__ = ["markdown", "notice_text"]

_INLINE = re.compile(r"`([^`]+)`|\*\*(.+?)\*\*")


def markdown(*, title: str, kicker: str, headline: Headline, sections: Sequence[Section]) -> str:
    """The page as Markdown text. What users wrote is escaped. Pictures are left out."""
    parts = [f"# {_plain(title)}", _rich(kicker), f"**{_plain(headline.verdict)}.** {_rich(headline.sentence)}"]
    for section in sections:
        parts += [f"## {_plain(section.title)}", _rich(section.lead)]
        parts += [text for block in section.blocks for text in _block(block)]
    return "\n\n".join(part for part in parts if part) + "\n"


def notice_text(notice: Notice) -> str:
    """A notice as Markdown, for a text that is written already."""
    said = " ".join(_rich(piece) for piece in re.split(r"\n\s*\n", notice.text.strip()))
    return f"**{_plain(notice.title)}.** {said}"


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Prose):
        yield from (_rich(piece) for piece in re.split(r"\n\s*\n", block.text.strip()))
    elif isinstance(block, Points):
        yield "\n".join(f"- {_rich(point)}" for point in block.points)
    elif isinstance(block, Table):
        if block.caption:
            yield f"{_rich(block.caption)}:"
        yield _table(block)
    else:
        raise TypeError(f"a {type(block).__name__} has no form in Markdown")


def _table(table: Table) -> str:
    lines = [[_rich(name) for name in table.head], ["---"] * len(table.head)]
    lines += [[_cell(cell) for cell in row] for row in table.rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(cell: Cell) -> str:
    if isinstance(cell, Picture):
        return ""
    return _rich(cell.text if isinstance(cell, Link | Badge) else plain_cell(cell))


def _rich(text: str) -> str:
    """Escaped text on one line, in which code stays code and what is strong stays strong."""
    parts, last = [], 0
    for match in _INLINE.finditer(text):
        code, strong = match.groups()
        parts += [_plain(text[last : match.start()]), f"`{_code(code)}`" if code else f"**{_plain(strong)}**"]
        last = match.end()
    return " ".join("".join([*parts, _plain(text[last:])]).split())


def _plain(text: str) -> str:
    """Text that is safe inside of Markdown and its tables."""
    return re.sub(r"([\\`*_\[\]<>|#~&])", r"\\\1", re.sub(r"\s+", " ", text))


def _code(text: str) -> str:
    """Text inside of backticks."""
    return " ".join(text.replace("|", "¦").split())
