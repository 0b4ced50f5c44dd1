"""The matrices that boosters read, of a fold or of all training rows.

What a fold's check rows are given is fitted on that fold's fit rows alone, just as what the rows to
come are given is fitted on the training rows: then a check row is judged as a new row will be.
"""

from __future__ import annotations

import numpy as np

from tidemill.learning.features import Matrix, Recipe
from tidemill.learning.folds import Fold

__all__ = ["fold_matrices", "full_matrix"]


def fold_matrices(recipe: Recipe, coded: Matrix, fold: Fold) -> tuple[Matrix, Matrix]:
    """The fold's fit rows and check rows; ``coded`` is of all rows. Both are copies.

    A category that no fit row has is given to check rows as one that training has not seen.
    """
    fit, check = coded[fold.fit], coded[fold.check]
    for position, feature in enumerate(recipe.features):
        if feature.kind == "category":
            unseen = ~np.isin(check[:, position], fit[:, position])
            check[unseen, position] = 0.0 if feature.other else np.nan
    return fit, check


def full_matrix(recipe: Recipe, coded: Matrix) -> Matrix:
    """All rows as the final boosters are fitted on them."""
    return coded
