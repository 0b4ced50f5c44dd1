"""What columns of text hold, found while the text goes by, a batch at a time.

Each column starts with every type as a candidate and loses those that fail to read one of its
values, so the answer holds for the whole file and not only for its first block.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from tidemill.cleaning.normalising import Kind
from tidemill.reading.plain import BOOL, FLOAT, INT, NOTHING, TEXT, TIME

__all__ = ["Guesses", "read_text"]

_SOME = 64
_NAIVE = pa.timestamp("us")
_ANY: tuple[pa.DataType, ...] = (INT, FLOAT, BOOL, _NAIVE, TIME)
_BY_KIND: dict[Kind, tuple[pa.DataType, ...]] = {
    "number": (INT, FLOAT),
    "category": (),
    "time": (_NAIVE, TIME),
    "boolean": (BOOL,),
}


class Guesses:
    """Candidates for the columns of one file. ``kinds`` narrows what a declared column may be."""

    def __init__(
        self,
        names: Iterable[str],
        kinds: Mapping[str, Kind],
        missing: Sequence[str],
        candidates: tuple[pa.DataType, ...] = _ANY,
    ) -> None:
        self._left: dict[str, list[pa.DataType]] = {}
        for name in names:
            kind = kinds.get(name)
            self._left[name] = list(candidates if kind is None else _BY_KIND[kind])
        self._kinds = kinds
        self._missing = missing
        self._nulls: set[str] = set()
        self._seen: set[str] = set()

    def see(self, name: str, values: pa.Array) -> None:
        """Drop the candidates that can't read every one of ``values``."""
        filled = len(values) - values.null_count
        if filled < len(values):
            self._nulls.add(name)
        left = self._left[name]
        if not filled:
            return
        self._seen.add(name)
        if not left:
            return
        tidy: pa.Array | None = None
        for kind in list(left):
            if _cast(values, kind) is not None:
                continue
            if tidy is None:
                tidy = _tidied(values, self._missing)
            if tidy.null_count > values.null_count:
                self._nulls.add(name)
            if _cast(tidy, kind) is None:
                left.remove(kind)
        if INT in left or FLOAT in left:
            self._drop_codes(name, values)

    def answer(self, name: str) -> pa.DataType:
        """The plain type of a column: the narrowest that reads all of it."""
        if name not in self._seen:
            return NOTHING
        left = self._left[name]
        if not left:
            return TEXT
        if left[0] == INT and name in self._nulls:
            return FLOAT
        return TIME if left[0] == _NAIVE else left[0]

    def _drop_codes(self, name: str, values: pa.Array) -> None:
        """``0471`` is a code that happens to have digits, not a number, unless it is declared as one."""
        if self._kinds.get(name) == "number":
            return
        zero = values.filter(pc.and_(pc.starts_with(values, "0"), pc.greater(pc.binary_length(values), 1)))
        if len(zero) and pc.any(pc.invert(pc.starts_with(zero, "0."))).as_py():
            self._left[name] = [kind for kind in self._left[name] if kind not in (INT, FLOAT)]


def read_text(values: pa.Array, kind: pa.DataType, missing: Sequence[str]) -> pa.Array:
    """Text as the plain type that :meth:`Guesses.answer` found for it."""
    if kind == TEXT:
        return values
    if kind == NOTHING:
        return pa.nulls(len(values))
    for candidate in (kind, _NAIVE) if kind == TIME else (kind,):
        for text in (values, _tidied(values, missing)):
            read = _cast(text, candidate)
            if read is not None:
                return read.cast(kind)
    raise ValueError(f"text can't be read as {kind}")


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
