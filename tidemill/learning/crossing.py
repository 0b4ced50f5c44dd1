"""Predictions for labelled rows by boosters that never saw them: what a doubt about a label rests on.

Every row is in one check part, unlike in tuning's folds, which look forward in time only. Parts hold
together what belongs together: the rows of a query, of a stretch of time, or of a group.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidemill.errors import UserError
from tidemill.learning.boosting import Data, Problem, bins_of
from tidemill.learning.folds import Fold
from tidemill.learning.lockstep import held_out_margins
from tidemill.learning.model import Model
from tidemill.learning.objectives import predictions
from tidemill.learning.orders import Lists
from tidemill.learning.queries import Queries
from tidemill.learning.scores import Doubles
from tidemill.learning.threads import available_threads
from tidemill.learning.trials import TrialLog
from tidemill.results import Split, Study
from tidemill.store import Store
from tidemill.task import is_classification
from tidemill.usecase.schema import UseCase

__all__ = ["out_of_fold"]

PARTS = 5
LARGE_ROWS = 20_000
LARGE_PARTS = 3


def out_of_fold(
    store: Store, use_case: UseCase, frame: pd.DataFrame, model: Model, study: Study, split: Split
) -> Doubles:
    """What the study's best setting says of each row of ``frame`` when grown on rows of the other parts.

    ``frame`` holds the target under ``use_case.target_name`` as a labelled Snapshot does. Recipe and
    calibration are the ``model``'s. Probabilities, shape ``(rows, classes)``; otherwise values, shape
    ``(rows,)``, where rows are ranked on the scale of their grades. Raises UserError when the study is not whole
    in this lake, or a class has a single row.
    """
    trials = TrialLog(store, study.prefix).by_number()
    if study.members[0] not in trials:
        raise UserError(
            f"the study {study.id} is not whole in this lake ({store.url_of(study.prefix)}): restore it from a backup"
        )
    best = trials[study.members[0]]
    lists = None
    order = np.arange(len(frame))
    if model.description.gain is not None and use_case.query is not None:
        queries = Queries.of(frame[use_case.query])
        order = queries.order
        frame, lists = frame.iloc[order], Lists(queries.taken(order), model.description.gain)
    target = frame[use_case.target_name].to_numpy(dtype=np.float64)
    recipe = model.description.recipe
    rows = model.completed(frame)
    data = Data(recipe, recipe.coded(rows), target, None, words=recipe.words(rows), lists=lists)
    problem = Problem(
        task=model.task,
        classes=len(model.classes),
        metric=study.metric,
        threads=use_case.tune.threads or available_threads(),
        seed=use_case.seed,
        gain=model.description.gain,
        bins=bins_of(data),
    )
    part = _parts(frame, use_case, split, target.astype(np.int64) if is_classification(model.task) else None)
    margins = np.empty((len(frame), len(model.classes)) if model.task == "multiclass" else len(frame))
    for number in np.unique(part):
        fold = Fold(np.flatnonzero(part != number), np.flatnonzero(part == number))
        margins[fold.check] = held_out_margins(data, fold, problem, best.parameters, best.rounds)
    if lists is not None:
        return _as_grades(margins, target)[np.argsort(order)]
    shares = predictions(model.task, model.description.calibration.apply(margins))
    return np.column_stack([1.0 - shares, shares]) if model.task == "binary" else shares


def _as_grades(scores: Doubles, grades: Doubles) -> Doubles:
    """Scores, which have no unit, on the scale of grades by the least-squares line."""
    if not scores.std():
        return np.full(len(grades), grades.mean())
    slope, start = np.polyfit(scores, grades, 1)
    return np.asarray(start + slope * scores)


def _parts(
    frame: pd.DataFrame, use_case: UseCase, split: Split, classes: NDArray[np.int64] | None
) -> NDArray[np.int64]:
    """The part of each row: stretches of time, whole groups, or by chance with each class spread evenly."""
    count = PARTS if len(frame) <= LARGE_ROWS else LARGE_PARTS
    part = None
    if use_case.query is not None:
        codes = Queries.of(frame[use_case.query]).codes
        part = np.random.default_rng(use_case.seed).permutation(codes.max() + 1)[codes] % count
    elif split.by == "time" and use_case.time is not None:
        moments = frame[use_case.time].rank(method="min", na_option="top").to_numpy() - 1.0
        part = (moments * count // len(frame)).astype(np.int64)
    elif split.by == "group" and use_case.group is not None:
        codes, names = pd.factorize(frame[use_case.group].astype("str"), sort=True)
        part = np.random.default_rng(use_case.seed).permutation(len(names))[codes] % count
    if part is None or not _learnable(part, classes):
        part = _by_chance(len(frame), count, classes, use_case.seed)
    return part


def _by_chance(rows: int, count: int, classes: NDArray[np.int64] | None, seed: int) -> NDArray[np.int64]:
    random = np.random.default_rng(seed)
    order = random.permutation(rows)
    if classes is not None:
        order = order[np.argsort(classes[order], kind="stable")]
    part = np.empty(rows, dtype=np.int64)
    part[order] = np.arange(rows) % count
    if not _learnable(part, classes):
        raise UserError(
            "a class of the target has a single row, so nothing can be said of its label: bring more rows of it, "
            "or merge it with another class"
        )
    return part


def _learnable(part: NDArray[np.int64], classes: NDArray[np.int64] | None) -> bool:
    """Whether each part can be judged by what is learnt from the others: they have every class."""
    if len(np.unique(part)) < 2:
        return False
    return classes is None or all(len(np.unique(part[classes == code])) > 1 for code in np.unique(classes))
