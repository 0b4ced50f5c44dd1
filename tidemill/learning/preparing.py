"""From a training Snapshot to what tuning and training work on: recipe, matrix, target, folds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidemill.learning.boosting import Data, Problem
from tidemill.learning.constraints import constraints_of, directed
from tidemill.learning.fitting import fit_recipe, returning_features
from tidemill.learning.folds import Fold, forward_folds, group_folds, random_folds
from tidemill.learning.levels import Known
from tidemill.learning.scores import Doubles, choose_metric
from tidemill.learning.threads import available_threads
from tidemill.learning.weights import class_weights, learning_weights, row_weights
from tidemill.results import Labelled, Split
from tidemill.store import Store
from tidemill.task import is_classification
from tidemill.usecase.schema import UseCase

__all__ = ["Prepared", "prepare", "prepare_frame"]

TUNING_CELLS = 2_500_000
FEWEST_FIT_ROWS = 20_000
MOST_CHECK_ROWS = 30_000


@dataclass(frozen=True)
class Prepared:
    """Training rows ready to be learnt from. ``folds`` may hold a sample of them, where rows are many."""

    data: Data
    folds: tuple[Fold, ...]
    problem: Problem


def prepare(store: Store, use_case: UseCase, labelled: Labelled, split: Split, excluded: Mapping[str, str]) -> Prepared:
    """Read the training rows and fit the recipe on them. The same references give the same result, always."""
    return prepare_frame(split.train.read(store), use_case, labelled, split, excluded)


def prepare_frame(
    frame: pd.DataFrame, use_case: UseCase, labelled: Labelled, split: Split, excluded: Mapping[str, str]
) -> Prepared:
    """:func:`prepare` for rows already in memory, with the target under ``use_case.target_name``."""
    target = frame[use_case.target_name].to_numpy(dtype=np.float64)
    classes = target.astype(np.int64) if is_classification(labelled.task) else None
    if split.by == "group" and use_case.group is not None:
        excluded = {use_case.group: "it names a group, and the rows to come are of other groups", **excluded}
    folds, ages = _folds(frame, use_case, split, classes)
    groups = _groups(frame, use_case) if split.by == "group" else None
    known = Known(target, len(labelled.classes) if classes is not None else 0, ages, groups)
    recipe, matrix = directed(use_case, *fit_recipe(frame, use_case, excluded, known))
    if ages is not None:
        recipe, matrix = returning_features(recipe, matrix, folds)
    problem = Problem(
        task=labelled.task,
        classes=len(labelled.classes),
        metric=choose_metric(use_case.tune.metric, labelled.task),
        threads=use_case.tune.threads or available_threads(),
        seed=use_case.seed,
        constraints=constraints_of(use_case, recipe),
    )
    data = Data(recipe, matrix, target, ages, groups=groups, words=recipe.words(frame))
    data = _data(use_case, labelled, frame, data, classes)
    most_fit = max(FEWEST_FIT_ROWS, TUNING_CELLS // matrix.shape[1])
    rng = np.random.default_rng(use_case.seed)
    sampled = tuple(Fold(_sample(fold.fit, most_fit, rng), _sample(fold.check, MOST_CHECK_ROWS, rng)) for fold in folds)
    return Prepared(data, sampled, problem)


def _data(
    use_case: UseCase, labelled: Labelled, frame: pd.DataFrame, data: Data, classes: NDArray[np.int64] | None
) -> Data:
    """The same rows with the weights that the use case gives them."""
    judged = row_weights(use_case, frame)
    if classes is None:
        return replace(data, given=judged, judged=judged)
    by_class = class_weights(use_case, labelled.classes, classes, judged)
    given = learning_weights(classes, judged, by_class)
    return replace(data, given=given, judged=judged, class_weights=by_class)


def _folds(
    frame: pd.DataFrame, use_case: UseCase, split: Split, classes: NDArray[np.int64] | None
) -> tuple[tuple[Fold, ...], Doubles | None]:
    """The folds, and each row's age as a share of the span when they look forward in time."""
    if split.by == "time" and use_case.time is not None:
        at = frame[use_case.time]
        horizon = split.end - split.boundary if split.end and split.boundary else None
        folds = forward_folds(at, horizon, classes)
        if folds:
            return folds, _ages(at)
    if split.by == "group" and use_case.group is not None:
        folds = group_folds(frame[use_case.group], classes, use_case.seed)
        if folds:
            return folds, None
    return random_folds(len(frame), classes, use_case.seed), None


def _groups(frame: pd.DataFrame, use_case: UseCase) -> NDArray[np.int64] | None:
    """A number for each row's group."""
    return None if use_case.group is None else pd.factorize(frame[use_case.group].astype("str"), sort=True)[0]


def _ages(at: pd.Series) -> Doubles:
    age = (at.max() - at).dt.total_seconds()
    share = age / max(float(age.max()), 1.0)
    return np.asarray(share.fillna(1.0), dtype=np.float64)


def _sample(rows: NDArray[np.int64], most: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return rows if len(rows) <= most else np.sort(rng.choice(rows, size=most, replace=False))
