"""A line as the Model keeps it: what it reads of the matrix, and by which coefficients it adds that up.

It reads standardised quantities, and whether a category is one of its frequent levels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from tidemill.learning.features import Matrix, Recipe
from tidemill.learning.scores import Doubles

__all__ = ["LinearMember", "Term", "design", "terms_of"]

LEVELS = 30
FARTHEST = 6.0


class Term(BaseModel):
    """One column of the design: a feature less ``mean``, over ``spread``, or whether it is the category ``level``.

    ``coefficients`` are what a unit of it adds to each output.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    feature: int
    mean: float = 0.0
    spread: float = 1.0
    level: float | None = None
    coefficients: tuple[float, ...] = ()

    def values(self, matrix: Matrix) -> Doubles:
        """The column, shape ``(rows,)``: what is missing is as the mean, and no level."""
        values = matrix[:, self.feature].astype(np.float64)
        if self.level is not None:
            return np.asarray(values == self.level, dtype=np.float64)
        return np.nan_to_num(np.clip((values - self.mean) / self.spread, -FARTHEST, FARTHEST), nan=0.0)


class LinearMember(BaseModel):
    """The line of a Model: its ``weight`` in the mean, and what it adds up, term by term, to the ``intercept``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weight: int
    intercept: tuple[float, ...]
    terms: tuple[Term, ...]

    def margins(self, matrix: Matrix) -> Doubles:
        """Raw scores, shape ``(rows,)`` or, of several outputs, ``(rows, outputs)``; a row's never hang on others."""
        total = np.tile(np.asarray(self.intercept), (len(matrix), 1))
        for term in self.terms:
            total += term.values(matrix)[:, None] * np.asarray(term.coefficients)
        return total[:, 0] if len(self.intercept) == 1 else total

    def contributions(self, matrix: Matrix) -> Doubles:
        """What each feature adds to a score, shape ``(rows, outputs, features + 1)``; the last is the intercept."""
        together = np.zeros((len(matrix), len(self.intercept), matrix.shape[1] + 1))
        for term in self.terms:
            together[:, :, term.feature] += term.values(matrix)[:, None] * np.asarray(term.coefficients)
        together[:, :, -1] = self.intercept
        return together


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


def design(matrix: Matrix, terms: Sequence[Term]) -> Matrix:
    """The terms' values, float32, shape ``(rows, terms)``."""
    columns = np.empty((len(matrix), len(terms)), dtype=np.float32)
    for place, term in enumerate(terms):
        columns[:, place] = term.values(matrix)
    return columns
