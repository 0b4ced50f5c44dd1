"""The layout of every page that Tidemill writes: one self-contained HTML file from blocks.

A page is a headline, some facts, and sections of blocks. Every text is escaped; in texts, `` `x` `` becomes
code and ``**x**`` strong. Charts (:mod:`tidemill.reporting.charts`) are the only markup that is let through.
The page needs no network and no script, and reads on a phone, on paper and in the dark.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import ClassVar, Literal

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup, escape

from tidemill.reporting.language import language, say
from tidemill.reporting.wording import MISSING, count, number

__all__ = [
    "Badge",
    "Block",
    "Cell",
    "Code",
    "Fact",
    "Facts",
    "Figure",
    "Figures",
    "Fold",
    "Headline",
    "Link",
    "Notice",
    "Pairs",
    "Picture",
    "Points",
    "Prose",
    "Section",
    "Table",
    "Tone",
    "colours",
    "notice_markup",
    "plain_cell",
    "render",
]

Tone = Literal["plain", "good", "warn", "bad"]


@dataclass(frozen=True)
class Link:
    """A link, for a table's cell or a list of pairs. Only http(s) and relative addresses are let through."""

    text: str
    href: str
    kind: ClassVar[str] = "link"


@dataclass(frozen=True)
class Badge:
    """A word on a coloured ground, such as a severity."""

    text: str
    tone: Tone = "plain"
    kind: ClassVar[str] = "badge"


@dataclass(frozen=True)
class Picture:
    """A small chart in a table's cell."""

    svg: str
    kind: ClassVar[str] = "picture"


Cell = str | int | float | None | Link | Badge | Picture


@dataclass(frozen=True)
class Prose:
    """Paragraphs, apart by an empty line."""

    text: str
    kind: ClassVar[str] = "prose"


@dataclass(frozen=True)
class Points:
    """Sentences, one a line with a point before it."""

    points: Sequence[str]
    kind: ClassVar[str] = "points"


@dataclass(frozen=True)
class Fact:
    """One number that matters, what it is, and a few words on it."""

    label: str
    value: str
    note: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True)
class Facts:
    """Some numbers in a row."""

    facts: Sequence[Fact]
    kind: ClassVar[str] = "facts"


@dataclass(frozen=True)
class Notice:
    """Something to see at once: what it is about, and what it means."""

    tone: Tone
    title: str
    text: str = ""
    kind: ClassVar[str] = "notice"


@dataclass(frozen=True)
class Figure:
    """A chart, its title, and plain words on what it shows for this very model."""

    svg: str
    title: str
    words: str
    kind: ClassVar[str] = "figure"


@dataclass(frozen=True)
class Figures:
    """Small figures beside each other, two in a row where there is room; ``packed`` when they differ in height."""

    figures: Sequence[Figure]
    packed: bool = False
    kind: ClassVar[str] = "figures"


@dataclass(frozen=True)
class Table:
    """Rows under a head. Columns of numbers stand to the right. It scrolls by itself where it is too wide."""

    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""
    kind: ClassVar[str] = "table"

    @property
    def right(self) -> frozenset[int]:
        """The columns that hold numbers."""
        columns = range(1, len(self.head))
        return frozenset(at for at in columns if all(_numeric(row[at]) for row in self.rows) and self.rows)


@dataclass(frozen=True)
class Pairs:
    """Names and what belongs to them, such as ids and versions."""

    pairs: Sequence[tuple[str, Cell]]
    kind: ClassVar[str] = "pairs"


@dataclass(frozen=True)
class Code:
    """Text as a machine wrote it, line by line."""

    text: str
    kind: ClassVar[str] = "code"


@dataclass(frozen=True)
class Fold:
    """Blocks that open on a click. On paper only those that are open are printed."""

    summary: str
    blocks: Sequence[Block]
    kind: ClassVar[str] = "fold"


Block = Prose | Points | Facts | Notice | Figure | Figures | Table | Pairs | Code | Fold


