"""What a Model answers to rows of plain values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tidemill.forecasting import Plan
from tidemill.learning.description import Label
from tidemill.learning.explaining import Explanation
from tidemill.learning.features import Matrix, Recipe
from tidemill.learning.model import Model
from tidemill.learning.queries import RANK, ranks
from tidemill.learning.rows.reading import RowReader
from tidemill.learning.rows.values import Row

__all__ = ["RowPredictor"]


class RowPredictor:
    """Answers rows with what :meth:`Model.predict` answers. Safe to share between threads."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._reader = RowReader(model.description.recipe)
        plan = model.description.forecast
        self._past = _past_reader(plan, model.description.recipe) if plan is not None else None

    def predict(self, rows: Sequence[Row]) -> list[dict[str, Label | float | None]]:
        """One answer a row, in order; the rank is among the rows of one query that are here.

        A forecast takes rows that bring their target as known past, beside its own memory. Raises UserError
        with ``row`` and ``column`` for what can't be read.
        """
        return self._predicted(rows, self._matrix(rows))

    def explain(self, rows: Sequence[Row]) -> tuple[list[dict[str, Label | float | None]], Explanation]:
        """:meth:`predict`, and what :meth:`Model.explain` says of the same rows."""
        matrix = self._matrix(rows)
        return self._predicted(rows, matrix), self.model.explain_matrix(matrix)

    def _matrix(self, rows: Sequence[Row]) -> Matrix:
        forecaster = self.model.forecaster
        if forecaster is not None and self._past is not None:
            rows = forecaster.completed_rows(rows, self._past.tidy(rows, forecaster.plan.keys))
        return self._reader.matrix(rows)

    def _predicted(self, rows: Sequence[Row], matrix: Matrix) -> list[dict[str, Label | float | None]]:
        answers = self.model.answers(matrix)
        query = self.model.query
        if query is None or not any(query in row for row in rows):
            return answers
        scores = np.array([answer["prediction"] for answer in answers], dtype=np.float64)
        places = ranks([row.get(query) for row in rows], scores)
        return [{**answer, RANK: place} for answer, place in zip(answers, places, strict=True)]

    def warm(self) -> None:
        """Answer a row of which nothing is known, so that the first real one need not wait."""
        names = self.model.description.recipe.kinds
        self.model.answers(self._reader.matrix([dict.fromkeys(names)]))


def _past_reader(plan: Plan, recipe: Recipe) -> RowReader:
    """Reads what a forecast must know of a row's own past, cleaned as the recipe cleans."""
    return RowReader(recipe.model_copy(update={"features": (), "columns": (), "derive": {}, "kinds": plan.kinds}))
