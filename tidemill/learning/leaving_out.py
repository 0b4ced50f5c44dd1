"""What columns are worth to a booster: one is fitted with them and one without, on the same training rows.

A Model's own settings belong to its study, and fitting it again takes what training took. So both boosters have the
same usual settings, on a sample where rows are many: what is asked is not how good they are, but how far apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from tidemill.learning.boosting import Data, Problem
from tidemill.learning.constraints import constraints_of
from tidemill.learning.features import Matrix, Recipe
from tidemill.learning.objectives import predictions
from tidemill.learning.preparing import prepare_frame
from tidemill.learning.scores import Doubles
from tidemill.learning.threads import wait_politely
from tidemill.results import Labelled, Split
from tidemill.sampling import sampled_places
from tidemill.store import Store
from tidemill.usecase.schema import UseCase

__all__ = ["Refitting"]

MOST_ROWS = 20_000
MOST_CELLS = 600_000
FEWEST_ROWS = 200
ROUNDS = 100
SETTINGS = {
    "learning_rate": 0.1, "max_depth": 6, "min_child_weight": 2, "subsample": 0.8, "colsample_bytree": 0.8,
}  # fmt: skip


@dataclass(frozen=True)
class Refitting:
    """The training rows of a Model whose recipe is ``recipe``."""

    store: Store
    use_case: UseCase
    labelled: Labelled
    split: Split
    excluded: Mapping[str, str]

    def pair(self, recipe: Recipe, without: frozenset[str], gate: Matrix) -> tuple[Doubles, Doubles, int] | None:
        """Answers on ``gate`` by a booster of all columns and by one without some, and how many rows they saw.

        None where rows hang on each other (they are ranked, or a series), where there are too few, or where nothing
        would be left.
        """
        kept = [place for place, one in enumerate(recipe.features) if without.isdisjoint(recipe.reads(one))]
        if self.labelled.task == "ranking" or self.use_case.forecast is not None or not kept:
            return None
        outputs = len(self.labelled.classes) if self.labelled.task == "multiclass" else 1
        rows = min(MOST_ROWS, MOST_CELLS // (len(recipe.features) * outputs), self.split.train.rows)
        if rows < FEWEST_ROWS:
            return None
        prepared = prepare_frame(
            self._sample(rows), self.use_case, self.labelled, self.split, self.excluded, known_recipe=recipe
        )
        whole = np.arange(len(recipe.features))
        both = [
            _answers(self.use_case, prepared.data, prepared.problem, gate, some) for some in (whole, np.array(kept))
        ]
        return both[0], both[1], len(prepared.data.target)

    def _sample(self, rows: int) -> pd.DataFrame:
        """So many training rows, in their order."""
        train = self.split.train
        chosen = sampled_places(train, rows, seed=self.use_case.seed)
        start, found = 0, []
        for frame in train.frames(self.store):
            first, last = np.searchsorted(chosen, [start, start + len(frame)])
            found.append(frame.iloc[chosen[first:last] - start])
            start += len(frame)
        return pd.concat(found, ignore_index=True)


def _answers(use_case: UseCase, data: Data, problem: Problem, gate: Matrix, kept: np.ndarray) -> Doubles:
    """Positive class's probability, each class's, or the numbers, by a booster of the ``kept`` features."""
    wait_politely()
    import xgboost

    fewer = data.recipe.keeping([data.recipe.features[place].name for place in kept], {})
    problem = replace(problem, constraints=constraints_of(use_case, fewer))
    rows = xgboost.QuantileDMatrix(
        data.full_matrix()[:, kept],
        data.target,
        weight=data.judged,
        feature_types=fewer.feature_types,
        enable_categorical=True,
        nthread=problem.threads,
        max_bin=problem.bins,
    )
    booster = xgboost.train(problem.settings(SETTINGS, problem.seed), rows, ROUNDS)
    margins = booster.inplace_predict(np.ascontiguousarray(gate[:, kept]), predict_type="margin")
    return np.asarray(predictions(problem.task, margins), dtype=np.float64)
