"""Boosting: all folds of one setting grown in lockstep, and one booster on all rows.

Lockstep gives one learning curve, the mean over the folds: the number of rounds is chosen once for
all of them, a hopeless setting can be stopped at any round, and there is a value at any moment.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tidemill.learning.external import Stream, streamed_matrix
from tidemill.learning.features import Matrix, Recipe
from tidemill.learning.folds import Fold
from tidemill.learning.margins import Margins
from tidemill.learning.matrices import TrainingRows
from tidemill.learning.objectives import objective_of, predictions
from tidemill.learning.orders import Gain, Lists
from tidemill.learning.scores import higher_is_better, mean_defined, score
from tidemill.learning.texts import Words
from tidemill.learning.threads import wait_politely

if TYPE_CHECKING:
    import xgboost

__all__ = [
    "Curve",
    "Data",
    "FoldMatrices",
    "Parameters",
    "Problem",
    "Weigh",
    "all_rows",
    "bins_of",
    "boost",
    "half_life_of",
    "held_out_margins",
    "quantised",
    "seconds_a_round",
]

MAX_BIN = 128
FEW_BINS = 32
WIDE = 200
NARROW_ROWS = 20_000
EVALUATE_EVERY = 5
LONGEST_STEP = 1.0
FIRST_REPORT = 2
MOST_ROUNDS = 1_500
PATIENT_PROGRESS = 3.0
PACE_ROUNDS = 4

Parameters = Mapping[str, float | int | str | bool | None]
Doubles = NDArray[np.float64]
Weigh = Callable[[float | None], Doubles]


@dataclass(frozen=True)
class Problem:
    """What is learnt and with what: the same for every trial.

    ``classes`` is 0 unless the task is classification. ``constraints`` are XGBoost's settings that hold predictions
    to what the use case says of its columns. ``gain`` is what a grade is worth, where rows are ranked.
    """

    task: str
    classes: int
    metric: str
    threads: int
    seed: int
    constraints: Mapping[str, str] = field(default_factory=dict)
    gain: Gain | None = None
    bins: int = MAX_BIN

    @property
    def objective(self) -> dict[str, Any]:
        """XGBoost's settings of what it is to minimise."""
        known = objective_of(self.task, self.metric, self.classes).settings
        return {**known, "ndcg_exp_gain": self.gain == "exponential"} if self.gain is not None else dict(known)

    @property
    def outputs(self) -> int:
        """How many trees a round grows."""
        return objective_of(self.task, self.metric, self.classes).outputs

    def settings(self, parameters: Parameters, seed: int) -> dict[str, Any]:
        """XGBoost's settings for these parameters."""
        tuned = {name: value for name, value in parameters.items() if name != "half_life"}
        fixed = {"tree_method": "hist", "max_bin": self.bins, "nthread": self.threads, "verbosity": 0}
        # A round draws its rows and columns by its own number: else by what else its thread has drawn before.
        drawn = {"seed": seed, "seed_per_iteration": True}
        return {
            **fixed,
            **drawn,
            "disable_default_eval_metric": True,
            **self.objective,
            **self.constraints,
            **tuned,
        }


