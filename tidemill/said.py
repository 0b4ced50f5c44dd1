"""A sentence that can be said in any language: its English text with names in braces, and their values."""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Said", "filled", "to_say", "to_tell"]

Value = str | int | float


class Said(BaseModel):
    """What a verdict says, before it is put into words of one language.

    ``text`` is English, with fields as :meth:`str.format` has them, such as ``better by {lead:.4f}``; it is also
    the key of its translations (:mod:`tidemill.reporting.language`). ``values`` are what the fields stand for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    values: dict[str, Value] = Field(default_factory=dict)

    @property
    def english(self) -> str:
        """The sentence in English."""
        return self.text.format(**self.values)


class _Filling(string.Formatter):
    def __init__(self, say_number: Callable[[str], str]) -> None:
        self._say_number = say_number

    def format_field(self, value: object, format_spec: str) -> str:
        if isinstance(value, float) and format_spec.endswith(",") and not value.is_integer() and abs(value) < 1000:
            format_spec += ".4f" if abs(value) < 10 else ".2f"  # as it was rounded: 0.6880 beside 0.6711, not 0.688
        text = str(super().format_field(value, format_spec))
        return self._say_number(text) if isinstance(value, int | float) else text


def to_say(text: str) -> str:
    """The text itself, marked as one that a report says: so it finds its way into the files of translations."""
    return text


def to_tell(text: str, /, **values: object) -> str:
    """``text`` with ``values`` for its fields, in English: a sentence that is stored as it is.

    A report knows it again by its words (:func:`tidemill.reporting.language.retold`). A field called ``told`` is for
    what was told so itself; what other fields hold is said as it came, but for the marks of numbers.
    """
    return text.format(**values)


def filled(text: str, values: Mapping[str, Value], say_number: Callable[[str], str]) -> str:
    """``text`` with ``values`` for its fields; ``say_number`` respells each number that Python formatted."""
    return _Filling(say_number).vformat(text, (), values)
