"""The small value types of a use case: names, columns, durations, moments, expressions, cron lines."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, GetJsonSchemaHandler, PlainSerializer, WithJsonSchema
from pydantic_core import CoreSchema

from tidemill.errors import UserError
from tidemill.expressions import check
from tidemill.moments import in_utc

__all__ = [
    "Columns",
    "Cron",
    "Duration",
    "Entry",
    "Expression",
    "FieldError",
    "Moment",
    "Name",
    "OrText",
    "Range",
    "Size",
    "Span",
    "Text",
    "Texts",
    "check_name",
    "duration_text",
    "parse_duration",
    "parse_moment",
    "parse_size",
    "section_from_text",
    "size_text",
]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*([smhdw])\s*$", re.ASCII)
_SIZES = {"kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZE = re.compile(r"^\s*(\d{1,15}(?:\.\d{1,6})?)\s*(kB|MB|GB|TB)\s*$", re.ASCII)
_SIZE_RULE = "a size is a number and one of kB, MB, GB, TB, such as `6GB` or `800MB`"
_NAME = re.compile(r"^[a-z0-9][a-z0-9_-]{0,62}\Z")
_DURATION_RULE = "a duration is a number and one of s, m, h, d, w, such as `3h` or `30d`"
_MOMENT_RULE = "a moment is a date or a time such as `2013-10-01` or `2013-10-01T06:00:00Z`"
_LONGEST = timedelta(days=36_525)
_CRON_FIELDS = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")),
    ("day of the week", 0, 7, ("sun", "mon", "tue", "wed", "thu", "fri", "sat")),
)


class FieldError(ValueError):
    """A section's fields do not go together; ``field`` is the one to blame, from the section down."""

    def __init__(self, field: str | tuple[str, ...], message: str) -> None:
        super().__init__(message)
        self.field = (field,) if isinstance(field, str) else field


@dataclass(frozen=True)
class OrText:
    """Marks a type that may also be written as one text, for the published schema."""

    description: str

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """The type's own schema, or a text."""
        text = {"type": "string", "minLength": 1, "description": self.description}
        return {"anyOf": [text, handler(schema)]}


def section_from_text(field: str) -> Callable[[object], object]:
    """A validator that reads one text as a section with that ``field``."""
    return lambda value: {field: value} if isinstance(value, str) else value


