"""Measures and models in words that need no statistics, for the page of those who decide."""

from __future__ import annotations

from dataclasses import dataclass

from tidemill.evaluation.evidence import Contender
from tidemill.reporting.language import say, to_say
from tidemill.reporting.material import Material
from tidemill.reporting.wording import duration_words, number
from tidemill.results import Interval

__all__ = ["Measure", "measure_of", "plain_name", "value_of"]

_NAMES = {
    "constant": to_say("always the same answer"),
    "random order": to_say("a random order"),
    "logistic regression": to_say("a simple formula"),
    "linear regression": to_say("a simple formula"),
    "Poisson regression": to_say("a simple formula"),
    "XGBoost defaults": to_say("the same method, not tuned"),
}


@dataclass(frozen=True)
class Measure:
    """One metric that every model of the comparison has, and how it is told. ``factor`` makes its unit."""

    metric: str
    title: str
    factor: float = 1.0

    def told(self, value: float) -> str:
        """A value of it, as a person reads it."""
        return number(self.factor * value, 3)


def measure_of(material: Material) -> Measure:
    """What the models are compared by, in plain words: the first that all of them have."""
    evidence, target = material.evidence, material.evidence.target
    shared = set.intersection(*({one.name for one in each.metrics} for each in evidence.contenders))
    if evidence.binary is not None and "auc" in shared:
        positive = evidence.binary.positive
        return Measure(
            "auc", say("pairs of 100 in which it finds out which case is “{positive}”", positive=positive), 100
        )
    if "accuracy" in shared:
        return Measure("accuracy", say("right answers in 100 cases"), 100)
    chosen = material.metric.name
    if evidence.regression is not None and "mae" in shared and chosen != "rmse":
        return Measure("mae", say("how far its answers are off on average, in units of “{target}”", target=target))
    if evidence.regression is not None and "rmse" in shared:
        return Measure("rmse", say("its typical error, in units of “{target}”", target=target))
    if evidence.ranking is not None:
        return Measure(chosen, say("points of 100 that a perfect order would bring"), 100)
    return Measure(chosen, say("the measure that the owner chose"))


def value_of(one: Contender, metric: str) -> Interval:
    """A contender's value of a metric that it has."""
    return next(each for each in one.metrics if each.name == metric)


def plain_name(name: str) -> str:
    """A baseline's name without its trade's words."""
    known, _, season = name.partition(" (")
    if season:
        return say("repeating what was {season} before", season=duration_words(season.rstrip(")")))
    return say(_NAMES[known]) if known in _NAMES else name
