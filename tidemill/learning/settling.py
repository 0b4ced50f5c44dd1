"""What is fitted on rows that the boosters had not seen: calibration, threshold and intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tidemill.learning.boosting import Parameters
from tidemill.learning.intervals import IntervalRule, Validated, Way, choose_rule
from tidemill.learning.margins import Calibration, Scored, calibrate, undone
from tidemill.learning.objectives import predictions
from tidemill.learning.preparing import Prepared
from tidemill.learning.quantiles import QuantileSetting, ends_of_folds, fit_ends
from tidemill.learning.scores import Doubles, Floats
from tidemill.learning.thresholds import best_threshold, cheapest_threshold
from tidemill.task import is_classification
from tidemill.usecase.schema import UseCase

__all__ = ["Settled", "boosts_ends", "settle"]

MOST_CELLS = 4_000_000
FEWEST_ROWS = 500


@dataclass(frozen=True)
class Settled:
    """``threshold`` is there for two classes, ``interval`` where numbers are predicted, and ``ends`` (a booster's
    UBJSON) where its ends are boosted."""

    calibration: Calibration
    threshold: float | None = None
    interval: IntervalRule | None = None
    ends: bytes | None = None


def boosts_ends(use_case: UseCase, prepared: Prepared) -> bool:
    """Whether :func:`settle` will boost the ends of intervals: two trees a round, on every fold and on all rows.

    ``auto`` tries them only where rows are neither few nor too many.
    """
    return "quantile" in _ways(use_case, prepared)


def settle(
    use_case: UseCase, prepared: Prepared, margins: Sequence[Floats], parameters: Parameters, rounds: int
) -> Settled:
    """Fit all of it on the folds' check rows. ``margins`` are the Model's on each fold, made without those rows.

    The ends of intervals are boosted by ``parameters``, those of the best trial, for ``rounds`` at most.
    """
    data, problem = prepared.data, prepared.problem
    if problem.task == "ranking":  # a score has no unit: there is nothing that it should be right about
        return Settled(Calibration())
    folds = [
        Scored(margin, data.target[fold.check], None if data.judged is None else data.judged[fold.check])
        for fold, margin in zip(prepared.folds, margins, strict=True)
    ]
    if not is_classification(problem.task):
        return _with_intervals(use_case, prepared, folds, parameters, rounds)
    calibration = calibrate(problem.task, folds, undone(problem.task, data.class_weights))
    if problem.task != "binary":
        return Settled(calibration)
    return Settled(calibration, _threshold(use_case, problem.metric, calibration, folds))


def _threshold(use_case: UseCase, metric: str, calibration: Calibration, folds: Sequence[Scored]) -> float:
    asked = use_case.tune.threshold
    if isinstance(asked, float):
        return asked
    parts = [(fold.target, predictions("binary", calibration.apply(fold.margins)), fold.weights) for fold in folds]
    if not isinstance(asked, str):
        return cheapest_threshold(asked.of_missing, asked.of_raising, parts)
    aim = asked if asked != "auto" else metric if metric in ("accuracy", "balanced_accuracy", "mcc") else "f1"
    target, shares = (np.concatenate([part[place] for part in parts]) for place in (0, 1))
    weights = [part[2] for part in parts if part[2] is not None]
    return best_threshold(aim, target, shares, np.concatenate(weights) if weights else None)


def _with_intervals(
    use_case: UseCase, prepared: Prepared, folds: Sequence[Scored], parameters: Parameters, rounds: int
) -> Settled:
    """Intervals of the way that the use case asks for, or of the one that scores best."""
    coverage, task = use_case.tune.coverage, prepared.problem.task
    least = 0.0 if task == "count" else None
    checked = [Validated(fold.target, predictions(task, fold.margins), None, fold.weights) for fold in folds]
    ways = _ways(use_case, prepared)
    if "quantile" not in ways:
        return Settled(Calibration(), interval=choose_rule(checked, coverage, ways, least))
    setting = QuantileSetting(parameters, rounds, coverage)
    boosted = ends_of_folds(prepared.data, prepared.problem, prepared.folds, setting)
    best = min(setting.stops, key=lambda stop: _width(_with_ends(checked, boosted[stop]), coverage, least))
    rule = choose_rule(_with_ends(checked, boosted[best]), coverage, ways, least)
    if rule.way != "quantile":
        return Settled(Calibration(), interval=rule)
    shorter = QuantileSetting(parameters, best, coverage)
    return Settled(Calibration(), interval=rule, ends=fit_ends(prepared.data, prepared.problem, shorter))


def _ways(use_case: UseCase, prepared: Prepared) -> tuple[Way, ...]:
    """What to choose from, the plainest first."""
    if prepared.problem.task not in ("regression", "count") or use_case.tune.intervals == "conformal":
        return ("constant", "scaled")
    if use_case.tune.intervals == "quantile":
        return ("quantile",)
    rows, features = prepared.data.matrix.shape
    fits = rows >= FEWEST_ROWS and rows * features <= MOST_CELLS
    return ("constant", "scaled", "quantile") if fits else ("constant", "scaled")


def _with_ends(folds: Sequence[Validated], ends: Sequence[Doubles]) -> list[Validated]:
    return [Validated(fold.target, fold.values, end, fold.weights) for fold, end in zip(folds, ends, strict=True)]


def _width(folds: Sequence[Validated], coverage: float, least: float | None) -> float:
    """The mean width of intervals by boosted ends."""
    rule = choose_rule(folds, coverage, ("quantile",), least)
    widths = [np.subtract(*rule.around(fold.values, fold.ends)[::-1]) for fold in folds]
    return float(np.concatenate(widths).mean())
