"""What a study says beyond its best trial: which settings matter, which lie at an end of their range, and whether
more time would have helped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import log
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tidemill.learning.exporting import space_of
from tidemill.learning.sampling import frozen, new_study
from tidemill.learning.scores import higher_is_better
from tidemill.learning.storages import quiet
from tidemill.learning.trials import Trial

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution

__all__ = ["Edge", "Findings", "Plateau", "find"]

End = Literal["lowest", "highest"]
FEWEST_FOR_IMPORTANCE = 20
FEWEST_FOR_PLATEAU = 8
LAST_SHARE = 0.4
GOOD = 5
NEAR_SHARE = 0.05
WIDE_SHARE = 0.15


@dataclass(frozen=True)
class Edge:
    """The best trials have this setting at the ``end`` of its range, ``low`` to ``high``."""

    name: str
    value: float
    end: End
    low: float
    high: float


@dataclass(frozen=True)
class Plateau:
    """What the last ``share`` of the trials' time brought: ``gain``, in the metric's unit, 0 or more.

    ``found_at`` is the share of the time by which the best was found. ``noise`` is the standard error of the
    best value over the folds, or None with one fold: a gain far below it is none.
    """

    share: float
    gain: float
    found_at: float
    noise: float | None

    @property
    def reached(self) -> bool:
        """Whether more of the same would be time lost."""
        return self.gain == 0.0 or (self.noise is not None and self.gain < 0.1 * self.noise)


@dataclass(frozen=True)
class Findings:
    """``importance`` sums to 1 and is empty where trials are too few to say; ``space`` is low and high by setting."""

    importance: Mapping[str, float]
    edges: tuple[Edge, ...]
    plateau: Plateau | None
    space: Mapping[str, tuple[float, float]]


def find(trials: Sequence[Trial], metric: str) -> Findings:
    """Everything at once. The same trials give the same findings."""
    space = space_of(trials)
    return Findings(
        importance=_importance(trials, metric, space),
        edges=_edges(trials, metric, space),
        plateau=_plateau(trials, metric),
        space={name: (kind.low, kind.high) for name, kind in _ranges(space).items()},
    )


def _importance(trials: Sequence[Trial], metric: str, space: dict[str, BaseDistribution]) -> dict[str, float]:
    """How much of being good hangs on each setting (PED-ANOVA: Watanabe et al., 2023), the largest first.

    Trials that were given up early count with what they had reached: they are the bad ones.
    """
    if len(trials) < FEWEST_FOR_IMPORTANCE or len({trial.value for trial in trials}) < FEWEST_FOR_IMPORTANCE // 2:
        return {}
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    with quiet():
        study = new_study(metric)
        for trial in trials:
            study.add_trial(frozen(trial.model_copy(update={"state": "finished"}), space))
        found = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
    shares = {name: float(share) for name, share in found.items() if np.isfinite(share)}
    return dict(sorted(shares.items(), key=lambda pair: (-pair[1], pair[0]))) if sum(shares.values()) > 0 else {}


def _edges(trials: Sequence[Trial], metric: str, space: Mapping[str, BaseDistribution]) -> tuple[Edge, ...]:
    """Settings that the best trial has within a twentieth of an end, and most of the best five near it."""
    good = _ranked(trials, metric)[:GOOD]
    found: list[Edge] = []
    for name, kind in _ranges(space).items():
        if not good or kind.low == kind.high:
            continue
        places = [_place(kind, trial.parameters[name]) for trial in good]
        ends: tuple[tuple[End, list[float]], ...] = (
            ("lowest", places),
            ("highest", [1.0 - place for place in places]),
        )
        for end, distances in ends:
            near = sum(distance <= WIDE_SHARE for distance in distances)
            if distances[0] <= NEAR_SHARE and near > len(good) / 2:
                value = float(good[0].parameters[name] or 0.0)
                found.append(Edge(name, value, end, kind.low, kind.high))
    return tuple(found)


def _plateau(trials: Sequence[Trial], metric: str) -> Plateau | None:
    """Along the trials in their order, each as long as it took."""
    sign = 1.0 if higher_is_better(metric) else -1.0
    finished = [trial.state == "finished" for trial in trials]
    ends = list(accumulate(trial.seconds for trial in trials))
    if sum(finished) < 2 or len(trials) < FEWEST_FOR_PLATEAU or not ends[-1]:
        return None
    shares = [end / ends[-1] for end in ends]
    best = _ranked(trials, metric)[0]
    before = [
        sign * trial.value
        for trial, share, whole in zip(trials, shares, finished, strict=True)
        if whole and share <= 1.0 - LAST_SHARE
    ]
    if not before:
        return None
    noise = float(np.std(best.folds, ddof=1) / np.sqrt(len(best.folds))) if len(best.folds) > 1 else None
    found_at = shares[[trial.number for trial in trials].index(best.number)]
    return Plateau(LAST_SHARE, max(sign * best.value - max(before), 0.0), found_at, noise)


def _ranked(trials: Sequence[Trial], metric: str) -> list[Trial]:
    sign = -1.0 if higher_is_better(metric) else 1.0
    return sorted((one for one in trials if one.state == "finished"), key=lambda one: (sign * one.value, one.number))


def _ranges(space: Mapping[str, BaseDistribution]) -> dict[str, FloatDistribution | IntDistribution]:
    from optuna.distributions import FloatDistribution, IntDistribution

    return {name: kind for name, kind in space.items() if isinstance(kind, FloatDistribution | IntDistribution)}


def _place(kind: FloatDistribution | IntDistribution, value: Any) -> float:
    """Where a value lies in its range, from 0 to 1, on the scale that is searched."""
    if kind.log:
        return (log(value) - log(kind.low)) / (log(kind.high) - log(kind.low))
    return float((value - kind.low) / (kind.high - kind.low))