@dataclass(frozen=True)
class Data:
    """Training rows, from which the matrices that boosters read are made.

    ``matrix`` is (rows, features); boosters read :meth:`full_matrix` and :meth:`fold_matrices`, where features
    that are fitted with the target are filled in. ``target`` holds codes or values as float64, ``ages`` how
    long before the newest row each row was, as a share of the whole span (None where rows have no time). ``given``
    are the weights that rows are learnt with, with mean 1, which multiply those of recency. ``judged`` are those that
    they are judged with, and ``class_weights``, by code, what is in the first and not in the second; ``groups``
    number rows that belong together. ``words`` are those of columns of text. ``lists`` say which rows are ranked
    together (None where rows stand alone); the rows of a query then lie together, as XGBoost wants them.
    Where ``stream`` is given it holds all training rows, and everything else is of a sample of them.
    """

    recipe: Recipe
    matrix: Matrix
    target: Doubles
    ages: Doubles | None
    given: Doubles | None = None
    groups: NDArray[np.int64] | None = None
    judged: Doubles | None = None
    class_weights: Doubles | None = None
    words: Mapping[str, Words] = field(default_factory=dict)
    stream: Stream | None = None
    lists: Lists | None = None

    @property
    def rows(self) -> int:
        """How many rows the final boosters are fitted on."""
        return len(self.target) if self.stream is None else self.stream.memory.rows

    def lists_of(self, rows: NDArray[np.int64]) -> Lists | None:
        """The lists of some of the rows."""
        return None if self.lists is None else self.lists.taken(rows)

    @property
    def weighted(self) -> bool:
        """Whether rows may weigh differently."""
        return self.ages is not None or self.given is not None

    def fold_matrices(self, fold: Fold) -> tuple[Matrix, Matrix]:
        """The fold's fit and check rows as boosters read them, fitted on the fit rows alone. Both are copies."""
        return self._rows.of(fold)

    def full_matrix(self) -> Matrix:
        """All rows as the final boosters are fitted on them."""
        return self._rows.full()

    @property
    def _rows(self) -> TrainingRows:
        return TrainingRows(self.recipe, self.matrix, self.target, self.ages, self.groups, self.words)

    def weights(self, half_life: float | None, rows: NDArray[np.int64] | None = None) -> Doubles | None:
        """The rows' own weights, halved with every ``half_life`` of age, with mean 1; None for equal weights."""
        chosen = slice(None) if rows is None else rows
        return _weights(
            None if self.ages is None else self.ages[chosen],
            None if self.given is None else self.given[chosen],
            half_life,
        )

    def booster_weights(self, half_life: float | None, rows: NDArray[np.int64] | None = None) -> Doubles:
        """:meth:`weights` as XGBoost wants them: one a row or, where rows are ranked, one a query, its rows' mean."""
        whole = np.arange(len(self.target)) if rows is None else rows
        weights = self.weights(half_life, whole)
        lists = self.lists_of(whole)
        if lists is None:
            return np.ones(len(whole)) if weights is None else weights
        if weights is None:
            return np.ones(lists.queries.count)
        return lists.queries.means(weights)


@dataclass(frozen=True)
class Curve:
    """How one setting fared. ``margins`` are each fold's raw scores on its check rows after ``rounds``.

    ``value`` and ``folds`` are in the metric's own unit, ``ran`` counts the rounds that were grown,
    ``reported`` holds the best mean so far by progress; ``pruned`` and ``cut`` say that it was stopped as
    hopeless, or by the clock. ``booster`` is the UBJSON of what was grown, of the only fold where there is one.
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

    def __init__(self, matrices: FoldMatrices, problem: Problem, parameters: Parameters) -> None:
        import xgboost

        self._problem = problem
        self._targets, self._judged, self._lists = matrices.targets, matrices.judged, matrices.lists
        self._pairs = matrices.weighted(half_life_of(parameters))
        self._workers = min(len(self._pairs), problem.threads)
        threads = max(1, problem.threads // self._workers)
        settings = {**problem.settings(parameters, problem.seed), "nthread": threads}
        self._boosters = [xgboost.Booster(settings, cache=[fit, check]) for fit, check in self._pairs]
        self.rounds = 0

    def grow(self, rounds: int) -> tuple[tuple[Margins, ...], tuple[float, ...]]:
        """Grow every fold by so many rounds; then its raw scores on its check rows, and what the metric says."""
        numbers = range(len(self._boosters))
        if self._workers == 1:
            grown = [self._grow(number, rounds) for number in numbers]
        else:
            with ThreadPoolExecutor(self._workers) as pool:
                grown = list(pool.map(lambda number: self._grow(number, rounds), numbers))
        self.rounds += rounds
        return tuple(margins for margins, _ in grown), tuple(value for _, value in grown)

    def booster(self, rounds: int) -> bytes | None:
        """The only fold's booster after so many rounds; None where there are several folds."""
        return bytes(self._boosters[0][:rounds].save_raw("ubj")) if len(self._boosters) == 1 else None

    def _grow(self, number: int, rounds: int) -> tuple[Margins, float]:
        booster, (fit, check) = self._boosters[number], self._pairs[number]
        for step in range(self.rounds, self.rounds + rounds):
            booster.update(fit, step)
        margins = booster.predict(check, output_margin=True)
        task, metric = self._problem.task, self._problem.metric
        target, weights, lists = self._targets[number], self._judged[number], self._lists[number]
        return margins, score(metric, target, predictions(task, margins), weights, lists)


