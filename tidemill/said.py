"""A sentence that can be said in any language: its English text with names in braces, and their values."""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Said", "filled", "to_say"]

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
        text = str(super().format_field(value, format_spec))
        return self._say_number(text) if isinstance(value, int | float) else text


def to_say(text: str) -> str:
    """The text itself, marked as one that a report says: so it finds its way into the files of translations."""
    return text


def filled(text: str, values: Mapping[str, Value], say_number: Callable[[str], str]) -> str:
    """``text`` with ``values`` for its fields; ``say_number`` respells each number that Python formatted."""
    return _Filling(say_number).vformat(text, (), values)