def parse_duration(value: object) -> timedelta:
    """Read ``90s``, ``15m``, ``3h``, ``30d`` or ``2w``, up to 100 years. Raises ValueError on anything else."""
    if isinstance(value, timedelta):
        return value
    match = _DURATION.match(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(_DURATION_RULE)
    seconds = float(match[1]) * _UNITS[match[2]]
    if seconds > _LONGEST.total_seconds():
        raise ValueError("a duration is 100 years at most")
    return timedelta(seconds=seconds)


def duration_text(value: timedelta) -> str:
    """A short text that :func:`parse_duration` reads back as the same duration: `7d`, `90m`."""
    seconds = value.total_seconds()
    for unit in ("d", "h", "m"):
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{int(seconds // _UNITS[unit])}{unit}"
    return f"{seconds:.6f}".rstrip("0").rstrip(".") + "s"


def parse_size(value: object) -> int:
    """Read ``800MB``, ``6GB`` or ``1.5TB`` as bytes. Raises ValueError on anything else."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    match = _SIZE.match(value) if isinstance(value, str) else None
    if match is None or not float(match[1]):
        raise ValueError(_SIZE_RULE)
    return round(float(match[1]) * _SIZES[match[2]])


def size_text(value: int) -> str:
    """Bytes for a person to read, with two digits after the point at the most: `6GB`, `1.25MB`."""
    unit = next((name for name in ("TB", "GB", "MB") if value >= _SIZES[name]), "kB")
    return f"{value / _SIZES[unit]:.2f}".rstrip("0").rstrip(".") + unit


def parse_moment(value: object) -> datetime:
    """Read a date or an ISO 8601 time as an aware UTC datetime; without an offset it is UTC. Else ValueError."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(_MOMENT_RULE) from None
    if isinstance(value, datetime):
        try:
            return in_utc(value)
        except OverflowError:
            raise ValueError(_MOMENT_RULE) from None
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    raise ValueError(_MOMENT_RULE)


def check_name(value: str) -> str:
    """Give ``value`` back when it can name a use case, and so a folder and a key. Else ValueError."""
    if not _NAME.match(value):
        raise ValueError(
            "a name has small letters, digits, `-` and `_` only, 63 at most, and starts with a letter or a digit"
        )
    return value


def _exact_size(value: int) -> str:
    return f"{value / 1000:.3f}".rstrip("0").rstrip(".") + "kB"


def _longer_than_nothing(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("it must be longer than nothing, such as `30d`")
    return value


def _one_or_many(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _each_once(value: tuple[str, ...]) -> tuple[str, ...]:
    for name in value:
        if value.count(name) > 1:
            raise ValueError(f"`{name}` is there twice: name it once")
    return value


def _check_expression(value: str) -> str:
    try:
        check(value)
    except UserError as problem:
        raise ValueError(str(problem)) from None
    return value


def _check_range(value: tuple[float | None, float | None]) -> tuple[float | None, float | None]:
    low, high = value
    if low is None and high is None:
        raise ValueError("one of lowest and highest must be a number, such as `[0, null]`")
    if low is not None and high is not None and low > high:
        raise ValueError(f"the lowest value {low:g} is above the highest {high:g}: swap them")
    return value


def _check_cron(value: str) -> str:
    fields = value.split()
    if len(fields) != 5:
        raise ValueError(
            "a cron line has five fields: minute, hour, day of the month, month, day of the week, such as `0 3 1 * *`"
        )
    for text, (what, low, high, words) in zip(fields, _CRON_FIELDS, strict=True):
        if not all(_is_cron_part(part.lower(), low, high, words) for part in text.split(",")):
            raise ValueError(f"`{text}` can't be the {what} of a cron line: it is {low} to {high}, or `*`, or `*/n`")
    return value


def _is_cron_part(part: str, low: int, high: int, words: tuple[str, ...]) -> bool:
    body, _, step = part.partition("/")
    if "/" in part and not (step.isascii() and step.isdigit() and 0 < int(step[:4]) <= high):
        return False
    if body == "*":
        return True
    first = 1 if words and words[0] == "jan" else 0
    numbers = []
    for end in body.split("-", 1):
        if end in words:
            numbers.append(words.index(end) + first)
        elif end.isascii() and end.isdigit() and len(end) <= 2:
            numbers.append(int(end))
        else:
            return False
    return low <= numbers[0] <= numbers[-1] <= high


Text = Annotated[str, Field(min_length=1)]
Columns = Annotated[
    tuple[Text, ...], BeforeValidator(_one_or_many), AfterValidator(_each_once), OrText("One column, by its name.")
]
Entry = Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$", examples=["shop.orders:rows"])]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_one_or_many), OrText("One text.")]
Range = Annotated[
    tuple[float | None, float | None],
    AfterValidator(_check_range),
    WithJsonSchema(
        {
            "type": "array",
            "items": {"anyOf": [{"type": "number"}, {"type": "null"}]},
            "minItems": 2,
            "maxItems": 2,
        }
    ),
]
Expression = Annotated[
    str,
    AfterValidator(_check_expression),
    WithJsonSchema({"type": "string", "minLength": 1, "examples": ["arr_delay > 15"]}),
]
Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(duration_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": _DURATION.pattern, "examples": ["3h", "30d"]}),
]
Size = Annotated[
    int,
    BeforeValidator(parse_size),
    PlainSerializer(_exact_size, return_type=str),
    WithJsonSchema({"type": "string", "pattern": _SIZE.pattern, "examples": ["6GB", "800MB"]}),
]
Span = Annotated[Duration, AfterValidator(_longer_than_nothing)]
Moment = Annotated[
    datetime,
    BeforeValidator(parse_moment),
    WithJsonSchema({"type": "string", "examples": ["2013-10-01", "2013-10-01T06:00:00Z"]}),
]
Cron = Annotated[
    str, AfterValidator(_check_cron), WithJsonSchema({"type": "string", "minLength": 1, "examples": ["0 3 1 * *"]})
]
Name = Annotated[
    str,
    AfterValidator(check_name),
    WithJsonSchema({"type": "string", "pattern": _NAME.pattern.replace(r"\Z", "$")}),
]