def boost(
    matrices: FoldMatrices,
    problem: Problem,
    parameters: Parameters,
    *,
    hopeless: Callable[[int, float], bool],
    deadline: float | None = None,
) -> Curve:
    """Grow every fold until the mean curve stops rising, and keep its best point.

    Progress is rounds times the learning rate, so that fast and slow settings are compared at like points.
    ``hopeless(progress, value)`` is asked at 2, 4, 8 … with the best mean so far and may stop the trial.
    ``deadline`` is a moment of ``time.perf_counter`` after which it ends where it is.
    """
    trees = _Lockstep(matrices, problem, parameters)
    sign = 1.0 if higher_is_better(problem.metric) else -1.0
    rate = float(parameters.get("learning_rate") or 0.3)
    patience = int(np.clip(np.ceil(PATIENT_PROGRESS / rate), 20, 100))
    reported: dict[int, float] = {}
    report_at = FIRST_REPORT
    pruned = cut = False
    best = -np.inf
    point: tuple[int, tuple[float, ...], tuple[Margins, ...]] | None = None
    step = EVALUATE_EVERY
    while trees.rounds < MOST_ROUNDS and not pruned and not cut:
        began = time.perf_counter()
        margins, values = trees.grow(1 if deadline is not None and not trees.rounds else step)
        if deadline is not None:
            step = int(np.clip(step * LONGEST_STEP / (time.perf_counter() - began + 1e-9), 1, EVALUATE_EVERY))
        mean = sign * mean_defined(values)
        if point is None or mean > best:
            best, point = mean, (trees.rounds, values, margins)
        if trees.rounds * rate >= report_at:
            reported[report_at] = sign * best
            pruned = hopeless(report_at, sign * best)
            report_at *= 2
        if trees.rounds - point[0] >= patience:
            break
        cut = deadline is not None and time.perf_counter() > deadline
    if point is None:
        raise ValueError("a setting was boosted for no rounds")
    rounds, values, margins = point
    grown = None if pruned else trees.booster(rounds)
    return Curve(mean_defined(values), values, rounds, trees.rounds, reported, margins, pruned, cut, grown)


def seconds_a_round(matrices: FoldMatrices, problem: Problem, parameters: Parameters) -> float:
    """How long a round of all folds takes: the quickest of the first ones, since other work only ever adds to it."""
    trees = _Lockstep(matrices, problem, parameters)
    took = []
    for _ in range(PACE_ROUNDS):
        began = time.perf_counter()
        trees.grow(1)
        took.append(time.perf_counter() - began)
    return min(took)


def held_out_margins(data: Data, fold: Fold, problem: Problem, parameters: Parameters, rounds: int) -> Margins:
    """Raw scores on the fold's check rows, of a booster grown on its fit rows for exactly so many rounds."""
    trees = _Lockstep(FoldMatrices(data, (fold,)), problem, parameters)
    margins, _ = trees.grow(rounds)
    return margins[0]


@contextmanager
def all_rows(data: Data) -> Iterator[tuple[xgboost.DMatrix, Weigh]]:
    """All training rows as one matrix, and what gives their weights for a half-life."""
    here = quantised(data, data.full_matrix(), data.target, None, data.lists)
    if data.stream is None:
        yield here, data.booster_weights
        return
    with streamed_matrix(data.stream, here, bins=MAX_BIN, types=data.recipe.feature_types) as everything:

        def weigh(half_life: float | None) -> Doubles:
            weights = _weights(everything.ages, everything.given, half_life)
            return np.ones(data.rows) if weights is None else weights

        yield everything.matrix, weigh


def _pair(data: Data, fold: Fold) -> tuple[xgboost.QuantileDMatrix, xgboost.QuantileDMatrix]:
    before, after = data.fold_matrices(fold)
    fit = quantised(data, before, data.target[fold.fit], None, data.lists_of(fold.fit))
    return fit, quantised(data, after, data.target[fold.check], fit, data.lists_of(fold.check))


def quantised(
    data: Data,
    matrix: Matrix,
    target: Doubles,
    like: xgboost.QuantileDMatrix | None,
    lists: Lists | None = None,
) -> xgboost.QuantileDMatrix:
    """The matrix as XGBoost reads it; ``like`` is the one whose bins it takes over, ``lists`` are of these rows."""
    wait_politely()
    import xgboost

    return xgboost.QuantileDMatrix(
        matrix,
        target,
        qid=None if lists is None else lists.queries.codes,
        ref=like,
        max_bin=bins_of(data),
        feature_types=data.recipe.feature_types,
        enable_categorical=True,
    )


def bins_of(data: Data) -> int:
    """Into how many bins values go: fewer in wide tables of few rows, where looking through the bins takes long."""
    rows, features = data.matrix.shape
    return FEW_BINS if data.stream is None and features >= WIDE and rows < NARROW_ROWS else MAX_BIN


def half_life_of(parameters: Parameters) -> float | None:
    """A setting's half-life, as a share of the training span; None where all rows weigh alike."""
    said = parameters.get("half_life")
    return float(said) if said else None


def _weights(ages: Doubles | None, given: Doubles | None, half_life: float | None) -> Doubles | None:
    if ages is None or not half_life:
        return given
    recent = np.power(0.5, ages / half_life)
    weights = recent if given is None else recent * given
    return np.asarray(weights / weights.mean())
