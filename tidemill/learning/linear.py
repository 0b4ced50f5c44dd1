"""The linear member: XGBoost's `gblinear` on standardised columns, averaged with the trees where that pays.

Trees know no straight lines. Where rows are few, or an effect goes on beyond what was seen, a line is the
better half of the mean; everywhere else its share is found to be nothing, and it is left out.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tidemill.learning.bagging import out_of_fold_score
from tidemill.learning.boosting import Data, Problem
from tidemill.learning.folds import Fold
from tidemill.learning.scores import Doubles, higher_is_better
from tidemill.learning.terms import Design, LinearMember, Term, terms_of
from tidemill.learning.threads import wait_politely

__all__ = ["STRENGTHS", "LinearTrial", "fit_line", "try_lines"]

ROUNDS = 50
STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1)
MOST_WORK = 12_000_000
TENTHS = range(1, 10)
WORTHWHILE = 1e-4


@dataclass(frozen=True)
class LinearTrial:
    """A strength of regularisation, and the raw scores on the folds' check rows, one after another."""

    strength: float
    margins: Doubles

    def share(
        self, trees: Doubles, problem: Problem, targets: Sequence[Doubles], weights: Sequence[Doubles | None]
    ) -> tuple[int, float]:
        """Tenths of the mean that the line does best with beside the ``trees``, and what it gains; 0 for nothing."""
        sign = 1.0 if higher_is_better(problem.metric) else -1.0
        plain = sign * out_of_fold_score(trees, targets, problem.task, problem.metric, weights)
        worth = {0: plain}
        for tenths in TENTHS:
            mixed = trees * (1 - tenths / 10) + self.margins * (tenths / 10)
            worth[tenths] = sign * out_of_fold_score(mixed, targets, problem.task, problem.metric, weights)
        best = max(worth, key=lambda tenths: worth[tenths])
        gain = worth[best] - plain
        return (best, gain) if gain > WORTHWHILE * abs(plain) else (0, 0.0)


def try_lines(
    data: Data,
    problem: Problem,
    folds: Sequence[Fold],
    strengths: Sequence[float] = STRENGTHS,
    seconds: float | None = None,
) -> list[LinearTrial]:
    """Lines of these strengths, grown on each fold's fit rows.

    Empty where rows are ranked or too many for it, and where columns are constrained, of which a line knows nothing.
    Empty too where the first ones show that all would take longer than ``seconds``; None looks at no clock.
    """
    if problem.task == "ranking" or problem.constraints or data.stream is not None:
        return []
    work = data.matrix.shape[0] * problem.outputs * len(folds)
    if work * data.matrix.shape[1] > MOST_WORK or work * len(terms_of(data.recipe, data.matrix)) > MOST_WORK:
        return []
    parts: dict[float, list[Doubles]] = {strength: [] for strength in strengths}
    every = len(strengths) * len(folds)
    began, tried = 0.0, 0
    for fold in folds:
        before, after = data.fold_matrices(fold)
        terms = terms_of(data.recipe, before)
        if not terms:
            return []
        fit = Design(terms).of(before)
        for strength in strengths:
            if seconds is not None and tried > 1 and (time.perf_counter() - began) / (tried - 1) * every > seconds:
                return []
            line = _grown(terms, fit, data.target[fold.fit], data.weights(None, fold.fit), problem, strength)
            parts[strength].append(line.margins(after))
            tried += 1
            if tried == 1:  # the first one has loaded the library
                began = time.perf_counter()
    return [
        LinearTrial(strength, np.concatenate(margins))
        for strength, margins in parts.items()
        if all(np.isfinite(margin).all() for margin in margins)
    ]


def fit_line(data: Data, problem: Problem, strength: float) -> LinearMember:
    """The line on all training rows; its weight is 1."""
    matrix = data.full_matrix()
    terms = terms_of(data.recipe, matrix)
    return _grown(terms, Design(terms).of(matrix), data.target, data.weights(None), problem, strength)


def _grown(
    terms: Sequence[Term], rows: Doubles, target: Doubles, weights: Doubles | None, problem: Problem, strength: float
) -> LinearMember:
    wait_politely()
    import xgboost

    settings = {
        **problem.objective,
        "booster": "gblinear",
        "updater": "coord_descent",
        "feature_selector": "cyclic",
        "reg_lambda": strength,
        "disable_default_eval_metric": True,
        "nthread": 1,
        "verbosity": 0,
    }
    booster = xgboost.train(
        settings, xgboost.DMatrix(rows.astype(np.float32), target, weight=weights), num_boost_round=ROUNDS
    )
    nothing = xgboost.DMatrix(np.zeros((1, len(terms)), dtype=np.float32))
    intercept = booster.predict(nothing, output_margin=True).ravel().astype(np.float64)
    weight = json.loads(booster.save_raw("json"))["learner"]["gradient_booster"]["model"]["weights"]
    coefficients = np.asarray(weight, dtype=np.float64).reshape(-1, len(intercept))[:-1]
    return LinearMember(
        weight=1,
        intercept=tuple(intercept.tolist()),
        terms=tuple(
            term.model_copy(update={"coefficients": tuple(own.tolist())})
            for term, own in zip(terms, coefficients, strict=True)
        ),
    )
