"""Numbers and times as people write them: decimal commas, and dates in the orders of day, month and year.

A *reading* is a name for one such spelling. Each value is either read exactly or not at all; which
reading a column gets is decided over all of its values, and only where no other one fits.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from tidemill.reading.plain import FLOAT, TEXT, TIME

__all__ = ["COMMA", "DATES", "THOUSANDS", "fits", "read_as", "spoken_reading", "type_of"]

COMMA = "1.234,5"
THOUSANDS = "1,234"
_MONTHS = [
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
]
_DAY, _MONTH, _YEAR, _NAME = r"(?P<day>\d{1,2})", r"(?P<month>\d{1,2})", r"(?P<year>\d{4})", r"(?P<month>[A-Za-z]{3,9})"
_SECOND = r"(?::(?P<second>\d{2}(?:\.\d{1,6})?))?"
_CLOCK = rf"(?:(?:T| +)(?P<hour>\d{{1,2}}):(?P<minute>\d{{2}}){_SECOND}(?: *(?P<half>[AaPp])\.?[Mm]\.?)?)?"


def _pattern(parts: tuple[str, ...], between: str) -> str:
    return f"^{between.join(parts)}{_CLOCK}$"


DATES: Mapping[str, str] = {
    "day/month/year": _pattern((_DAY, _MONTH, _YEAR), "/"),
    "day.month.year": _pattern((_DAY, _MONTH, _YEAR), r"\."),
    "day-month-year": _pattern((_DAY, _MONTH, _YEAR), "-"),
    "month/day/year": _pattern((_MONTH, _DAY, _YEAR), "/"),
    "month.day.year": _pattern((_MONTH, _DAY, _YEAR), r"\."),
    "month-day-year": _pattern((_MONTH, _DAY, _YEAR), "-"),
    "year/month/day": _pattern((_YEAR, _MONTH, _DAY), "/"),
    "year.month.day": _pattern((_YEAR, _MONTH, _DAY), r"\."),
    "day-name-year": _pattern((_DAY, _NAME, _YEAR), "-"),
    "day name year": _pattern((_DAY, _NAME, _YEAR), " "),
    "name day, year": _pattern((_NAME, _DAY, _YEAR), ",? "),
}
_GROUPED = r"^[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d+)?$"
_IN_THOUSANDS = r"^[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?$"


def type_of(reading: str) -> pa.DataType:
    """The plain type that a reading gives."""
    return FLOAT if reading == COMMA else TIME if reading in DATES else TEXT


def spoken_reading(reading: str) -> str:
    """A reading in words."""
    return {COMMA: "decimal commas", THOUSANDS: "thousands"}.get(reading, reading)


def fits(values: pa.Array, reading: str) -> bool:
    """Whether every value that is not null reads so."""
    if reading == THOUSANDS:
        return bool(pc.all(pc.match_substring_regex(values, _IN_THOUSANDS)).as_py() is not False)
    return read_as(values, reading) is not None


def read_as(values: pa.Array, reading: str) -> pa.Array | None:
    """Trimmed text as numbers or times (UTC) in this spelling; None when a value does not read so."""
    if reading == COMMA:
        return _commas(values)
    coded = values.dictionary_encode()
    times = _dates(coded.dictionary, DATES[reading])
    return None if times is None else times.take(coded.indices)


def _commas(values: pa.Array) -> pa.Array | None:
    if pc.all(pc.match_substring_regex(values, _GROUPED)).as_py() is False:
        return None
    plain = pc.replace_substring(pc.replace_substring(values, ".", ""), ",", ".")
    return pc.replace_substring_regex(plain, r"^\+", "").cast(FLOAT)


def _dates(values: pa.Array, pattern: str) -> pa.Array | None:
    parts = pc.extract_regex(values, pattern)
    if parts.null_count > values.null_count:
        return None
    part = {name: pc.struct_field(parts, name) for name in ("day", "month", "year", "hour", "minute", "second", "half")}
    month = part["month"]
    if "[A-Za-z]{3,9}" in pattern:
        month = _numbered(month)
        if month is None:
            return None
    moments = pc.binary_join_element_wise(
        part["year"], pc.utf8_lpad(month, 2, "0"), pc.utf8_lpad(part["day"], 2, "0"), "-"
    )
    clock = _clock(part["hour"], part["minute"], part["second"], part["half"])
    if clock is None:
        return None
    try:
        return pc.binary_join_element_wise(moments, clock, "T").cast(pa.timestamp("us")).cast(TIME)
    except pa.ArrowInvalid:
        return None


def _numbered(names: pa.Array) -> pa.Array | None:
    """The months' numbers; None for a word that is no month's name or its first three letters."""
    words = pc.utf8_lower(names)
    known = pa.array([*_MONTHS, *(month[:3] for month in _MONTHS)])
    numbers = pa.array([*range(1, 13)] * 2).cast(TEXT)
    place = pc.index_in(words, value_set=known)
    return None if place.null_count > names.null_count else numbers.take(place)


def _clock(hour: pa.Array, minute: pa.Array, second: pa.Array, half: pa.Array) -> pa.Array | None:
    """``HH:MM:SS``: midnight where there is no time, the hours of AM and PM counted to 24; None for 13 PM and 0 AM."""
    hours = pc.if_else(pc.equal(hour, ""), "0", hour).cast(pa.int32())
    halved = pc.not_equal(half, "")
    wrong = pc.and_(halved, pc.or_(pc.less(hours, 1), pc.greater(hours, 12)))
    if pc.any(wrong).as_py():
        return None
    late = pc.is_in(half, value_set=pa.array(["p", "P"]))
    twelve = pc.if_else(pc.equal(hours, 12), 0, hours)
    hours = pc.if_else(halved, pc.if_else(late, pc.add(twelve, 12), twelve), hours)
    hour = pc.utf8_lpad(hours.cast(TEXT), 2, "0")
    minute = pc.if_else(pc.equal(minute, ""), "00", minute)
    second = pc.if_else(pc.equal(second, ""), "00", second)
    return pc.binary_join_element_wise(hour, minute, second, ":")
