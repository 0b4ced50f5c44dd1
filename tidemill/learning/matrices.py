"""The matrices that boosters read, of a fold or of all training rows.

What a fold's check rows are given is fitted on that fold's fit rows alone, just as what the rows to
come are given is fitted on the training rows: then a check row is judged as a new row will be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidemill.learning.encoding import LevelMeans, blocks
from tidemill.learning.features import Matrix, Recipe
from tidemill.learning.folds import Fold

__all__ = ["TrainingRows"]

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class TrainingRows:
    """Rows to be fitted on: ``coded`` as :meth:`Recipe.coded` gives them, with what is known of each.

    ``ages`` tell their order in time and ``groups`` (numbers) which belong together; None where there is
    no such thing.
    """

    recipe: Recipe
    coded: Matrix
    target: Doubles
    ages: Doubles | None
    groups: NDArray[np.int64] | None

    def full(self) -> Matrix:
        """All rows as boosters are fitted on them; ``coded`` itself where nothing is read by the target."""
        if not self.recipe.encoded:
            return self.coded
        matrix = self.coded.copy()
        part = blocks(len(matrix), self.ages, self.groups)
        for means, features in self._means(part):
            for position, output in features:
                matrix[:, position] = means.crossed(self.coded[:, position], part, output)
        return matrix

    def of(self, fold: Fold) -> tuple[Matrix, Matrix]:
        """The fold's fit and check rows. Both are copies.

        A category that no fit row has is given to check rows as one that training has not seen.
        """
        rows = self._at(fold.fit)
        fit, check = rows.full(), self.coded[fold.check]
        for position, feature in enumerate(self.recipe.features):
            if feature.kind == "category":
                unseen = ~np.isin(check[:, position], fit[:, position])
                check[unseen, position] = 0.0 if feature.other else np.nan
        if self.recipe.encoded:
            for means, features in rows._means(np.zeros(len(fit), dtype=np.int64)):
                for position, output in features:
                    check[:, position] = means.read(check[:, position], output)
        return fit, check

    def _at(self, rows: NDArray[np.int64]) -> TrainingRows:
        return TrainingRows(
            self.recipe,
            self.coded[rows],
            self.target[rows],
            None if self.ages is None else self.ages[rows],
            None if self.groups is None else self.groups[rows],
        )

    def _means(self, part: NDArray[np.int64]) -> Iterator[tuple[LevelMeans, list[tuple[int, int]]]]:
        """For each encoded column what its levels mean, and the features (position, output) that read it."""
        for name, encoding in self.recipe.encodings.items():
            features = [(place, one.encoded or 0) for place, one in self.recipe.encoded if one.column == name]
            codes = self.coded[:, features[0][0]]
            yield LevelMeans.of(codes, encoding.targets(self.target), part, len(encoding.levels)), features
