"""The language that a report is written in: every text that people read goes through :func:`say`.

A language is one file, ``translations/<language>.po``, in the form of GNU gettext, so that any translator's
editor opens it. English needs none: it is what the code says, and what stands where a translation is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib import resources

from babel.core import Locale
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from babel.numbers import get_decimal_symbol, get_group_symbol

from tidemill.errors import UserError, did_you_mean
from tidemill.said import Said, Value, filled

__all__ = ["ENGLISH", "in_words", "language", "languages", "say", "say_number", "speaking"]

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
    values are put in as they are: say them first.
    """
    translated = text if language() == ENGLISH else _translation(language(), text)
    return filled(translated, values, say_number) if values else translated


def in_words(sentence: Said) -> str:
    """A stored sentence in the language that is spoken."""
    return say(sentence.text, **sentence.values)


def say_number(text: str) -> str:
    """A number as Python formats it (``1,234.5``) with the marks of the language that is spoken (``1.234,5``)."""
    if language() == ENGLISH:
        return text
    marks = str.maketrans({",": get_group_symbol(language()), ".": get_decimal_symbol(language())})
    return text.translate(marks)


def _translation(wanted: str, text: str) -> str:
    message = _catalog(wanted).get(text)
    said = message.string if message is not None else ""
    return said if isinstance(said, str) and said else text


@cache
def _catalog(wanted: str) -> Catalog:
    file = resources.files("tidemill.reporting").joinpath("translations", f"{wanted}.po")
    with file.open("rb") as opened:
        return read_po(opened, locale=Locale.parse(wanted))
