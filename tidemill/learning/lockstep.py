"""Learning curves: all folds of one setting grown side by side, until their mean stops rising.

One curve, the mean over the folds, chooses the number of rounds for all of them, a hopeless setting can be stopped
at any round, and there is a value at any moment. Where rows are many, the newest fold tells by itself whether a
setting is hopeless (after racing: Maron and Moore, 1994), so the others are grown only after it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from tidemill.learning.boosting import Data, Parameters, Problem, half_life_of, quantised
from tidemill.learning.folds import Fold
from tidemill.learning.margins import Margins
from tidemill.learning.objectives import predictions
from tidemill.learning.scores import higher_is_better, mean_defined, score

if TYPE_CHECKING:
    import xgboost

__all__ = ["Curve", "FoldMatrices", "boost", "held_out_margins", "seconds_a_round"]

EVALUATE_EVERY = 5
LONGEST_STEP = 1.0
FIRST_REPORT, FIRST_REPORT_AHEAD = 4, 1
MOST_ROUNDS = 1_500
PATIENT_PROGRESS = 3.0
LEAST_PATIENCE, MOST_PATIENCE = 20, 100
PACE_ROUNDS = 4
TELLING_ROWS, TELLING_CHECKS = 50_000, 5_000


@dataclass(frozen=True)
class Curve:
    """How one setting fared. ``margins`` are each fold's raw scores on its check rows after ``rounds``.

    ``value`` and ``folds`` are in the metric's own unit, ``ran`` counts the rounds that were grown, ``reported`` holds
    the best so far by progress, of the fold that goes ahead or else of the mean; ``pruned`` and ``cut`` say that it was
    stopped as hopeless, or by the clock. One that was stopped while a fold was ahead has that fold alone, and no
    margins. ``booster`` is the UBJSON of what was grown, of the only fold where there is one.
    """

    value: float
    folds: tuple[float, ...]
    rounds: int
    ran: int
    reported: dict[int, float]
    margins: tuple[Margins, ...]
    pruned: bool
    cut: bool
    booster: bytes | None = None


class FoldMatrices:
    """The folds' quantised matrices: made once and shared by every trial."""

    def __init__(self, data: Data, folds: Sequence[Fold]) -> None:
        self._data = data
        self.folds = tuple(folds)
        self.targets = tuple(data.target[fold.check] for fold in self.folds)
        self.judged = tuple(None if data.judged is None else data.judged[fold.check] for fold in self.folds)
        self.lists = tuple(data.lists_of(fold.check) for fold in self.folds)
        self._pairs = [_pair(data, fold) for fold in self.folds]

    @property
    def first_tells(self) -> bool:
        """Whether the first fold, the newest where rows have a time, goes ahead: boosters are dear, and it can tell.

        By so many fit rows, and check rows or queries.
        """
        checks = len(self.targets[0]) if self.lists[0] is None else self.lists[0].queries.count
        return len(self.folds) > 1 and len(self.folds[0].fit) >= TELLING_ROWS and checks >= TELLING_CHECKS

    def weighted(self, half_life: float | None) -> list[tuple[xgboost.QuantileDMatrix, xgboost.QuantileDMatrix]]:
        """The pairs (fit, check), the fit rows weighted by recency."""
        for fold, (fit, _) in zip(self.folds, self._pairs, strict=True):
            if self._data.weighted:
                fit.set_weight(self._data.booster_weights(half_life, fold.fit))
        return self._pairs


