"""Evidence without the values of persons: parts and levels of masked columns keep their numbers, not their names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from tidemill.evaluation.evidence import Dependence, Piece, Slice, TwoWay
from tidemill.personal import mask

__all__ = ["masked_dependence", "masked_slices", "masked_value"]

_MISSING = "missing"


def masked_value(column: str, value: str, masked: Mapping[str, str], place: int) -> str:
    """A slice's value as it may be shown; ``place`` is its place among those of its column, from 1."""
    return _masked(value, masked[column], place) if column in masked and value != _MISSING else value


def masked_slices(slices: Iterable[Slice], masked: Mapping[str, str]) -> tuple[Slice, ...]:
    """The same slices; the value of a masked column becomes its mask and its place: ``S. R. (2)``."""
    places: Counter[str] = Counter()
    shown = []
    for one in slices:
        places[one.column] += one.value != _MISSING
        value = masked_value(one.column, one.value, masked, places[one.column])
        shown.append(one.model_copy(update={"value": value}))
    return tuple(shown)


def masked_dependence(found: Iterable[Dependence], masked: Mapping[str, str]) -> tuple[Dependence, ...]:
    """The same, with the levels of masked categories masked. Numbers and times stay: they are means of many rows."""
    return tuple(
        one.model_copy(update={"pieces": _pieces(one.pieces, masked[one.column])})
        if one.column in masked and one.kind == "category"
        else one
        for one in found
    )


def masked_two_way(found: Iterable[TwoWay], masked: Mapping[str, str]) -> tuple[TwoWay, ...]:
    """The same, with the levels of masked categories masked, and the sides of masked columns told by their place."""
    shown = []
    for one in found:
        sides = one.sides
        if one.x in masked and one.kind == "category":
            sides = tuple(side.model_copy(update={"pieces": _pieces(side.pieces, masked[one.x])}) for side in sides)
        if one.by in masked:
            sides = tuple(
                side.model_copy(update={"label": _masked(side.label, masked[one.by], place)})
                for place, side in enumerate(sides, start=1)
            )
        shown.append(one.model_copy(update={"sides": sides}))
    return tuple(shown)


def _pieces(pieces: Iterable[Piece], kind: str) -> tuple[Piece, ...]:
    return tuple(
        piece if piece.label == _MISSING else piece.model_copy(update={"label": _masked(piece.label, kind, place)})
        for place, piece in enumerate(pieces, start=1)
    )


def _masked(value: str, kind: str, place: int) -> str:
    return f"{mask(value, kind)} ({place})"
