"""The matrices that boosters read, of a fold or of all training rows.

What a fold's check rows are given is fitted on that fold's fit rows alone, just as what the rows to
come are given is fitted on the training rows: then a check row is judged as a new row will be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidemill.learning.encoding import LevelMeans, blocks
from tidemill.learning.features import Matrix, Recipe
from tidemill.learning.folds import Fold
from tidemill.learning.texts import Words

__all__ = ["TrainingRows"]

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class TrainingRows:
    """Rows to be fitted on: ``coded`` as :meth:`Recipe.coded` gives them, with what is known of each.

    ``ages`` tell their order in time and ``groups`` (numbers) which belong together; None where there is
    no such thing. ``words`` are those of columns of text (:meth:`Recipe.words`).
    """

    recipe: Recipe
    coded: Matrix
    target: Doubles
    ages: Doubles | None
    groups: NDArray[np.int64] | None
    words: Mapping[str, Words]

    def full(self) -> Matrix:
        """All rows as boosters are fitted on them; ``coded`` itself where nothing is read by the target."""
        if not self.recipe.encoded:
            return self.coded
        matrix = self.coded.copy()
        part = blocks(len(matrix), self.ages, self.groups)
        for name, means in self._means(part):
            words = self.words.get(name)
            for position, output in self._readers(name):
                if words is None:
                    matrix[:, position] = means.crossed(self.coded[:, position], part, output)
                else:
                    read = means.crossed(words.codes, part[words.text], output)
                    matrix[:, position] = words.mean(read, float(means.prior[output]))
        return matrix

    def of(self, fold: Fold) -> tuple[Matrix, Matrix]:
        """The fold's fit and check rows. Both are copies.

        A category that no fit row has is given to check rows as one that training has not seen.
        """
        rows, later = self._at(fold.fit), self._at(fold.check)
        fit, check = rows.full(), later.coded
        for position, feature in enumerate(self.recipe.features):
            if feature.kind == "category":
                unseen = ~np.isin(check[:, position], fit[:, position])
                check[unseen, position] = 0.0 if feature.other else np.nan
        if self.recipe.encoded:
            for name, means in rows._means(np.zeros(len(fit), dtype=np.int64)):
                words = later.words.get(name)
                for position, output in self._readers(name):
                    if words is None:
                        check[:, position] = means.read(check[:, position], output)
                    else:
                        check[:, position] = words.mean(means.read(words.codes, output), float(means.prior[output]))
        return fit, check

    def _at(self, rows: NDArray[np.int64]) -> TrainingRows:
        return TrainingRows(
            self.recipe,
            self.coded[rows],
            self.target[rows],
            None if self.ages is None else self.ages[rows],
            None if self.groups is None else self.groups[rows],
            {name: words.at(rows) for name, words in self.words.items()},
        )

    def _means(self, part: NDArray[np.int64]) -> Iterator[tuple[str, LevelMeans]]:
        """For each encoded column what its levels, or its words, mean."""
        for name, encoding in self.recipe.encodings.items():
            targets, levels = encoding.targets(self.target), len(encoding.levels)
            if name in self.words:
                yield name, self.words[name].means(targets, part, levels)
            else:
                position, _ = self._readers(name)[0]
                yield name, LevelMeans.of(self.coded[:, position], targets, part, levels)

    def _readers(self, name: str) -> list[tuple[int, int]]:
        """The features, by position and output, that read a column's encoding."""
        return [(place, one.encoded or 0) for place, one in self.recipe.encoded if one.column == name]