class _Lockstep:
    """The boosters of one trial, one a fold, grown side by side.

    Folds are shared out among the threads before a fold's own work is: on rows that are few, threads that
    wait for each other after every level of a tree take longer than one that works alone.
    """

    def __init__(self, matrices: FoldMatrices, problem: Problem, parameters: Parameters, ahead: int = 0) -> None:
        import xgboost

        self._problem = problem
        self.sign = 1.0 if higher_is_better(problem.metric) else -1.0
        self._targets, self._judged, self._lists = matrices.targets, matrices.judged, matrices.lists
        self._pairs = matrices.weighted(half_life_of(parameters))
        self.ahead = tuple(range(ahead or len(self._pairs)))
        self.all = tuple(range(len(self._pairs)))
        settings = problem.settings(parameters, problem.seed)
        self._boosters = [
            xgboost.Booster({**settings, "nthread": self._threads(number)}, cache=[fit, check])
            for number, (fit, check) in enumerate(self._pairs)
        ]
        self._values: list[dict[int, float]] = [{} for _ in self._pairs]
        self._margins: dict[int, Margins] = {}

    def values_at(self, rounds: int, folds: Sequence[int]) -> tuple[float, ...]:
        """What the metric says of these folds' check rows after so many rounds, grown where they are not yet."""
        behind = [number for number in folds if rounds not in self._values[number]]
        workers = min(len(behind), self._problem.threads)
        if workers <= 1:
            for number in behind:
                self._grow(number, rounds)
        else:
            with ThreadPoolExecutor(workers) as pool:
                list(pool.map(lambda number: self._grow(number, rounds), behind))
        return tuple(self._values[number][rounds] for number in folds)

    def margins_at(self, rounds: int) -> tuple[Margins, ...]:
        """Every fold's raw scores on its check rows after so many rounds."""
        return tuple(
            self._margins[number]
            if self._rounds(number) == rounds
            else booster.predict(self._pairs[number][1], output_margin=True, iteration_range=(0, rounds))
            for number, booster in enumerate(self._boosters)
        )

    def booster(self, rounds: int) -> bytes | None:
        """The only fold's booster after so many rounds; None where there are several folds."""
        return bytes(self._boosters[0][:rounds].save_raw("ubj")) if len(self._boosters) == 1 else None

    def _threads(self, number: int) -> int:
        beside = len(self.ahead) if number in self.ahead else len(self.all) - len(self.ahead)
        return max(1, self._problem.threads // min(beside, self._problem.threads))

    def _rounds(self, number: int) -> int:
        return max(self._values[number], default=0)

    def _grow(self, number: int, rounds: int) -> None:
        booster, (fit, check) = self._boosters[number], self._pairs[number]
        for step in range(self._rounds(number), rounds):
            booster.update(fit, step)
        self._margins[number] = margins = booster.predict(check, output_margin=True)
        task, metric = self._problem.task, self._problem.metric
        target, weights, lists = self._targets[number], self._judged[number], self._lists[number]
        self._values[number][rounds] = score(metric, target, predictions(task, margins), weights, lists)


@dataclass
class _Watch:
    """What is told of a setting while it is grown: its best so far at progress ``at``, twice that, and so on.

    It is always of the same folds, those that go ahead, so that trials can be compared. ``hopeless`` is asked each
    time. Progress is rounds times the learning rate, so that fast and slow settings are compared at like points.
    """

    rate: float
    hopeless: Callable[[int, float], bool] | None
    at: int
    sign: float
    best: float = -math.inf
    reported: dict[int, float] = field(default_factory=dict)

    @property
    def rounds(self) -> int:
        """How many there will have been when it is told again."""
        return math.ceil(self.at / self.rate)

    def gives_up(self, rounds: int, value: float) -> bool:
        """Take the value after so many rounds; tell, if it is time to, and say whether that was hopeless."""
        self.best = max(self.best, self.sign * value)
        if rounds < self.rounds:
            return False
        self.reported[self.at], told = self.sign * self.best, self.at
        self.at *= 2
        return self.hopeless is not None and self.hopeless(told, self.reported[told])


@dataclass(frozen=True)
class _Climbed:
    """How far some folds were grown: the ``points`` (rounds) where their mean was taken, and which was the ``best``."""

    points: tuple[int, ...]
    best: int
    pruned: bool
    cut: bool


def boost(
    matrices: FoldMatrices,
    problem: Problem,
    parameters: Parameters,
    *,
    hopeless: Callable[[int, float], bool] | None = None,
    deadline: float | None = None,
) -> Curve:
    """Grow every fold until the mean curve stops rising, and keep its best point.

    ``hopeless(progress, value)`` is asked at 4, 8 …, where a fold goes ahead at 1 and 2 too, with the best so far, and
    may stop the trial; None never does. ``deadline`` is a moment of ``time.perf_counter`` after which it ends as it is.
    """
    trees = _Lockstep(matrices, problem, parameters, ahead=1 if matrices.first_tells else 0)
    first = FIRST_REPORT_AHEAD if matrices.first_tells else FIRST_REPORT
    watch = _Watch(float(parameters.get("learning_rate") or 0.3), hopeless, first, trees.sign)
    folds, until = trees.ahead, deadline
    if deadline is not None:
        began = time.perf_counter()
        until = began + (deadline - began) * len(folds) / len(trees.all)
    climbed = _climb(trees, folds, watch, until)
    if not climbed.pruned and folds != trees.all:
        folds = trees.all
        climbed = _climb(trees, folds, watch, deadline, climbed.points)
    values = trees.values_at(climbed.best, folds)
    return Curve(
        value=mean_defined(values),
        folds=values,
        rounds=climbed.best,
        ran=climbed.points[-1],
        reported=watch.reported,
        margins=trees.margins_at(climbed.best) if folds == trees.all else (),
        pruned=climbed.pruned,
        cut=climbed.cut,
        booster=None if climbed.pruned else trees.booster(climbed.best),
    )


def _climb(
    trees: _Lockstep, folds: Sequence[int], watch: _Watch, deadline: float | None, along: Sequence[int] = ()
) -> _Climbed:
    """Grow ``folds`` until their mean stops rising; first ``along`` the points where others were looked at before."""
    patience = int(np.clip(math.ceil(PATIENT_PROGRESS / watch.rate), LEAST_PATIENCE, MOST_PATIENCE))
    points: list[int] = []
    best, at, pruned, cut = -math.inf, 0, False, False
    step = EVALUATE_EVERY if deadline is None else 1
    while not (pruned or cut):
        before, began = points[-1] if points else 0, time.perf_counter()
        ahead = len(points) < len(along)
        rounds = along[len(points)] if ahead else min(before + step, max(watch.rounds, before + 1), MOST_ROUNDS)
        values = trees.values_at(rounds, folds)
        mean = trees.sign * mean_defined(values)
        points.append(rounds)
        if deadline is not None:
            pace = (time.perf_counter() - began) / (rounds - before)
            step = int(np.clip(LONGEST_STEP / (pace + 1e-9), 1, EVALUATE_EVERY))
        if mean > best or not at:
            best, at = mean, rounds
        if not ahead:
            pruned = watch.gives_up(rounds, mean_defined(values[: len(trees.ahead)]))
        if rounds - at >= patience or rounds >= MOST_ROUNDS:
            break
        cut = deadline is not None and time.perf_counter() > deadline
    return _Climbed(tuple(points), at, pruned, cut)


def seconds_a_round(matrices: FoldMatrices, problem: Problem, parameters: Parameters) -> float:
    """How long a round of all folds takes: the quickest of the first ones, since other work only ever adds to it."""
    trees = _Lockstep(matrices, problem, parameters)
    took = []
    for rounds in range(1, PACE_ROUNDS + 1):
        began = time.perf_counter()
        trees.values_at(rounds, trees.all)
        took.append(time.perf_counter() - began)
    return min(took)


def held_out_margins(data: Data, fold: Fold, problem: Problem, parameters: Parameters, rounds: int) -> Margins:
    """Raw scores on the fold's check rows, of a booster grown on its fit rows for exactly so many rounds."""
    trees = _Lockstep(FoldMatrices(data, (fold,)), problem, parameters)
    trees.values_at(rounds, trees.all)
    return trees.margins_at(rounds)[0]


def _pair(data: Data, fold: Fold) -> tuple[xgboost.QuantileDMatrix, xgboost.QuantileDMatrix]:
    before, after = data.fold_matrices(fold)
    fit = quantised(data, before, data.target[fold.fit], None, data.lists_of(fold.fit))
    return fit, quantised(data, after, data.target[fold.check], fit, data.lists_of(fold.check))