@dataclass(frozen=True)
class Section:
    """A part of the page, in the table of contents by its title. ``lead`` says in a sentence what it found."""

    title: str
    blocks: Sequence[Block]
    lead: str = ""

    @property
    def id(self) -> str:
        """Its anchor: letters and digits of the title, hyphens between."""
        return re.sub(r"[\W_]+", "-", self.title.lower()).strip("-") or "section"


@dataclass(frozen=True)
class Headline:
    """What the page says, in a sentence, and how good the news are. ``verdict`` is one or two words."""

    verdict: str
    sentence: str
    tone: Tone = "plain"


def render(
    *,
    title: str,
    kicker: str,
    headline: Headline,
    facts: Sequence[Fact],
    sections: Sequence[Section],
    footer: str,
    links: Sequence[Link] = (),
    brief: bool = False,
) -> str:
    """The page as HTML text, in the language that is spoken.

    ``kicker`` is the small line above the title: what kind of page, of what, from when. ``links`` lead to the pages
    beside it. A ``brief`` page has no contents, and is set so that it fits a sheet of paper.
    """
    return _environment().get_template("page.html").render(
        title=title,
        kicker=kicker,
        headline=headline,
        facts=Facts(facts),
        sections=sections,
        footer=footer,
        links=links,
        brief=brief,
        language=language(),
        words={"skip": say("Skip to the content"), "contents": say("Contents")},
    )  # fmt: skip


def notice_markup(notice: Notice) -> str:
    """A notice as HTML, for a page that is written already."""
    said = Markup('<div class="notice {}"><p><strong>{}</strong></p>{}</div>')
    return str(said.format(notice.tone, _rich(notice.title), _paragraphs(notice.text)))


def colours() -> str:
    """The colours of every page, as CSS variables, by day and by night."""
    return (resources.files(__package__) / "colours.css").read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    folder = resources.files(__package__)
    css = colours() + (folder / "page.css").read_text(encoding="utf-8")
    environment = Environment(
        loader=DictLoader({"page.html": (folder / "page.html").read_text(encoding="utf-8")}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"css": Markup(css), "missing": MISSING}
    environment.filters |= {"rich": _rich, "paragraphs": _paragraphs, "cell": plain_cell, "href": _href, "svg": Markup}
    return environment


def _numeric(cell: Cell) -> bool:
    if isinstance(cell, str):
        return cell == MISSING or re.fullmatch(r"[<≥~]? ?[+−-]?[\d.,]+(\s?%|\s[a-z]{1,3})?", cell) is not None
    return cell is None or (isinstance(cell, int | float) and not isinstance(cell, bool))


def plain_cell(cell: Cell) -> str:
    """A plain value of a table as text; links, badges and pictures are the template's."""
    if cell is None:
        return MISSING
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return str(cell)
    return count(cell) if isinstance(cell, int) else number(cell)


_INLINE = re.compile(r"`([^`]+)`|\*\*(.+?)\*\*")


def _rich(text: str) -> Markup:
    """Escaped text, in which `` `x` `` is code and ``**x**`` strong."""
    parts: list[Markup] = []
    last = 0
    for match in _INLINE.finditer(text):
        parts.append(escape(text[last : match.start()]))
        code, strong = match.groups()
        parts.append(Markup("<code>{}</code>").format(code) if code else Markup("<strong>{}</strong>").format(strong))
        last = match.end()
    return Markup("").join([*parts, escape(text[last:])])


def _paragraphs(text: str) -> Markup:
    pieces = [piece for piece in re.split(r"\n\s*\n", text.strip()) if piece]
    return Markup("\n").join(Markup("<p>{}</p>").format(_rich(piece)) for piece in pieces)


def _href(address: str) -> str:
    """The address, or ``#`` where it would run a script or show something made up."""
    scheme = re.match(r"\s*([a-zA-Z][a-zA-Z0-9+.-]*):", address)
    return address if scheme is None or scheme[1].lower() in ("http", "https") else "#"
