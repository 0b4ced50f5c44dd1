"""The language that a report is written in: every text that people read goes through :func:`say`.

A language is one file, ``translations/<language>.po``, in the form of GNU gettext, so that any translator's
editor opens it. English needs none: it is what the code says, and what stands where a translation is missing.
:mod:`tidemill.reporting.extract` keeps the files whole.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib import resources

from tidemill.errors import UserError, did_you_mean
from tidemill.said import Said, Value, filled, to_say

__all__ = ["ENGLISH", "in_words", "language", "languages", "say", "say_number", "say_plural", "speaking", "to_say"]

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


def in_words(sentence: Said) -> str:
    """A stored sentence in the language that is spoken, its names of metrics and of plain models too."""
    values = {
        name: _named(value) if name in _NAMES and isinstance(value, str) else value
        for name, value in sentence.values.items()
    }
    return say(sentence.text, **values)


def _named(name: str) -> str:
    """A name as the language has it; what stands in brackets behind it stays."""
    known, bracket, rest = name.partition(" (")
    return f"{say(known)}{bracket}{rest}"


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
    from babel.core import Locale
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    file = resources.files("tidemill.reporting").joinpath("translations", f"{wanted}.po")
    compiled = io.BytesIO()
    with file.open("rb") as opened:
        write_mo(compiled, read_po(opened, locale=Locale.parse(wanted)))
    compiled.seek(0)
    return GNUTranslations(compiled)
