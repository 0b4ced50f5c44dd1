"""All who race on the gate rows, and how they fared on the same resamples of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tidemill.evaluation.metrics import DECIDED, SHOWN, cost_of_rows, mean_of, statistic
from tidemill.evaluation.ranking import Ranking
from tidemill.evaluation.resampling import Doubles, Draws, Statistic, interval, resample
from tidemill.learning.orders import Lists
from tidemill.learning.scores import higher_is_better, row_errors
from tidemill.results import Baseline, Interval, Lead
from tidemill.usecase.schema import CostRules, UseCase

__all__ = ["COST", "Field", "Racer", "Role", "Standings", "measure"]

COST = "cost"
"""What a row costs on average, as a measure beside the metrics."""

Role = Literal["challenger", "baseline", "champion"]


@dataclass(frozen=True)
class Racer:
    """One model's answers on the gate rows. ``threshold`` cuts a binary model's probability.

    ``lesser`` are its answers when a part of its ``boosters`` is left out, for each part.
    """

    name: str
    role: Role
    answers: Doubles
    threshold: float = 0.5
    lesser: tuple[Doubles, ...] = ()
    boosters: int = 1

    def right(self, task: str, target: Doubles) -> Doubles:
        """1 for each row that is answered rightly, else 0, where rows have classes."""
        if task == "binary":
            return np.asarray((self.answers >= self.threshold) == (target == 1), dtype=np.float64)
        return row_errors("accuracy", target, self.answers)


@dataclass(frozen=True)
class Field:
    """The truth on the gate rows, the metric that decides, and who races; the challenger comes first.

    ``weights`` say how much each row counts, None for all alike. ``lists`` say which rows are ranked together, None
    where rows stand alone.
    """

    task: str
    metric: str
    target: Doubles
    racers: tuple[Racer, ...]
    weights: Doubles | None = None
    lists: Lists | None = None

    @property
    def metrics(self) -> tuple[str, ...]:
        """Those that are told, the deciding one first; those of what is relevant only where something is not."""
        alike = self.lists is not None and not (self.target <= 0).any()
        shown = [name for name in SHOWN[self.task] if not alike or name not in ("map", "mrr")]
        return (self.metric, *(name for name in shown if name != self.metric))

    @property
    def drawn(self) -> int:
        """How many are resampled: rows, or queries where rows are ranked."""
        return len(self.target) if self.lists is None else self.lists.queries.count

    @property
    def drawn_weights(self) -> Doubles | None:
        """How much each of those counts."""
        return self.weights if self.lists is None else self.lists.query_weights

    @property
    def challenger(self) -> Racer:
        """The Model that is judged."""
        return self.racers[0]


@dataclass(frozen=True)
class Standings:
    """Every racer's metrics with their draws; differences are paired. A lead's bounds are at ``rate``."""

    field: Field
    draws: dict[tuple[str, str], Draws]
    confidence: float
    rate: float

    @property
    def metric(self) -> Draws:
        """The challenger's, of the metric that decides."""
        return self.draws[self.field.challenger.name, self.field.metric]

    @property
    def best_baseline(self) -> Racer:
        """The strongest baseline by the metric that decides."""
        sign = -1.0 if higher_is_better(self.field.metric) else 1.0
        baselines = [racer for racer in self.field.racers if racer.role == "baseline"]
        return min(baselines, key=lambda racer: sign * self.draws[racer.name, self.field.metric].value)

    def metrics(self, racer: Racer) -> tuple[Interval, ...]:
        """Those that are defined on these rows, the deciding one first."""
        known = [(name, self.draws.get((racer.name, name))) for name in self.field.metrics]
        return tuple(
            interval(name, draws, self.confidence) for name, draws in known if draws and draws.value == draws.value
        )

    def against(self, role: Role) -> tuple[Baseline, ...]:
        """The challenger compared with every racer of that role, more is better."""
        sign = 1.0 if higher_is_better(self.field.metric) else -1.0
        found = []
        for racer in self.field.racers:
            if racer.role != role:
                continue
            theirs = self.draws[racer.name, self.field.metric]
            lead = interval(self.field.metric, self.metric.minus(theirs, sign), self.confidence)
            gone_by = self.lead(racer, self.field.metric, self.rate)
            found.append(Baseline(name=racer.name, value=theirs.value, difference=lead, lead=gone_by))
        return tuple(found)

    def lead(self, rival: Racer, measure: str, rate: float) -> Lead:
        """The lead over ``rival`` with its bounds, each passed by the true one at most at ``rate``, by rows alone."""
        sign = 1.0 if measure != COST and higher_is_better(measure) else -1.0
        drawn = self.draws[self.field.challenger.name, measure].minus(self.draws[rival.name, measure], sign)
        known = drawn.draws[np.isfinite(drawn.draws)]
        low, high = np.quantile(known, [rate, 1.0 - rate]) if len(known) else (drawn.value, drawn.value)
        error = float(known.std(ddof=1)) if len(known) > 1 else 0.0
        return Lead(measure=measure, value=drawn.value, low=float(low), high=float(high), error=error, rate=rate)


def measure(field: Field, use_case: UseCase) -> Standings:
    """Every metric of every racer on the same resamples. What needs a threshold is the challenger's alone.

    The macro AUC of several classes costs one sorting a class: only the challenger's is taken, and that of
    the others when it is the metric that decides.
    """
    statistics: dict[str, Statistic] = {}
    places: dict[str, tuple[str, str]] = {}
    for racer in field.racers:
        ranking = Ranking.of(field.target == 1, racer.answers) if field.task == "binary" else None
        for metric in field.metrics:
            dear = metric in DECIDED or (field.task == "multiclass" and metric == "auc")
            if racer.role == "challenger" or metric == field.metric or not dear:
                place = f"{len(places)}"
                places[place] = (racer.name, metric)
                statistics[place] = statistic(
                    metric, field.target, racer.answers, racer.threshold, field.lists, ranking
                )
    costs = use_case.tune.threshold
    if use_case.gate.policy == COST and isinstance(costs, CostRules):
        for racer in field.racers:
            if racer.role != "baseline":
                places[f"{len(places)}"] = (racer.name, COST)
                flagged = racer.answers >= racer.threshold
                statistics[f"{len(places) - 1}"] = mean_of(cost_of_rows(costs, field.target == 1, flagged))
    rules = use_case.evaluate
    drawn = resample(
        statistics, field.drawn, resamples=rules.resamples, seed=use_case.seed, weights=field.drawn_weights
    )
    draws = {places[place]: found for place, found in drawn.items()}
    return Standings(field, draws, rules.confidence, use_case.gate.level)
