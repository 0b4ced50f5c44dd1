"""What a column holds, found a piece at a time, and what that makes of it over all the files of a source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from tidemill.cleaning.normalising import Kind
from tidemill.reading.plain import BOOL, FLOAT, INT, NOTHING, TEXT, TIME

__all__ = ["EXACT", "Held", "Scanned", "settled", "together"]

EXACT = 2**53


@dataclass(frozen=True)
class Held:
    """What a piece of a column holds: its plain ``type`` (NOTHING for nulls only), and whether there are ``gaps``.

    ``large``: whole numbers that a float64 would change (beyond 2**53); ``beyond``: beyond 64 bits.
    ``readings``: the spellings (see :mod:`tidemill.reading.spelling`) in which all of its text reads as numbers or
    times; such a piece has the type TEXT until its source knows which of them it is.
    """

    type: pa.DataType
    gaps: bool = False
    large: bool = False
    beyond: bool = False
    readings: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Scanned:
    """What one file holds: its columns by their new names, ``rows`` that can be read and ``refused`` ones by reason.

    ``direct`` are the types in which Arrow's own reader of CSV takes columns at once, ``cuts`` the lengths of the
    blocks of whole rows that its text can be cut into; None where rows have to be taken out.
    """

    held: Mapping[str, Held]
    rows: int
    refused: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    direct: Mapping[str, pa.DataType | None] = field(default_factory=dict)
    cuts: Sequence[int] | None = None


def together(pieces: Iterable[Held]) -> Held | None:
    """What pieces of a column are together; None where they do not mix (times with numbers or true/false).

    Whole numbers give way to numbers, and everything else but times to text.
    """
    known = Held(NOTHING)
    for piece in pieces:
        wider = _wider(known.type, piece.type)
        if wider is None:
            return None
        known = Held(wider, known.gaps or piece.gaps, known.large or piece.large, known.beyond or piece.beyond)
    return known


def settled(held: Held, kind: Kind | None) -> pa.DataType:
    """The type of a column in the end, ``kind`` being what it is declared as.

    Whole numbers with gaps are floats, unless that would change one of them, or they are beyond 64
    bits: then they are kept as text. A column of nothing is a number, or what it is declared as.
    """
    if held.type == NOTHING:
        declared: dict[Kind | None, pa.DataType] = {"category": TEXT, "time": TIME, "boolean": BOOL}
        return declared.get(kind, FLOAT)
    if held.type != INT:
        return held.type
    if held.beyond or (held.gaps and held.large):
        return FLOAT if kind == "number" else TEXT
    return FLOAT if held.gaps else INT


def _wider(known: pa.DataType, new: pa.DataType) -> pa.DataType | None:
    if known == new or new == NOTHING:
        return known
    if known == NOTHING:
        return new
    if {known, new} == {INT, FLOAT}:
        return FLOAT
    return None if TIME in (known, new) and TEXT not in (known, new) else TEXT
