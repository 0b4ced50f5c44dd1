"""What is boosted: the problem, its rows, and the matrices that boosters read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tidemill.learning.external import Stream, streamed_matrix
from tidemill.learning.features import LARGEST, Feature, Matrix, Recipe
from tidemill.learning.folds import Fold
from tidemill.learning.matrices import TrainingRows
from tidemill.learning.objectives import objective_of
from tidemill.learning.orders import Gain, Lists
from tidemill.learning.texts import Words
from tidemill.learning.threads import wait_politely

if TYPE_CHECKING:
    import xgboost

__all__ = [
    "Data",
    "Parameters",
    "Problem",
    "Weigh",
    "all_rows",
    "bins_of",
    "half_life_of",
    "quantised",
]

MAX_BIN = 128
FEW_BINS = 32
WIDE = 200
NARROW_ROWS = 20_000

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

    def adding(self, features: Sequence[Feature], columns: Sequence[Doubles]) -> Data:
        """The same rows with more features, read as the recipe reads numbers: one column each, shape ``(rows,)``."""
        recipe = Recipe(**{**dict(self.recipe), "features": (*self.recipe.features, *features)})
        read = [np.clip(column, -LARGEST, LARGEST).astype(np.float32) for column in columns]
        return replace(self, recipe=recipe, matrix=np.column_stack([self.matrix, *read]))

    def keeping(self, places: Sequence[int] | NDArray[np.int64], reasons: Mapping[str, str] | None = None) -> Data:
        """The same rows with the features at ``places`` alone; ``reasons`` tell of columns that are left out."""
        recipe = self.recipe.keeping([self.recipe.features[place].name for place in places], reasons or {})
        words = {name: words for name, words in self.words.items() if name in recipe.encodings}
        return replace(self, recipe=recipe, matrix=self.matrix[:, places], words=words)

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
