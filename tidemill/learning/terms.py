"""A line as the Model keeps it: what it reads of the matrix, and by which coefficients it adds that up.

It reads standardised quantities, and whether a category is one of its frequent levels.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from tidemill.learning.features import Matrix, Recipe
from tidemill.learning.scores import Doubles
from tidemill.results import Record

__all__ = ["Design", "LinearMember", "Term", "terms_of"]

LEVELS = 30
FARTHEST = 6.0


class Term(Record):
    """One column of the design: a feature less ``mean``, over ``spread``, or whether it is the category ``level``.

    ``coefficients`` are what a unit of it adds to each output.
    """

    feature: int
    mean: float = 0.0
    spread: float = 1.0
    level: float | None = None
    coefficients: tuple[float, ...] = ()


class LinearMember(Record):
    """The line of a Model: its ``weight`` in the mean, and what it adds up, term by term, to the ``intercept``."""

    weight: int
    intercept: tuple[float, ...]
    terms: tuple[Term, ...]

    def margins(self, matrix: Matrix) -> Doubles:
        """Raw scores, shape ``(rows,)`` or, of several outputs, ``(rows, outputs)``; a row's never hang on others."""
        values = self._design.of(matrix)
        if not self.terms:
            scores = [np.full(len(matrix), start) for start in self.intercept]
        else:  # added up from left to right: a sum or a product of matrices may take another order for other rows
            pairs = zip(self._coefficients, self.intercept, strict=True)
            scores = [np.add.accumulate(values * own, axis=1)[:, -1] + start for own, start in pairs]
        return scores[0] if len(scores) == 1 else np.column_stack(scores)

    def contributions(self, matrix: Matrix) -> Doubles:
        """What each feature adds to a score, shape ``(rows, outputs, features + 1)``; the last is the intercept."""
        together = np.zeros((len(matrix), len(self.intercept), matrix.shape[1] + 1))
        values = self._design.of(matrix)
        for place, term in enumerate(self.terms):
            together[:, :, term.feature] += values[:, place, None] * np.asarray(term.coefficients)
        together[:, :, -1] = self.intercept
        return together

    @cached_property
    def _design(self) -> Design:
        return Design(self.terms)

    @cached_property
    def _coefficients(self) -> Doubles:
        """One row an output, one column a term."""
        return np.ascontiguousarray(np.array([term.coefficients for term in self.terms], dtype=np.float64).T)


class Design:
    """The terms of a line, ready to be read off a matrix."""

    def __init__(self, terms: Sequence[Term]) -> None:
        self._features = [term.feature for term in terms]
        self._means = np.array([term.mean for term in terms])
        self._spreads = np.array([term.spread for term in terms])
        self._levels = np.array([np.nan if term.level is None else term.level for term in terms])
        self._quantities = np.isnan(self._levels)

    def of(self, matrix: Matrix) -> Doubles:
        """The terms' values, shape ``(rows, terms)``: what is missing is as the mean, and no level."""
        values = matrix[:, self._features].astype(np.float64)
        scores = np.minimum(np.maximum((values - self._means) / self._spreads, -FARTHEST), FARTHEST)
        scores[np.isnan(scores)] = 0.0
        return np.asarray(np.where(self._quantities, scores, values == self._levels))


def terms_of(recipe: Recipe, matrix: Matrix) -> tuple[Term, ...]:
    """A term for each quantity, and one for each of a category's most frequent levels."""
    terms: list[Term] = []
    for position, feature in enumerate(recipe.features):
        values = matrix[:, position].astype(np.float64)
        known = values[~np.isnan(values)]
        if feature.kind == "category":
            levels, counts = np.unique(known, return_counts=True)
            often = levels[np.argsort(-counts, kind="stable")][:LEVELS]
            terms += [Term(feature=position, level=float(level)) for level in often]
        elif len(known) and (spread := float(known.std())) > 0.0 and np.isfinite(spread):
            terms.append(Term(feature=position, mean=float(known.mean()), spread=spread))
    return tuple(terms)
