"""Challenger against champion on the same rows: on all of them, and on any part."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidemill.evaluation.areas import Area, Doubles
from tidemill.evaluation.cutting import FEWEST, FEWEST_LISTS
from tidemill.evaluation.field import COST, Field, Racer, Standings
from tidemill.evaluation.influence import influences, standard_error
from tidemill.evaluation.luck import Luck, luck_of
from tidemill.evaluation.metrics import cost_of_rows, mean_of, statistic
from tidemill.evaluation.opinions import delong, mcnemar
from tidemill.evaluation.resampling import Statistic
from tidemill.learning.scores import higher_is_better
from tidemill.results import Lead, Opinion
from tidemill.usecase.schema import CostRules, UseCase

__all__ = ["Duel"]

_FEWEST_OF_CLASS = 10
_ROWS_FOR_LUCK = 20_000
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Duel:
    """Two racers of one field. By the field's metric, or by what a row costs where ``costs`` are given."""

    field: Field
    ours: Racer
    theirs: Racer
    costs: CostRules | None = None

    @classmethod
    def of(cls, use_case: UseCase, field: Field) -> Duel:
        """The challenger and the champion, who must be in the field, by what the use case goes by."""
        champion = next(racer for racer in field.racers if racer.role == "champion")
        costs = use_case.tune.threshold
        if use_case.gate.policy == COST and isinstance(costs, CostRules):
            return cls(field, field.challenger, champion, costs)
        return cls(field, field.challenger, champion)

    @property
    def measure(self) -> str:
        """What is compared."""
        return self.field.metric if self.costs is None else COST

    @property
    def sign(self) -> float:
        """1 where more of what is measured is better."""
        return 1.0 if self.costs is None and higher_is_better(self.field.metric) else -1.0

    def whole(self, standings: Standings) -> Lead:
        """The lead on all rows: its bounds know of the rows and of the seeds.

        Independent ways to be wrong add up in squares, each taken to its own bound (Zou and Donner, "Construction of
        confidence limits about effect measures: a general approach", 2008).
        """
        lead = standings.lead(self.theirs, self.measure, standings.rate)
        luck = self.luck(np.arange(len(self.field.target)))
        far = 0.0 if luck is None else luck.reach(lead.rate)
        return lead.model_copy(
            update={
                "low": lead.value - math.hypot(lead.value - lead.low, far),
                "high": lead.value + math.hypot(lead.high - lead.value, far),
                "luck": None if luck is None else luck.spread,
                "opinion": self._opinion(lead.rate, luck),
            }
        )

    def luck(self, rows: Rows) -> Luck | None:
        """How far other seeds would have moved the lead on these rows; of very many, on some."""
        some = rows[:: max(len(self.field.target) // _ROWS_FOR_LUCK, 1)] if self.field.lists is None else rows
        racers = (self.ours, self.theirs)
        values = [[self._value(racer, answers, some) for answers in racer.lesser] for racer in racers]
        return luck_of(values, [racer.boosters for racer in racers])

    def moved(self, rows: Rows) -> tuple[float, Doubles, Doubles | None]:
        """The lead on some rows, how much each row (or query) moves it, and how much each of those counts."""
        weights, drawn = self._drawn(rows)
        value, ours = influences(self._statistic(self.ours, self.ours.answers, rows), drawn, weights)
        other, theirs = influences(self._statistic(self.theirs, self.theirs.answers, rows), drawn, weights)
        return self.sign * (value - other), self.sign * (ours - theirs), weights

    def test(self, rows: Rows, margin: float) -> tuple[float, float, float] | None:
        """The lead, its standard error, and the chance of one so low if the truth is no lower than ``-margin``.

        By Student's t, of rows and seeds together; by McNemar's test where right answers are counted and seeds move
        nothing. None where the rows can't tell.
        """
        if not self._enough(rows):
            return None
        lead, moved, weights = self.moved(rows)
        if math.isnan(lead):
            return None
        luck = self.luck(rows)
        error, seeds = standard_error(moved, weights), 0.0 if luck is None else luck.spread
        if self.measure == "accuracy" and weights is None and not margin and not seeds:
            right = (racer.right(self.field.task, self.field.target)[rows] for racer in (self.theirs, self.ours))
            return lead, error, mcnemar(*right).p
        whole = math.hypot(error, seeds)
        if whole <= 1e-12 * max(abs(lead), 1.0):
            return lead, 0.0, 1.0 if lead >= -margin else 0.0
        from scipy.special import stdtr

        doubt = error**4 / (len(moved) - 1) + (0.0 if luck is None else seeds**4 / luck.freedom)
        return lead, whole, float(stdtr(whole**4 / doubt, (lead + margin) / whole))

    def _statistic(self, racer: Racer, answers: Doubles, rows: Rows) -> Statistic:
        field, given = self.field, answers[rows]
        target = field.target[rows]
        if self.costs is not None:
            return mean_of(cost_of_rows(self.costs, target == 1, given >= racer.threshold))
        lists = None if field.lists is None else field.lists.taken(rows)
        return statistic(field.metric, target, given, racer.threshold, lists)

    def _value(self, racer: Racer, answers: Doubles, rows: Rows) -> float:
        weights, _ = self._drawn(rows)
        one = self._statistic(racer, answers, rows)
        return one.value() if weights is None else one.weighted(weights)

    def _drawn(self, rows: Rows) -> tuple[Doubles | None, int]:
        """How much each row counts, and how many there are; queries where rows are ranked."""
        field = self.field
        if field.lists is not None:
            lists = field.lists.taken(rows)
            return lists.query_weights, lists.queries.count
        return None if field.weights is None else field.weights[rows], len(rows)

    def _enough(self, rows: Rows) -> bool:
        """Whether so few rows can be judged by their spread."""
        if self.field.lists is not None:
            return self._drawn(rows)[1] >= FEWEST_LISTS
        if len(rows) < FEWEST:
            return False
        if self.field.task == "binary" and self.costs is None:
            positives = int((self.field.target[rows] == 1).sum())
            return min(positives, len(rows) - positives) >= _FEWEST_OF_CLASS
        return True

    def _opinion(self, rate: float, luck: Luck | None) -> Opinion | None:
        """A second test, where there is one for the metric; none where rows count differently."""
        field = self.field
        if field.weights is not None or field.lists is not None:
            return None
        if self.measure == "auc" and field.task == "binary":
            both = [Area.of(field.target == 1, racer.answers) for racer in (self.ours, self.theirs)]
            return delong(both[0], both[1], len(field.target), rate, luck)
        if self.measure == "accuracy":
            return mcnemar(*(racer.right(field.task, field.target) for racer in (self.ours, self.theirs)))
        return None
