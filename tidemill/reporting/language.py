"""The language that a report is written in: every text that people read goes through :func:`say`.

A language is one file, ``translations/<language>.po``, in the form of GNU gettext, so that any translator's
editor opens it. English needs none: it is what the code says, and what stands where a translation is missing.
:mod:`tidemill.reporting.extract` keeps the files whole.
"""

from __future__ import annotations

import io
import re
import string
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib import resources
from typing import TYPE_CHECKING

from tidemill.errors import UserError, did_you_mean
from tidemill.said import Said, Value, filled, to_say

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog, Message

__all__ = [
    "ENGLISH",
    "in_words",
    "language",
    "languages",
    "retold",
    "say",
    "say_number",
    "say_plural",
    "speaking",
    "to_say",
]

ENGLISH = "en"
_SPOKEN: ContextVar[str] = ContextVar("language", default=ENGLISH)


@contextmanager
def speaking(wanted: str) -> Iterator[None]:
    """Everything said in the block is said in that language. Raises UserError when there is no file for it."""
    known = languages()
    if wanted not in known:
        raise UserError(
            f"reports are not written in `{wanted}`{did_you_mean(wanted, known)}: there is {', '.join(known)}"
        )
    token = _SPOKEN.set(wanted)
    try:
        yield
    finally:
        _SPOKEN.reset(token)


def language() -> str:
    """The code of the language that is spoken now, such as ``id``."""
    return _SPOKEN.get()


@cache
def languages() -> tuple[str, ...]:
    """The codes of the languages that reports can be written in, English first."""
    files = resources.files("tidemill.reporting").joinpath("translations").iterdir()
    return (ENGLISH, *sorted(one.name.removesuffix(".po") for one in files if one.name.endswith(".po")))


def say(text: str, **values: Value) -> str:
    """``text`` in the language that is spoken, with ``values`` for its ``{fields}``.

    Numbers with a format (``{lead:.4f}``, ``{rows:,}``) are spelled as the language spells them. Texts among the
    values are put in as they are: say them first. ``text`` is a literal, or one that
    :func:`~tidemill.said.to_say` marked; without values it may be any other text, which stays as it is.
    """
    translated = _translations(language()).gettext(text)
    return filled(translated, values, say_number) if values else translated


def say_plural(one: str, many: str, how_many: int, **values: Value) -> str:
    """What is said of so many things; their number is ``{count}``. Each language has as many forms as it needs."""
    translated = _translations(language()).ngettext(one, many, how_many)
    return filled(translated, {"count": say_number(f"{how_many:,}"), **values}, say_number)


_NAMES = ("baseline", "measure", "metric", "rival")
_TOLD = ("expected", "kind", "observed", "told")
_NUMBER = r"[−-]?[\d,]*\.?\d+(?:e[+-]?\d+)?[ \u00a0]?%?"


def in_words(sentence: Said) -> str:
    """A stored sentence in the language that is spoken, its names of metrics and of plain models too."""
    return say(sentence.text, **{name: _valued(name, value) for name, value in sentence.values.items()})


def _valued(name: str, value: Value) -> Value:
    if not isinstance(value, str):
        return value
    return _named(value) if name in _NAMES else retold(value) if name in _TOLD else value


def _named(name: str) -> str:
    """A name as the language has it; what stands in brackets behind it stays."""
    known, bracket, rest = name.partition(" (")
    return f"{say(known)}{bracket}{rest}"


def retold(text: str) -> str:
    """An English sentence that :func:`~tidemill.said.to_tell` made and that was stored, in the language that is spoken.

    It is known again by its words: of the texts of which it can be made, the one with most of them. Several, with
    ``; `` between them, are said one by one. What nobody tells stays as it is.
    """
    if language() == ENGLISH:
        return text
    parts = text.split("; ")
    said = [_known(part) for part in parts]
    whole = _known(text) if None in said else None
    return whole or "; ".join(part if one is None else one for part, one in zip(parts, said, strict=True))


def _known(text: str) -> str | None:
    """What a stored sentence is in the language that is spoken; None for one that nobody tells."""
    if (plain := say(text)) != text:
        return plain
    for pattern, told in _patterns(language()):
        if found := pattern.fullmatch(text):
            values = {name: _part(name, value) for name, value in found.groupdict().items()}
            return _Refilling().vformat(say(told), (), values)
    return None


def _part(name: str, value: str) -> str:
    """What a field of a stored sentence held: a sentence of its own, a number, or a text that stays as it is."""
    if name in _TOLD:
        return retold(value)
    if several := re.fullmatch(r"(.+) and ([\d,]+) more", value):
        return say("{items} and {more} more", items=several[1], more=say_number(several[2]))
    return say_number(value) if re.fullmatch(_NUMBER, value) else value


class _Refilling(string.Formatter):
    """Fills fields with what is spelled already."""

    def format_field(self, value: object, format_spec: str) -> str:
        return str(value)


@cache
def _patterns(wanted: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """What sentences of each text with fields look like: those that go on after another one first, then by their words.

    Texts that nobody but the reports says are not stored: their short ones (``{first} and {last}``) would fit too much.
    """
    texts = [one.id for one in _catalog(wanted) if isinstance(one.id, str) and "{" in one.id and _stored(one)]
    sizes = {text: sum(len(said) for said, *_ in string.Formatter().parse(text)) for text in texts}
    ordered = sorted(filter(sizes.get, texts), key=lambda one: (not one.startswith("{told}"), -sizes[one]))
    return tuple((re.compile(_pattern(text), re.DOTALL), text) for text in ordered)


def _stored(text: Message) -> bool:
    return any(not file.startswith("tidemill/reporting/") for file, _ in text.locations)


def _pattern(text: str) -> str:
    """A field with a format is a number; what stands in backticks ends at the next one."""
    made, seen, before = "", set[str](), ""
    for said, name, spec, _ in string.Formatter().parse(text):
        made, before = made + re.escape(said), said or before
        if name is not None:
            anything = "[^`]*" if before.endswith("`") else ".*?"
            made += f"(?P={name})" if name in seen else f"(?P<{name}>{_NUMBER if spec else anything})"
            seen.add(name)
    return made


def say_number(text: str) -> str:
    """A number as Python formats it (``1,234.5``) with the marks of the language that is spoken (``1.234,5``)."""
    return text if language() == ENGLISH else text.translate(_marks(language()))


@cache
def _marks(wanted: str) -> dict[int, str]:
    from babel.numbers import get_decimal_symbol, get_group_symbol

    return str.maketrans({",": get_group_symbol(wanted), ".": get_decimal_symbol(wanted)})


@cache
def _translations(wanted: str) -> NullTranslations:
    if wanted == ENGLISH:
        return NullTranslations()
    from babel.messages.mofile import write_mo

    compiled = io.BytesIO()
    write_mo(compiled, _catalog(wanted))
    compiled.seek(0)
    return GNUTranslations(compiled)


@cache
def _catalog(wanted: str) -> Catalog:
    from babel.core import Locale
    from babel.messages.pofile import read_po

    file = resources.files("tidemill.reporting").joinpath("translations", f"{wanted}.po")
    with file.open("rb") as opened:
        return read_po(opened, locale=Locale.parse(wanted))
