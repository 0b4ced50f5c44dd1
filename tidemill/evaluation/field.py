"""All who race on the gate rows, and how they fared on the same resamples of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tidemill.evaluation.metrics import DECIDED, SHOWN, statistic
from tidemill.evaluation.resampling import Doubles, Draws, Statistic, interval, resample
from tidemill.learning.orders import Lists
from tidemill.learning.scores import higher_is_better
from tidemill.results import Baseline, Interval
from tidemill.usecase.schema import UseCase

__all__ = ["Field", "Racer", "Role", "Standings", "measure"]

Role = Literal["challenger", "baseline", "champion"]


@dataclass(frozen=True)
class Racer:
    """One model's answers on the gate rows. ``threshold`` cuts a binary model's probability."""

    name: str
    role: Role
    answers: Doubles
    threshold: float = 0.5


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
    """Every racer's metrics with their draws; differences are paired."""

    field: Field
    draws: dict[tuple[str, str], Draws]
    confidence: float

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
            found.append(Baseline(name=racer.name, value=theirs.value, difference=lead))
        return tuple(found)


def measure(field: Field, use_case: UseCase) -> Standings:
    """Every metric of every racer on the same resamples. What needs a threshold is the challenger's alone.

    The macro AUC of several classes costs one sorting a class: only the challenger's is taken, and that of
    the others when it is the metric that decides.
    """
    statistics: dict[str, Statistic] = {}
    places: dict[str, tuple[str, str]] = {}
    for racer in field.racers:
        for metric in field.metrics:
            dear = metric in DECIDED or (field.task == "multiclass" and metric == "auc")
            if racer.role == "challenger" or metric == field.metric or not dear:
                place = f"{len(places)}"
                places[place] = (racer.name, metric)
                statistics[place] = statistic(metric, field.target, racer.answers, racer.threshold, field.lists)
    rules = use_case.evaluate
    drawn = resample(
        statistics, field.drawn, resamples=rules.resamples, seed=use_case.seed, weights=field.drawn_weights
    )
    return Standings(field, {places[place]: draws for place, draws in drawn.items()}, rules.confidence)
