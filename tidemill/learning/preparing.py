"""From a training Snapshot to what tuning and training work on: recipe, matrix, target, folds."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidemill.errors import UserError, did_you_mean
from tidemill.forecasting import Forecaster
from tidemill.learning.boosting import Data, Problem, bins_of
from tidemill.learning.constraints import constraints_of, directed
from tidemill.learning.external import Part, Stream, ahead
from tidemill.learning.features import Matrix, Recipe
from tidemill.learning.fitting import fit_recipe, returning_features
from tidemill.learning.folds import Division, Fold, forward_folds, group_folds, random_folds
from tidemill.learning.forecasts import complete
from tidemill.learning.levels import Known
from tidemill.learning.orders import Lists
from tidemill.learning.pairs import with_pairs
from tidemill.learning.queries import Queries
from tidemill.learning.room import Memory, fits, memory_of, sample_rows
from tidemill.learning.rungs import ladder
from tidemill.learning.scores import Doubles, choose_metric
from tidemill.learning.threads import available_threads
from tidemill.learning.trend import with_trend
from tidemill.learning.useless import without_useless
from tidemill.learning.weights import class_weights, learning_weights, own_weights, row_weights
from tidemill.results import Labelled, Split, Study
from tidemill.said import to_say
from tidemill.sampling import sampled_places, stored_sample
from tidemill.snapshot import PartReader, Snapshot
from tidemill.store import Store
from tidemill.task import is_classification
from tidemill.usecase.schema import UseCase

__all__ = ["Prepared", "lists_of", "prepare", "prepare_frame", "store_recipe"]

RECIPE_FORMAT = 1


@dataclass(frozen=True)
class Prepared:
    """Training rows ready to be learnt from.

    ``rungs`` are the folds, as a ladder: each rung has the fit rows of the one before and others to them, and all
    have the same check rows. Where rows are many, tuning starts on the lowest, and the highest may be a sample too.
    ``memory`` says how they are read; None for rows that were in memory already. ``forecaster`` makes of other
    rows' past what was made of theirs; None where nothing is. ``choosing`` are the seconds that finding out which
    features pay has taken, which is not done again.
    """

    data: Data
    rungs: tuple[tuple[Fold, ...], ...]
    problem: Problem
    memory: Memory | None = None
    forecaster: Forecaster | None = None
    choosing: float = 0.0

    @property
    def sample(self) -> int | None:
        """How many of the training rows ``data`` is of; None for all of them."""
        return None if self.memory is None else self.memory.sample

    @property
    def folds(self) -> tuple[Fold, ...]:
        """The folds of the lowest rung."""
        return self.rungs[0]


def prepare(
    store: Store,
    use_case: UseCase,
    labelled: Labelled,
    split: Split,
    excluded: Mapping[str, str],
    study: Study | None = None,
    recipe: Recipe | None = None,
) -> Prepared:
    """Read the training rows and fit the recipe on them. The same references give the same result, always.

    ``recipe``, or the one that ``study`` was tuned with, is not fitted again.

    Rows that are too many for memory stay in the Snapshot (``data.stream``), and everything is fitted on a
    sample of them: the one that ``study`` worked on, when it is given.
    """
    limit = use_case.tune.memory
    sample = study.sample if study is not None else _sample_of(store, use_case, labelled, split.train)
    rows = split.train if sample is None else stored_sample(store, split.train, sample, seed=use_case.seed)
    if recipe is None and study is not None:
        recipe = _stored_recipe(store, study)
    prepared = prepare_frame(rows.read(store), use_case, labelled, split, excluded, recipe)
    data = prepared.data
    memory = memory_of(
        store,
        split.train,
        columns=data.matrix.shape[1],
        gaps=bool(np.isnan(data.matrix).any()),
        classes=max(prepared.problem.classes - 1, 1) if labelled.task == "multiclass" else 1,
        sample=sample,
        limit=limit,
    )
    if sample is None:
        return replace(prepared, memory=memory)
    span = None if data.ages is None else _span(rows.read(store, [str(use_case.time)])[str(use_case.time)])
    own = None
    if data.recipe.encoded:
        own = sampled_places(split.train, sample, seed=use_case.seed), data.full_matrix()
    parts = partial(_parts, store, split.train, use_case, data, own, span)
    return replace(prepared, memory=memory, data=replace(data, stream=Stream(memory, parts)))


def store_recipe(store: Store, prefix: str, recipe: Recipe) -> None:
    """Keep what a study was tuned with below its ``prefix``, for all that comes after it."""
    store.write_json(f"{prefix}/recipe.json", {"format": RECIPE_FORMAT, "recipe": recipe.model_dump(mode="json")})


def _stored_recipe(store: Store, study: Study) -> Recipe | None:
    """What the study was tuned with; None where it was tuned before recipes were kept."""
    key = f"{study.prefix}/recipe.json"
    try:
        said = store.read_json(key)
    except KeyError:
        return None
    if said["format"] > RECIPE_FORMAT:
        raise UserError(
            f"{store.url_of(key)} has format {said['format']}; this Tidemill reads up to {RECIPE_FORMAT}: upgrade it"
        )
    return Recipe.model_validate(said["recipe"])


def _sample_of(store: Store, use_case: UseCase, labelled: Labelled, train: Snapshot) -> int | None:
    """How many rows to work on; None for all of them, as must be where rows hang on each other."""
    limit = use_case.tune.memory
    if use_case.forecast is not None:  # a sample of a series would have gaps for a past
        return None
    if labelled.task != "ranking":
        return sample_rows(store, train, limit)
    if not fits(store, train, limit):
        raise UserError(
            f"the {train.rows:,} training rows do not fit into memory, and rows that are ranked can't be streamed: "
            "give more (`tune.memory`, a larger machine), or train on fewer queries"
        )
    return None


def prepare_frame(
    frame: pd.DataFrame,
    use_case: UseCase,
    labelled: Labelled,
    split: Split,
    excluded: Mapping[str, str],
    known_recipe: Recipe | None = None,
) -> Prepared:
    """:func:`prepare` for rows already in memory, with the target under ``use_case.target_name``.

    Where rows are ranked, those of a query come to lie together.
    """
    whole = complete(frame, use_case, labelled, split, excluded)
    frame, excluded = whole.frame, whole.excluded
    lists = lists_of(use_case, labelled, frame)
    if lists is not None:
        frame = frame.iloc[lists.queries.order].reset_index(drop=True)
        lists = lists.taken(lists.queries.order)
    target = frame[use_case.target_name].to_numpy(dtype=np.float64)
    classes = target.astype(np.int64) if is_classification(labelled.task) else None
    if split.by == "group" and use_case.group is not None:
        excluded = {use_case.group: to_say("it names a group, and the rows to come are of other groups"), **excluded}
    outputs = len(labelled.classes) if labelled.task == "multiclass" else 1
    folds, ages = _folds(frame, use_case, split, classes, lists, Division.of(*frame.shape, outputs), whole.gap)
    groups = _groups(frame, use_case) if split.by == "group" else None if lists is None else lists.queries.codes
    if known_recipe is None:
        known = Known(target, len(labelled.classes) if classes is not None else 0, ages, groups)
        recipe, matrix = directed(use_case, *fit_recipe(frame, use_case, excluded, known))
        if ages is not None:
            recipe, matrix = returning_features(recipe, matrix, folds)
    else:
        recipe, matrix = known_recipe, known_recipe.coded(frame)
    problem = Problem(
        task=labelled.task,
        classes=len(labelled.classes),
        metric=choose_metric(use_case.tune.metric, labelled.task),
        threads=use_case.tune.threads or available_threads(),
        seed=use_case.seed,
        constraints=constraints_of(use_case, recipe),
        gain=None if lists is None else lists.gain,
    )
    data = Data(recipe, matrix, target, ages, groups=groups, words=recipe.words(frame), lists=lists)
    data = _data(use_case, labelled, frame, data, classes)
    began = time.perf_counter()
    if known_recipe is None:
        data = _with_what_pays(use_case, frame, data, folds, problem)
    choosing = time.perf_counter() - began
    if data.recipe is not recipe:
        problem = replace(problem, constraints=constraints_of(use_case, data.recipe))
    queries = None if lists is None else lists.queries
    rungs = ladder(folds, round(data.matrix.shape[1] * outputs**0.5), use_case.seed, queries)
    problem = replace(problem, bins=bins_of(data))
    return Prepared(data, rungs, problem, forecaster=whole.forecaster, choosing=choosing)


def _with_what_pays(
    use_case: UseCase, frame: pd.DataFrame, data: Data, folds: Sequence[Fold], problem: Problem
) -> Data:
    """The same rows with the features that do better on check rows than others, as quick boosters find."""
    data = without_useless(data, folds, problem)
    if data.ages is not None:
        data = with_trend(data, folds, problem, frame[str(use_case.time)])
    if use_case.tune.pairs:
        data = with_pairs(data, folds, replace(problem, bins=bins_of(data)))
    return data


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


def lists_of(use_case: UseCase, labelled: Labelled, frame: pd.DataFrame) -> Lists | None:
    """Which of the rows are ranked together, and what their grades are worth; None unless the task is ranking.

    Raises UserError when the query's column is missing.
    """
    if labelled.task != "ranking" or use_case.query is None:
        return None
    if use_case.query not in frame:
        raise UserError(f"query: there is no column `{use_case.query}`{did_you_mean(use_case.query, frame.columns)}")
    return Lists(Queries.of(frame[use_case.query]), labelled.gain or "linear", row_weights(use_case, frame))


def _folds(
    frame: pd.DataFrame,
    use_case: UseCase,
    split: Split,
    classes: NDArray[np.int64] | None,
    lists: Lists | None,
    division: Division,
    gap: timedelta,
) -> tuple[tuple[Fold, ...], Doubles | None]:
    """The folds, and each row's age as a share of the span when they look forward in time."""
    if split.by == "time" and use_case.time is not None:
        at = frame[use_case.time]
        if lists is not None:  # a query is of the moment of its latest row, as when it was split
            at = at.groupby(lists.queries.codes).transform("max")
        horizon = split.end - split.boundary if split.end and split.boundary else None
        folds = forward_folds(at, horizon, classes, gap)
        if folds:
            return folds, _ages(at, _span(at))
    if split.by == "group" and use_case.group is not None:
        folds = group_folds(frame[use_case.group], classes, use_case.seed, division)
        if folds:
            return folds, None
    if lists is not None:
        folds = group_folds(pd.Series(lists.queries.codes), classes, use_case.seed, division)
        if folds:
            return folds, None
        raise UserError(
            f"`query: {use_case.query}`: the {len(frame):,} training rows are of {lists.queries.count} queries, too "
            "few to learn from some and be judged on others: collect more"
        )
    return random_folds(len(frame), classes, use_case.seed, division), None


