"""What names a person in JSON and in other texts: found, and put out of sight.

In JSON by structure: what is said of the person's column (its levels, a slice of it, an entry by its name) is compared
as a whole value, however short that is. Anywhere else only a value that can't stand there by chance is looked for
(:func:`~tidemill.erasing.values.telling`).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tidemill.erasing.values import telling, token
from tidemill.store import Json

__all__ = ["Names"]

_FRACTION = re.compile(r"^(-?(?:0|[1-9][0-9]*))\.0+$")
_ENCODING = {"levels", "values", "prior"}
_VALUES = {"value", "partial_unexpected_list", "unexpected_list", "partial_unexpected_counts"}
_MARKUP = re.compile(r"(<script\b.*?</script>|<style\b.*?</style>|<[^>]*>)", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class Names:
    """The values to look for, with the mark that takes the place of each, and what their ``columns`` are called."""

    columns: frozenset[str]
    marks: Mapping[str, str]
    fold: bool
    _tokens: tuple[tuple[re.Pattern[str], str, str], ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        said = [value for value in self.marks if telling(value)]
        tokens = [(token(one), one, self.marks[value]) for value in said for one in {value, html.escape(value)}]
        object.__setattr__(self, "_tokens", tuple(tokens))

    @property
    def columns_only(self) -> int:
        """How many values are looked for in columns and fields alone."""
        return sum(not telling(value) for value in self.marks)

    def spelt(self, value: object) -> str | None:
        """A text or a number as the values are spelt; None for anything else."""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return None
        text = (
            (f"{value:.0f}" if float(value).is_integer() else repr(value)) if isinstance(value, float) else str(value)
        )
        text = _FRACTION.sub(r"\1", text.strip())
        return text.lower() if self.fold else text

    def in_json(self, said: Json) -> int:
        """How often JSON names somebody."""
        return sum(1 for _ in self._places(said, inside=False))

    def out_of_json(self, said: Json) -> Json:
        """The same JSON with a mark in every such place. Levels that are read by the target's mean go out whole."""
        return self._cleared(said, inside=False)

    def in_text(self, text: str) -> int:
        """How often any other text does."""
        return sum(len(pattern.findall(text)) for pattern, value, _ in self._tokens if value in text)

    def out_of_text(self, text: str) -> str:
        """The same text with a mark in every such place."""
        for pattern, value, mark in self._tokens:
            if value in text:
                text = pattern.sub(mark, text)
        return text

    def out_of_page(self, page: str) -> str:
        """An HTML page that is known to show the values, with marks in place of even the short ones."""
        pieces = _MARKUP.split(page)
        for place in range(0, len(pieces), 2):
            for value, mark in self.marks.items():
                pieces[place] = token(value).sub(mark, pieces[place])
        return "".join(pieces)

    def in_bytes(self, data: bytes) -> int:
        """How often a binary file holds a value as text."""
        return sum(data.count(value.encode()) for _, value, _ in self._tokens)

    def _places(self, said: Json, *, inside: bool, value: bool = False) -> Iterable[str]:
        """What is named, place by place. ``value``: it stands where a value of the column does, so a number counts."""
        if isinstance(said, dict):
            here = inside or self._is_about(said)
            for name, one in said.items():
                if self._is_named(name, inside=here):
                    yield name
                within = here or name in self.columns
                levels = name == "levels" and said.keys() >= _ENCODING
                yield from self._places(one, inside=within, value=within and (levels or name in _VALUES))
        elif isinstance(said, list):
            for one in said:
                yield from self._places(one, inside=inside, value=value)
        elif isinstance(said, str):
            if self._is_named(said, inside=inside):
                yield said
        elif value and self.spelt(said) in self.marks:
            yield str(said)

    def _cleared(self, said: Json, *, inside: bool, value: bool = False) -> Json:
        if isinstance(said, dict):
            here = inside or self._is_about(said)
            kept = self._without_levels(said) if here and said.keys() >= _ENCODING else said
            made = {}
            for name, one in kept.items():
                within = here or name in self.columns
                cleared = self._cleared(one, inside=within, value=within and name in _VALUES)
                made[self._marked(name, inside=here)] = cleared
            return made
        if isinstance(said, list):
            return [self._cleared(one, inside=inside, value=value) for one in said]
        if isinstance(said, str):
            return self._marked(said, inside=inside)
        spelt = self.spelt(said) if value else None
        return said if spelt is None else self.marks.get(spelt, said)

    def _without_levels(self, said: dict[str, Json]) -> dict[str, Json]:
        keep = [place for place, level in enumerate(said["levels"]) if self.spelt(level) not in self.marks]
        return {
            **said,
            "levels": [said["levels"][place] for place in keep],
            "values": [[values[place] for place in keep] for values in said["values"]],
        }

    def _is_about(self, said: dict[str, Json]) -> bool:
        """Whether an object says of itself that it is about the column."""
        config = said.get("expectation_config")  # what Great Expectations says of a column stands beside its name
        kwargs = config.get("kwargs", {}) if isinstance(config, dict) else {}
        named = [said.get("column"), said.get("name"), kwargs.get("column") if isinstance(kwargs, dict) else None]
        return any(isinstance(one, str) and one in self.columns for one in named)

    def _is_named(self, text: str, *, inside: bool) -> bool:
        return (inside and self.spelt(text) in self.marks) or self.in_text(text) > 0

    def _marked(self, text: str, *, inside: bool) -> str:
        spelt = self.spelt(text)
        if inside and spelt in self.marks:
            return self.marks[str(spelt)]
        return self.out_of_text(text)
