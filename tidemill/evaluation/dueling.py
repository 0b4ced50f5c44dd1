"""Challenger against champion on the same rows: on all of them, and on each slice."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidemill.evaluation.cutting import FEWEST, FEWEST_LISTS, MISSING, Piece, by_itself, cut, declared
from tidemill.evaluation.evidence import Kind
from tidemill.evaluation.field import Field, Racer
from tidemill.evaluation.influence import influences, standard_error
from tidemill.evaluation.masking import masked_value
from tidemill.evaluation.metrics import cost_of_rows, mean_of, statistic
from tidemill.evaluation.opinions import mcnemar
from tidemill.evaluation.resampling import Doubles, Statistic
from tidemill.evaluation.searching import searched
from tidemill.learning.scores import higher_is_better
from tidemill.results import SliceTest
from tidemill.usecase.schema import CostRules, UseCase

__all__ = ["Duel", "slice_tests"]

Origin = Literal["declared", "by itself", "searched"]
_FEWEST_OF_CLASS = 10
_FEWEST_SEARCHED = 1_000


@dataclass(frozen=True)
class Duel:
    """Two racers of one field. By the field's metric, or by what a row costs where ``costs`` are given."""

    field: Field
    ours: Racer
    theirs: Racer
    costs: CostRules | None = None

    def statistics(self, rows: NDArray[np.intp]) -> tuple[Statistic, Statistic]:
        """What is measured of both, on some of the rows."""
        field = self.field
        target, lists = field.target[rows], None if field.lists is None else field.lists.taken(rows)
        both: list[Statistic] = []
        for racer in (self.ours, self.theirs):
            answers = racer.answers[rows]
            if self.costs is not None:
                both.append(mean_of(cost_of_rows(self.costs, target == 1, answers >= racer.threshold)))
            else:
                both.append(statistic(field.metric, target, answers, racer.threshold, lists))
        return both[0], both[1]

    @property
    def sign(self) -> float:
        """1 where more of what is measured is better."""
        return -1.0 if self.costs is not None or not higher_is_better(self.field.metric) else 1.0

    def lead(self, rows: NDArray[np.intp]) -> tuple[float, Doubles, Doubles | None]:
        """The lead on some rows, how much each row (or query) moves it, and how much each of those counts."""
        field = self.field
        lists = None if field.lists is None else field.lists.taken(rows)
        weights = None if field.weights is None else field.weights[rows]
        if lists is not None:
            weights = lists.query_weights
        drawn = len(rows) if lists is None else lists.queries.count
        ours, theirs = self.statistics(rows)
        value, moved = influences(ours, drawn, weights)
        other, others = influences(theirs, drawn, weights)
        return self.sign * (value - other), self.sign * (moved - others), weights

    def enough(self, rows: NDArray[np.intp]) -> bool:
        """Whether so few rows can be judged by their spread."""
        field = self.field
        if field.lists is not None:
            return field.lists.taken(rows).queries.count >= FEWEST_LISTS
        if len(rows) < FEWEST:
            return False
        if field.task == "binary" and self.costs is None:
            positives = int((field.target[rows] == 1).sum())
            return min(positives, len(rows) - positives) >= _FEWEST_OF_CLASS
        return True

    def test(self, rows: NDArray[np.intp], margin: float) -> tuple[float, float, float] | None:
        """The lead, its standard error, and the chance of one so low if the truth is no lower than ``-margin``.

        By Student's t; where right answers are counted, by McNemar's test. None where the rows can't tell.
        """
        if not self.enough(rows):
            return None
        lead, moved, weights = self.lead(rows)
        if math.isnan(lead):
            return None
        error = standard_error(moved, weights)
        if self.field.metric == "accuracy" and self.costs is None and weights is None and not margin:
            right = (racer.right(self.field.task, self.field.target)[rows] for racer in (self.theirs, self.ours))
            return lead, error, mcnemar(*right).p
        if error <= 1e-12 * max(abs(lead), 1.0):
            return lead, 0.0, 1.0 if lead >= -margin else 0.0
        from scipy.special import stdtr

        return lead, error, float(stdtr(len(moved) - 1, (lead + margin) / error))


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
    lead, moved, _ = duel.lead(looked)
    if math.isnan(lead):
        return []
    return searched(frame, columns, looked, lead + moved, kept)