def _groups(frame: pd.DataFrame, use_case: UseCase) -> NDArray[np.int64] | None:
    """A number for each row's group."""
    return None if use_case.group is None else pd.factorize(frame[use_case.group].astype("str"), sort=True)[0]


def _parts(
    store: Store,
    snapshot: Snapshot,
    use_case: UseCase,
    sample: Data,
    own: tuple[NDArray[np.int64], Matrix] | None,
    span: tuple[pd.Timestamp, float] | None,
) -> Generator[Part]:
    """The Snapshot's rows as boosters read them, from the first one at each call.

    What is read by the target was fitted on ``sample``, so that other rows can be read like those to come.
    The sample's ``own`` (their places and their matrix) are read by each other's targets. ``span`` is given where
    rows weigh by their age.
    """

    def part(reader: PartReader, start: int) -> Part:
        frame = reader.frame()
        matrix = sample.recipe.transform(frame)
        if own is not None:
            places, read = own
            first, last = np.searchsorted(places, [start, start + len(frame)])
            matrix[places[first:last] - start] = read[first:last]
        target = frame[use_case.target_name].to_numpy(dtype=np.float64)
        ages = None if span is None else _ages(frame[str(use_case.time)], span)
        given = own_weights(use_case, frame)
        if sample.class_weights is not None:
            by_class = sample.class_weights[target.astype(np.int64)]
            given = by_class if given is None else by_class * given
        return Part(matrix, target, ages, given)

    def makers() -> Generator[Callable[[], Part]]:
        start = 0
        for reader in snapshot.readers(store):
            yield partial(part, reader, start)
            start += reader.rows

    return ahead(makers())


def _span(at: pd.Series) -> tuple[pd.Timestamp, float]:
    """The newest moment, and the seconds from the oldest to it."""
    return at.max(), max((at.max() - at.min()).total_seconds(), 1.0)


def _ages(at: pd.Series, span: tuple[pd.Timestamp, float]) -> Doubles:
    newest, seconds = span
    share = (newest - at).dt.total_seconds() / seconds
    return np.asarray(share.fillna(1.0).clip(0.0, 1.0), dtype=np.float64)
