"""A feature recipe that reads rows of plain values into the very matrix that it makes of a frame."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from tidemill.errors import UserError
from tidemill.expressions.single import Single
from tidemill.learning.columns import Doubles
from tidemill.learning.features import LARGEST, OTHER, Feature, Matrix, Recipe
from tidemill.learning.pixels import pixels_of
from tidemill.learning.rows.plans import Plan, plan_for
from tidemill.learning.rows.refusing import lacking, placed
from tidemill.learning.rows.tidying import Tidier
from tidemill.learning.rows.values import Row, time_part_of
from tidemill.learning.texts import word_counts

__all__ = ["RowReader"]

_MOST_PLANS = 256


class RowReader:
    """A recipe that reads rows of plain values."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._plans: dict[frozenset[str], Plan] = {}
        self._known = frozenset(recipe.kinds)
        self._tidier = Tidier(recipe)
        self._levels = {
            feature.name: {level: code + 1.0 for code, level in enumerate(feature.levels)}
            for feature in recipe.features
            if feature.kind == "category"
        }
        self._encoded = {
            feature.name: (
                dict(zip(encoding.levels, encoding.values[output], strict=True)),
                encoding.prior[output],
            )
            for _, feature in recipe.encoded
            if not feature.words
            for encoding, output in [(recipe.encodings[feature.column], feature.encoded or 0)]
        }

    def matrix(self, rows: Sequence[Row]) -> Matrix:
        """The recipe's matrix, float32, shape ``(rows, features)``.

        Raises UserError, with ``row`` and ``column``, for a column that a row lacks and for a value that
        can't be what its column is.
        """
        plans = [self._plan(row, number) for number, row in enumerate(rows)]
        matrix = np.empty((len(rows), len(self._recipe.features)), dtype=np.float64)
        for plan in {id(plan): plan for plan in plans}.values():
            places = [number for number, own in enumerate(plans) if own is plan]
            try:
                self._fill(matrix, plan, rows, places)
            except OverflowError:  # a time beyond the years that a datetime holds
                for place in places:
                    matrix[place] = self._alone(rows[place], place)
        return np.clip(matrix, -LARGEST, LARGEST).astype(np.float32)

    def tidy(self, rows: Sequence[Row], required: Sequence[str]) -> dict[str, list[Any]]:
        """The tidy values of every column that the recipe knows; None for one that a row does not bring.

        Raises UserError, with ``row`` and ``column``, for a value that can't be what its column is, and for
        a row that lacks a ``required`` column.
        """
        for number, row in enumerate(rows):
            for name in required:
                if name not in row:
                    raise lacking(number, name, row)
        whole = [{name: row.get(name) for name in self._known} for row in rows]
        try:
            tidy = {name: self._tidier.tidy(name, whole, range(len(rows))) for name in sorted(self._known)}
        except OverflowError:
            raise UserError("a row has a time beyond the years 1 to 9999: correct it") from None
        self._tidier.mend(tidy)
        return tidy

    def _fill(self, matrix: Doubles, plan: Plan, rows: Sequence[Row], places: Sequence[int]) -> None:
        """Write the rows at ``places``, which have one plan."""
        tidy = {name: self._tidier.tidy(name, rows, places) for name in plan.columns}
        for name, single in plan.computed:
            tidy[name] = _computed(single, tidy, len(places))
        if plan.derived is not None:
            frame = pd.DataFrame({name: self._series(name, tidy[name]) for name in plan.inputs})
            matrix[np.ix_(places, plan.places)] = plan.derived.transform(frame)
        self._tidier.mend(tidy)
        for position, feature in plan.direct:
            if feature.pixel is None:
                matrix[places, position] = self._values(feature, tidy)
        for name, (positions, numbers) in self._recipe.pixel_places.items():
            if name in tidy:
                matrix[np.ix_(places, positions)] = self._pixels(name, tidy[name], places)[:, numbers]

    def _alone(self, row: Row, number: int) -> Matrix:
        try:
            return self._recipe.transform(pd.DataFrame([row]))
        except UserError as error:
            raise placed(error, number) from None

    def _plan(self, row: Row, number: int) -> Plan:
        keys = self._known.intersection(row)
        plan = self._plans.get(keys)
        if plan is None:
            self._check(row, number)
            plan = plan_for(self._recipe, keys)
            if len(self._plans) < _MOST_PLANS:
                self._plans[keys] = plan
        return plan

    def _check(self, row: Row, number: int) -> None:
        """Raise UserError when the row lacks a column; a missing value is sent as null."""
        try:
            self._recipe.check(pd.DataFrame(columns=list(row)))
        except UserError as error:
            raise lacking(number, error.column or "", row) from None

    def _values(self, feature: Feature, tidy: Mapping[str, list[Any]]) -> list[float]:
        column = tidy[feature.column]
        if feature.words:
            return self._text_values(feature, column)
        if feature.encoded is not None:
            means, prior = self._encoded[feature.name]
            return [math.nan if level is None or level != level else means.get(level, prior) for level in column]
        if feature.combined is not None:
            return list(self._recipe.paired(feature, *(np.asarray(tidy[name]) for name in self._recipe.reads(feature))))
        if feature.part is not None:
            until = tidy[self._recipe.reads(feature)[-1]]
            return [time_part_of(feature.part, *pair) for pair in zip(column, until, strict=True)]
        if feature.kind != "category":
            return column
        levels, unseen = self._levels[feature.name], OTHER if feature.other else math.nan
        return [math.nan if level is None else levels.get(level, unseen) for level in column]

    def _pixels(self, name: str, texts: list[str | None], places: Sequence[int]) -> Matrix:
        try:
            return pixels_of(texts, name, self._recipe.pixels[name])
        except UserError as error:
            at = error.row or 0
            raise placed(error, places[at] - at) from None

    def _text_values(self, feature: Feature, texts: list[str | None]) -> list[float]:
        if feature.encoded is None:
            return list(word_counts(texts))
        return list(self._recipe.of_words(feature, self._recipe.known_words(feature.column, texts)))

    def _series(self, name: str, tidy: Sequence[Any]) -> pd.Series:
        kind = self._recipe.kinds[name]
        if kind == "boolean":
            return pd.Series([None if math.isnan(value) else bool(value) for value in tidy], dtype="boolean")
        dtypes = {"number": "float64", "category": "str", "time": "datetime64[us, UTC]"}
        return pd.Series(tidy, dtype=dtypes[kind])


def _computed(single: Single, tidy: Mapping[str, list[Any]], rows: int) -> list[Any]:
    names = tuple(single.columns)
    return [single.value({name: tidy[name][row] for name in names}) for row in range(rows)]
