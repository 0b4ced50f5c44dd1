"""Whether the challenger is behind the champion on any slice: declared, looked at by itself, or searched for."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd

from tidemill.evaluation.cutting import MISSING, Piece, by_itself, cut, declared
from tidemill.evaluation.dueling import Duel
from tidemill.evaluation.evidence import Kind
from tidemill.evaluation.masking import masked_value
from tidemill.evaluation.searching import searched
from tidemill.results import SliceTest
from tidemill.usecase.schema import UseCase

__all__ = ["slice_tests"]

Origin = Literal["declared", "by itself", "searched"]
_FEWEST_SEARCHED = 1_000


def slice_tests(
    use_case: UseCase, duel: Duel, frame: pd.DataFrame, kinds: Mapping[str, Kind], masked: Mapping[str, str]
) -> tuple[SliceTest, ...]:
    """Every slice that can be tested: of the declared columns, of those looked at by themselves, and searched ones.

    A slice is searched for on one half of the rows and tested on the other, so that finding it is no evidence.
    ``masked`` are columns with personal data and their kinds: their values are not named.
    """
    lists = duel.field.lists
    asked = declared(use_case, frame) or []
    columns = [*asked, *(name for name in by_itself(use_case, frame, kinds, lists) if name not in asked)]
    margin, found = use_case.gate.slices.margin, []
    places: Counter[str] = Counter()
    for piece in cut(frame, columns, kinds, lists):
        places[piece.column] += piece.value != MISSING
        shown = masked_value(piece.column, piece.value, masked, places[piece.column])
        if len(piece.rows) < len(frame):
            origin: Origin = "declared" if piece.column in asked else "by itself"
            found.append(_tested(duel, Piece(piece.column, shown, piece.rows), margin, origin))
    if lists is None and len(frame) >= _FEWEST_SEARCHED:
        pieces = _searched(use_case, duel, frame, kinds, masked)
        found += [_tested(duel, piece, margin, "searched") for piece in pieces]
    return tuple(one for one in found if one is not None)


def _tested(duel: Duel, piece: Piece, margin: float, origin: Origin) -> SliceTest | None:
    measured = duel.test(piece.rows, margin)
    if measured is None:
        return None
    lead, error, p = measured
    return SliceTest(
        column=piece.column, value=piece.value, rows=len(piece.rows), lead=lead, error=error, p=p, origin=origin
    )


def _searched(
    use_case: UseCase, duel: Duel, frame: pd.DataFrame, kinds: Mapping[str, Kind], masked: Mapping[str, str]
) -> list[Piece]:
    """Rows that look worse on one half, as their places in the other half."""
    left = {*use_case.id, use_case.query, use_case.weight, use_case.target_name, *masked}
    columns = {name: kind for name, kind in kinds.items() if name in frame.columns and name not in left}
    order = np.random.default_rng(use_case.seed).permutation(len(frame))
    looked, kept = np.sort(order[: len(order) // 2]), np.sort(order[len(order) // 2 :])
    lead, moved, _ = duel.moved(looked)
    if math.isnan(lead):
        return []
    return searched(frame, columns, looked, lead + moved, kept)
