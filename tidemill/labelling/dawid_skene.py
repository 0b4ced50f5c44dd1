"""The label model: how often each labelling function is right, learned from where they agree, without the truth.

Dawid & Skene, "Maximum likelihood estimation of observer error-rates using the EM algorithm" (Applied
Statistics 28, 1979): given a row's class, functions vote independently, each by a confusion matrix of
its own. To abstain is one of the answers: a function that says one class only tells something by keeping
silent too. Rows of the same votes are one pattern, so that a step costs what the patterns cost, whatever
the number of rows. Rows whose truth is known keep it, and so give the classes their names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["MOST_STEPS", "TOLERANCE", "LabelModel", "Patterns", "fitted", "patterns_of"]

TOLERANCE = 1e-6
MOST_STEPS = 2_000
_LEAST = 1e-300

_Codes = npt.NDArray[np.int16]
_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Patterns:
    """The distinct rows of votes, in order: ``votes`` (P, F) with -1 for none, ``truth`` (P,) with -1 for unknown,
    ``counts`` (P,) how many rows, and ``place`` (N,) the pattern of each row."""

    votes: _Codes
    truth: _Codes
    counts: npt.NDArray[np.int64]
    place: npt.NDArray[np.int64]


def patterns_of(votes: npt.NDArray[np.integer], truth: npt.NDArray[np.integer]) -> Patterns:
    """Bring equal rows together. ``votes`` is (N, F), ``truth`` (N,)."""
    table = np.column_stack([votes, truth]).astype(np.int64)
    codes = np.zeros(len(table), dtype=np.int64)
    for column in table.T:
        codes = codes * (int(table.max(initial=0)) + 2) + column + 1
        if len(table) and codes.max() > 2**40:
            codes = np.unique(codes, return_inverse=True)[1]
    _, first, place, counts = np.unique(codes, return_index=True, return_inverse=True, return_counts=True)
    distinct = table[first].astype(np.int16)
    return Patterns(distinct[:, :-1], distinct[:, -1], counts.astype(np.int64), place)


@dataclass(frozen=True)
class LabelModel:
    """``priors`` (K,): how common each class is. ``confusion`` (F, K, K + 1): how likely a function's answer is
    for rows of a class; the last answer is to abstain."""

    priors: _Floats
    confusion: _Floats
    steps: int = 0
    converged: bool = True

    def posterior(self, votes: _Codes) -> _Floats:
        """How likely each class is given the votes: (P, F) in, (P, K) out, rows adding up to 1."""
        return np.ascontiguousarray(_beliefs(self, _Answers.of(votes, len(self.priors))).T)


def fitted(patterns: Patterns, classes: int) -> LabelModel:
    """Expectation-maximisation from the shares of the votes, until no row's belief changes by more than 1e-6.

    A function's answers in a class start from one made-up row that answers as it does over all classes, so
    that what was never seen is unlikely and not impossible. ``converged`` is False after 2,000 steps.
    """
    answers = _Answers.of(patterns.votes, classes)
    weights = patterns.counts.astype(np.float64)
    usual = (answers.backwards @ weights / max(weights.sum(), 1.0)).reshape(-1, 1, classes + 1)
    known = np.flatnonzero(patterns.truth >= 0)
    belief = _start(patterns, classes)
    model = _learned(belief, answers, weights, usual)
    for step in range(1, MOST_STEPS + 1):
        found = _beliefs(model, answers)
        found[:, known] = belief[:, known]
        change = float(np.abs(found - belief).max(initial=0.0))
        belief = found
        model = _learned(belief, answers, weights, usual, step, change <= TOLERANCE)
        if model.converged:
            break
    return model


@dataclass(frozen=True)
class _Answers:
    """Votes as zeros and ones, a row a pattern and a column an answer of a function; and the same turned round."""

    forwards: Any
    backwards: Any

    @classmethod
    def of(cls, votes: _Codes, classes: int) -> _Answers:
        from scipy.sparse import csr_array

        rows, functions = votes.shape
        kinds = classes + 1
        places = np.where(votes >= 0, votes, classes).astype(np.int64) + np.arange(functions) * kinds
        ends = np.arange(rows + 1) * functions
        table = csr_array((np.ones(rows * functions), places.ravel(), ends), shape=(rows, functions * kinds))
        return cls(table, table.T.tocsr())


def _beliefs(model: LabelModel, answers: _Answers) -> _Floats:
    """How likely each class is for each pattern: (K, P)."""
    functions, classes, kinds = model.confusion.shape
    table = np.log(np.maximum(model.confusion, _LEAST)).transpose(0, 2, 1).reshape(functions * kinds, classes)
    joint = np.ascontiguousarray((answers.forwards @ table).T) + np.log(np.maximum(model.priors, _LEAST))[:, None]
    raised = np.exp(joint - joint.max(axis=0))
    return np.asarray(raised / raised.sum(axis=0))


def _learned(
    belief: _Floats, answers: _Answers, weights: _Floats, usual: _Floats, steps: int = 0, converged: bool = False
) -> LabelModel:
    """The model that is most likely when each pattern's class is as believed."""
    classes = len(belief)
    share = belief * weights
    seen = np.asarray(answers.backwards @ np.ascontiguousarray(share.T)).reshape(-1, classes + 1, classes)
    seen = seen.transpose(0, 2, 1) + usual
    priors = share.sum(axis=1) + 1.0
    return LabelModel(priors / priors.sum(), seen / seen.sum(axis=2, keepdims=True), steps, converged)


def _start(patterns: Patterns, classes: int) -> _Floats:
    """Each pattern's votes as shares, and the truth where it is known: (K, P)."""
    votes = np.stack([(patterns.votes == code).sum(axis=1) for code in range(classes)]) + 0.1
    belief = votes / votes.sum(axis=0)
    known = patterns.truth >= 0
    belief[:, known] = np.eye(classes)[:, patterns.truth[known]]
    return np.asarray(belief)
