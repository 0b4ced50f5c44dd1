"""What columns of text hold, found while the text goes by, a piece at a time.

Each column starts with every type as a candidate and loses those that fail to read one of its
values, so the answer holds for the whole file and not only for its first block. What one piece says
hangs on nothing but the piece: pieces can be judged in any order, by several threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from tidemill.cleaning.normalising import Kind
from tidemill.reading.holding import EXACT, Held
from tidemill.reading.plain import BOOL, FLOAT, INT, NOTHING, TEXT, TIME
from tidemill.reading.spelling import COMMA, DATES, THOUSANDS, fits, read_as

__all__ = ["GROUPED", "Column", "candidates", "judged", "read_text"]

_SOME = 64
_NAIVE = pa.timestamp("us")
_CASTS = {"int": INT, "float": FLOAT, "bool": BOOL, "naive": _NAIVE, "zoned": TIME}
_NUMBERS = ("int", "float", "whole", "grouped", COMMA, THOUSANDS)
_WHOLE = r"^-?\d+$"
_THREES = r"^[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+)$"
GROUPED = "grouped"
"""Marks a column of numbers whose points could part thousands (``1.234``) as well as decimals."""
_PATTERNS = {"whole": _WHOLE, GROUPED: _THREES}
_SPELLED = frozenset({COMMA, THOUSANDS, *DATES})


def candidates(kind: Kind | None, decimal: str, *, commas: bool) -> frozenset[str]:
    """What a column may be that is declared as ``kind``, the decimal mark being ``decimal``.

    ``commas`` says whether a comma can be inside a value. `whole`, `grouped` and the thousands are
    no answers, but what makes one doubtful.
    """
    numbers = {"int", "float", "whole"}
    if decimal == ",":
        numbers = {"int", "whole", COMMA}
    elif decimal == "auto" and commas:
        numbers |= {GROUPED, COMMA, THOUSANDS}
    times = {"naive", "zoned", *DATES}
    by_kind: dict[Kind, set[str]] = {"number": numbers, "category": set(), "time": times, "boolean": {"bool"}}
    return frozenset(numbers | times | {"bool"} if kind is None else by_kind[kind])


@dataclass(frozen=True)
class Column:
    """What is known of a column: the candidates ``left``, whether a value was ``seen``, and nulls (``gaps``).

    ``large``: a whole number beyond 2**53; ``untidy``: values need trimming, or a word for missing, to be read.
    """

    left: frozenset[str]
    seen: bool = False
    gaps: bool = False
    large: bool = False
    untidy: bool = False

    def __and__(self, other: Column) -> Column:
        """What is known of both pieces together."""
        return Column(
            self.left & other.left,
            self.seen or other.seen,
            self.gaps or other.gaps,
            self.large or other.large,
            self.untidy or other.untidy,
        )

    def held(self) -> Held:
        """What the column holds, by the narrowest type that reads all of it."""
        if not self.seen:
            return Held(NOTHING, self.gaps)
        if "int" in self.left:
            return Held(INT, self.gaps, self.large)
        if "float" in self.left:
            return Held(INT, self.gaps, True, True) if "whole" in self.left else Held(FLOAT, self.gaps)
        if "whole" in self.left and COMMA in self.left:
            return Held(INT, self.gaps, True, True)
        if "bool" in self.left:
            return Held(BOOL, self.gaps)
        if self.left & {"naive", "zoned"}:
            return Held(TIME, self.gaps)
        readings = self.left & {COMMA, THOUSANDS, *DATES}
        return Held(TEXT, self.gaps, readings=frozenset() if readings == {THOUSANDS} else readings)

    def direct(self) -> pa.DataType | None:
        """The type in which Arrow reads all of the column from CSV at once; None where more has to be done."""
        if self.untidy:
            return None
        return next((kind for name, kind in _CASTS.items() if name in self.left), None)


def judged(values: pa.Array, left: frozenset[str], kind: Kind | None, missing: Sequence[str]) -> Column:
    """Which of the candidates read every one of ``values``."""
    gaps = values.null_count > 0
    if values.null_count == len(values):
        return Column(left, gaps=gaps)
    if not left:
        return Column(left, seen=True, gaps=gaps)
    if kind != "number" and _holds_codes(values):
        left -= frozenset(_NUMBERS)
    judge = _Judge(values, missing)
    alive = judge.alive(left)
    return Column(alive, judge.seen, gaps or judge.gaps, "int" in alive and judge.large(), judge.untidy)


def read_text(values: pa.Array, kind: pa.DataType, missing: Sequence[str], reading: str | None = None) -> pa.Array:
    """Text as the plain type that was found for it, in a ``reading`` where it has one. Raises ArrowInvalid."""
    if kind == TEXT:
        return values
    if kind == NOTHING:
        return pa.nulls(len(values))
    if reading is not None:
        read = read_as(_tidied(values, missing), reading)
        if read is None:
            raise pa.ArrowInvalid(f"text can't be read as {reading}")
        return read.cast(kind)
    for candidate in (kind, _NAIVE) if kind == TIME else (kind,):
        for text in (values, _tidied(values, missing)):
            read = _cast(text, candidate)
            if read is not None:
                return read.cast(kind)
    raise pa.ArrowInvalid(f"text can't be read as {kind}")


class _Judge:
    """One piece of a column, tidied once where that is needed."""

    def __init__(self, values: pa.Array, missing: Sequence[str]) -> None:
        self._values, self._missing = values, missing
        self._tidy: pa.Array | None = None
        self._whole: pa.Array | None = None
        self._distinct: pa.Array | None = None
        self.untidy = False

    @property
    def gaps(self) -> bool:
        """Whether tidying made values null."""
        return self._tidy is not None and self._tidy.null_count > self._values.null_count

    @property
    def seen(self) -> bool:
        """Whether a value was left when it was tidied."""
        return self._tidy is None or self._tidy.null_count < len(self._tidy)

    def alive(self, left: frozenset[str]) -> frozenset[str]:
        """The candidates that read every value. What reads as a number is no time, and numbers read in several ways."""
        if "int" in left and self.casts("int"):
            return left & {*_NUMBERS, *({"bool"} if self.seen and "bool" in left and self.casts("bool") else ())}
        if "float" in left and self.casts("float"):
            patterns = {one for one, pattern in _PATTERNS.items() if one in left and self.matches(pattern)}
            return frozenset(
                {"float", *patterns, *(one for one in (COMMA, THOUSANDS) if one in left and self.spelled(one))}
            )
        others: set[str] = {one for one in ("bool", "naive", "zoned") if one in left and self.casts(one)}
        if "whole" in left and self.matches(_WHOLE):
            others.add("whole")
        return frozenset(others | {one for one in left if one in _SPELLED and self.spelled(one)})

    def casts(self, candidate: str) -> bool:
        read = _cast(self._values, _CASTS[candidate])
        if read is None:
            read = _cast(self._tidied(), _CASTS[candidate])
            self.untidy |= read is not None
        if candidate == "int":
            self._whole = read
        return read is not None

    def matches(self, pattern: str) -> bool:
        return pc.all(pc.match_substring_regex(self._tidied(), pattern)).as_py() is not False

    def spelled(self, reading: str) -> bool:
        if not fits(self._tidied()[:_SOME], reading):
            return False
        if self._distinct is None:
            self._distinct = self._tidied().unique()
        return fits(self._distinct, reading)

    def large(self) -> bool:
        assert self._whole is not None
        ends = pc.min_max(self._whole).as_py()
        return ends["max"] is not None and max(ends["max"], -ends["min"]) > EXACT

    def _tidied(self) -> pa.Array:
        if self._tidy is None:
            self._tidy = _tidied(self._values, self._missing)
        return self._tidy


def _holds_codes(values: pa.Array) -> bool:
    """``0471`` is a code that happens to have digits, not a number, unless it is declared as one."""
    zero = pc.starts_with(values, "0")
    if not pc.any(zero).as_py():
        return False
    longer = pc.and_(zero, pc.greater(pc.binary_length(values), 1))
    some = values.filter(longer)
    return bool(len(some)) and pc.all(pc.or_(pc.starts_with(some, "0."), pc.starts_with(some, "0,"))).as_py() is False


def _cast(values: pa.Array, kind: pa.DataType) -> pa.Array | None:
    """The values as ``kind``, or None. Arrow spends most on values that fail, so some are tried first."""
    try:
        if len(values) > 2 * _SOME:
            values[:_SOME].cast(kind)
        return values.cast(kind)
    except pa.ArrowInvalid:
        return None


def _tidied(values: pa.Array, missing: Sequence[str]) -> pa.Array:
    trimmed = pc.utf8_trim_whitespace(values)
    words = pa.array(["", *missing], trimmed.type)
    return pc.if_else(pc.is_in(trimmed, value_set=words), pa.scalar(None, trimmed.type), trimmed)
