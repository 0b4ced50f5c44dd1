"""Three plain models on the same rows and features: what a tuned model must beat to be worth its trouble.

They are fitted with the rows' own weights, and without class weights: those are a means, not what is asked for.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd

from tidemill.forecasting import Forecaster
from tidemill.learning.boosting import Data, Problem
from tidemill.learning.features import Matrix, Recipe
from tidemill.learning.preparing import prepare
from tidemill.learning.scores import Doubles
from tidemill.learning.threads import wait_politely
from tidemill.progress import Note, emit
from tidemill.results import Labelled, Split
from tidemill.store import Store
from tidemill.task import is_classification
from tidemill.usecase.schema import UseCase
from tidemill.usecase.values import duration_text

__all__ = ["race"]

DEFAULT_ROUNDS = 100
LINEAR_ROWS = 50_000
LINEAR_LEVELS = 30
LINEAR_STEPS = 200

_LINEAR = {"regression": "linear regression", "count": "Poisson regression", "ranking": "linear regression"}


def race(
    store: Store,
    use_case: UseCase,
    labelled: Labelled,
    split: Split,
    excluded: Mapping[str, str],
    recipe: Recipe | None = None,
) -> dict[str, Doubles]:
    """Predictions on the gate rows, by baseline: ``constant``, a linear model, and ``XGBoost defaults``.

    Shape ``(rows,)``, ``(rows, classes)`` for multiclass; for binary the probability of the positive class. The
    linear model is a logistic, linear or Poisson regression by task; it is fitted on a sample where rows are many, and
    all of them where training rows are streamed.
    Where rows are ranked, saying the same of each counts as a ``random order`` of them, the linear model predicts
    grades, and XGBoost ranks. ``recipe`` is the Model's own, which they read too; left out, it is fitted.
    A forecast also races the ``seasonal naive`` one (Hyndman and Athanasopoulos, "Forecasting", 5.2).
    """
    prepared = prepare(store, use_case, labelled, split, excluded, recipe=recipe)
    data, problem = prepared.data, prepared.problem
    if data.stream is not None:
        emit(Note(f"the baselines are fitted on a sample of {len(data.target):,} of the {data.rows:,} training rows"))
    naive: dict[str, Doubles] = {}
    if prepared.forecaster is not None:
        rows = split.gate.read(store)
        naive = _naive(prepared.forecaster, data, rows)
        gate = data.recipe.transform(prepared.forecaster.completed(rows))
    else:
        gate = np.concatenate([data.recipe.transform(frame) for frame in split.gate.frames(store)])
    linear = _LINEAR.get(problem.task, "logistic regression")
    return {
        "random order" if problem.task == "ranking" else "constant": _constant(data, problem, len(gate)),
        linear: _linear(data, problem, gate),
        "XGBoost defaults": _defaults(data, problem, gate),
        **naive,
    }


def _constant(data: Data, problem: Problem, rows: int) -> Doubles:
    """The training rows' mean, or their classes' shares."""
    if problem.task != "multiclass":
        return np.full(rows, np.average(data.target, weights=data.judged))
    shares = np.bincount(data.target.astype(np.int64), data.judged, problem.classes) / len(data.target)
    return np.tile(shares, (rows, 1))


def _naive(forecaster: Forecaster, data: Data, rows: pd.DataFrame) -> dict[str, Doubles]:
    """The same time a season before, the season that repeats best; the mean where none before is known."""
    season = forecaster.plan.naive
    if season is None:
        return {}
    values = forecaster.naive(rows)
    name = f"seasonal naive ({duration_text(season)})"
    return {name: np.where(np.isnan(values), data.target.mean(), values)}


def _linear(data: Data, problem: Problem, gate: Matrix) -> Doubles:
    wait_politely()
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge

    rng = np.random.default_rng(problem.seed)
    rows = np.arange(len(data.target))
    if len(rows) > LINEAR_ROWS:
        rows = np.sort(rng.choice(rows, size=LINEAR_ROWS, replace=False))
    fit = data.full_matrix()[rows]
    before = _design(data, fit, fit)
    parts = [gate[start : start + LINEAR_ROWS] for start in range(0, max(len(gate), 1), LINEAR_ROWS)]
    own = None if data.judged is None else data.judged[rows]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        if not is_classification(problem.task):
            line = PoissonRegressor(max_iter=LINEAR_STEPS) if problem.task == "count" else Ridge()
            line.fit(before, data.target[rows], own)
            return np.concatenate(
                [np.asarray(line.predict(_design(data, fit, part)), dtype=np.float64) for part in parts]
            )
        model = LogisticRegression(max_iter=LINEAR_STEPS).fit(before, data.target[rows].astype(np.int64), own)
    shares = np.zeros((len(gate), problem.classes))
    shares[:, model.classes_] = np.concatenate([model.predict_proba(_design(data, fit, part)) for part in parts])
    return shares[:, 1] if problem.task == "binary" else shares


def _design(data: Data, fit: Matrix, asked: Matrix) -> Doubles:
    """Numbers as far from the mean as they spread, the median where missing, and an indicator for each frequent level.

    Means, medians and levels are those of the rows ``fit``; columns are made of the rows ``asked``.
    """
    columns: list[Doubles] = []
    for position, feature in enumerate(data.recipe.features):
        known = fit[:, position].astype(np.float64)
        own = asked[:, position].astype(np.float64)
        if feature.kind == "category":
            levels, counts = np.unique(known[~np.isnan(known)], return_counts=True)
            frequent = levels[np.argsort(-counts, kind="stable")][:LINEAR_LEVELS]
            columns += [(own == level).astype(np.float64) for level in frequent]
            continue
        middle = float(np.nanmedian(known)) if not np.isnan(known).all() else 0.0
        known, own = np.nan_to_num(known, nan=middle), np.nan_to_num(own, nan=middle)
        spread = float(known.std()) or 1.0
        columns.append((own - known.mean()) / spread)
    return np.column_stack(columns)


def _defaults(data: Data, problem: Problem, gate: Matrix) -> Doubles:
    """XGBoost as it comes, for its usual 100 rounds."""
    wait_politely()
    import xgboost

    settings = {**problem.objective, "nthread": problem.threads, "seed": problem.seed, "verbosity": 0}
    rows = xgboost.QuantileDMatrix(
        data.full_matrix(),
        data.target,
        qid=None if data.lists is None else data.lists.queries.codes,
        weight=None if data.lists is not None else data.judged,
        feature_types=data.recipe.feature_types,
        enable_categorical=True,
    )
    booster = xgboost.train(settings, rows, num_boost_round=DEFAULT_ROUNDS)
    return np.asarray(booster.inplace_predict(gate), dtype=np.float64)
