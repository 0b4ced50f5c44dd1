"""The Model: boosters, column contract, feature recipe, calibration and threshold, with one ``predict``.

Batch scoring, the REST service and Python all call it, so they answer alike. It is stored as JSON and
XGBoost's UBJSON, never as a pickle, under an id that is a hash of all that it predicts by.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from tidemill.forecasting import Forecaster, History
from tidemill.learning.description import Label, ModelDescription
from tidemill.learning.ensemble import Ensemble
from tidemill.learning.explaining import Explanation, explained, shares_of_columns
from tidemill.learning.features import ColumnContract, Matrix
from tidemill.learning.interacting import Interactions, interactions_of, tree_cost
from tidemill.learning.queries import RANK, ranks
from tidemill.learning.scores import Doubles
from tidemill.learning.stored import DESCRIPTION, read_model
from tidemill.results import ModelReference
from tidemill.snapshot import Snapshot
from tidemill.store import Store
from tidemill.task import Task, is_classification

__all__ = ["Model"]

MOST_PARTS = 5


class Model:
    """Answers rows. Safe to share between threads; holds nothing that predicting changes."""

    def __init__(
        self,
        description: ModelDescription,
        boosters: Sequence[bytes],
        ends: bytes | None = None,
        history: bytes | None = None,
        *,
        threads: int | None = None,
    ) -> None:
        """``boosters`` are UBJSON, one a member, and ``ends`` that of the intervals' ends where they are boosted.

        ``history`` is a forecast's memory. ``threads`` for predicting; None takes all there are.
        """
        self.description = description
        self.ensemble = Ensemble(description, boosters, ends, threads)
        self._raw = tuple(boosters)
        self._raw_ends = ends
        self._history = history
        self.forecaster: Forecaster | None = None
        if description.forecast is not None and history is not None:
            known = History.from_parquet(history, description.forecast)
            self.forecaster = Forecaster(description.forecast, known, description.recipe.clean)

    @classmethod
    def load(cls, store: Store, reference: ModelReference, *, threads: int | None = None) -> Model:
        """Read a stored Model. Raises DamagedError when a file is missing or changed, UserError for a newer format."""
        stored = read_model(store, reference)
        description = ModelDescription.model_validate(stored.description)
        raw = list(stored.files.values())
        rest = iter(raw[len(description.members) :])
        ends = next(rest) if description.ends is not None else None
        return cls(description, raw[: len(description.members)], ends, next(rest, None), threads=threads)

    def save(self, store: Store, use_case: str) -> ModelReference:
        """Write the Model under its own id; ``model.json`` last, so that one that can be seen is whole."""
        reference = ModelReference(
            use_case=use_case, id=self.description.id, features=len(self.features), excluded=self.excluded
        )
        raw = [*self._raw, *(data for data in (self._raw_ends, self._history) if data is not None)]
        for file, data in zip(self.description.files, raw, strict=True):
            store.write_bytes(f"{reference.prefix}/{file}", data)
        store.write_json(f"{reference.prefix}/{DESCRIPTION}", self.description.model_dump(mode="json"))
        return reference

    @property
    def task(self) -> Task:
        """What kind of prediction it gives."""
        return self.description.task

    @property
    def target(self) -> str:
        """What the target is called."""
        return self.description.target

    @property
    def classes(self) -> tuple[Label, ...]:
        """The labels in code order; empty unless the task is classification."""
        return self.description.classes

    @property
    def threshold(self) -> float | None:
        """From which probability on the positive class is predicted; None unless the task is binary."""
        return self.description.threshold

    @property
    def columns(self) -> tuple[ColumnContract, ...]:
        """What a row must bring. What a forecast makes of the past it need not."""
        plan, columns = self.description.forecast, self.description.recipe.columns
        if plan is None:
            return columns
        brought = {column.name: column for column in columns if column.name not in plan.columns}
        for name in plan.keys:
            known = brought.get(name) or ColumnContract(name=name, kind=plan.kinds[name])
            brought[name] = known.model_copy(update={"required": True})
        return tuple(brought.values())

    @property
    def made_columns(self) -> tuple[ColumnContract, ...]:
        """What a forecast makes of the past; empty for any other Model."""
        plan = self.description.forecast
        return tuple(column for column in self.description.recipe.columns if plan and column.name in plan.columns)

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the features that the boosters read, in order."""
        return tuple(self.description.recipe.feature_names)

    @property
    def excluded(self) -> dict[str, str]:
        """Columns that the Model does not read, each with the reason."""
        return dict(self.description.recipe.excluded)

    @property
    def query(self) -> str | None:
        """The column that says which rows are one list; None unless rows are ranked."""
        return None if self.description.query is None else self.description.query.name

    @property
    def prediction_columns(self) -> tuple[str, ...]:
        """The columns of what :meth:`predict` returns, but for the rank within a query."""
        if self.task == "ranking":
            return ("prediction",)
        if not is_classification(self.task):
            return ("prediction", "lower", "upper")
        return ("prediction", *(f"probability_{_text(label)}" for label in self.classes))

    def check(self, frame: pd.DataFrame) -> None:
        """Raise UserError when the rows lack a column that the Model reads."""
        self.description.recipe.check(frame if self.forecaster is None else self.forecaster.checked(frame))

    def remembering(self, frames: Iterable[pd.DataFrame]) -> Model:
        """The same Model; a forecast then knows also the rows of ``frames`` that bring their target."""
        if self.forecaster is None:
            return self
        other = copy.copy(self)
        other.forecaster = self.forecaster.remembering(frames)
        return other

    def informed(self, store: Store, snapshots: Iterable[Snapshot]) -> Model:
        """:meth:`remembering` the rows of labelled Snapshots, of which only a forecast reads anything."""
        if self.forecaster is None:
            return self
        kinds = self.forecaster.plan.kinds
        return self.remembering(
            frame
            for snapshot in snapshots
            for frame in snapshot.frames(
                store, [column.name for column in snapshot.manifest(store).columns if column.name in kinds]
            )
        )

    def completed(self, frame: pd.DataFrame) -> pd.DataFrame:
        """``frame`` with the columns that a forecast makes of the past; as it is for any other Model."""
        return frame if self.forecaster is None else self.forecaster.completed(frame)

    def matrix(self, frame: pd.DataFrame) -> Matrix:
        """What the boosters read of ``frame``. Raises UserError as :meth:`predict` does."""
        return self.description.recipe.transform(self.completed(frame))

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """``prediction`` and ``probability_<label>`` for each class, or ``prediction``, ``lower``, ``upper``.

        Where rows are ranked, ``prediction`` is a score without a unit and, if the frame has the query's column,
        ``rank`` the place within the query's rows in this frame: 1 is the best, equal scores stand as they came,
        and a row without a query has none.

        Same rows, same order, index 0 to n-1. A forecast takes rows of ``frame`` that bring their target as
        known past, beside its own memory. Raises UserError as :meth:`check` does, and for a value that can't be
        read as what its column is.
        """
        matrix = self.matrix(frame)
        return self._framed(frame, self.ensemble.answered(matrix, self.ensemble.margins(matrix)))

    def predict_by(self, frame: pd.DataFrame, scores: Sequence[Doubles]) -> pd.DataFrame:
        """What :meth:`predict` gives where each booster's raw scores, one array a member, were ``scores``.

        For boosters as they were trained, whose answers are to be compared with those of the stored ones.
        """
        matrix = self.matrix(frame)
        return self._framed(frame, self.ensemble.answered(matrix, self.ensemble.margins_of(scores, matrix)))

    def _framed(self, frame: pd.DataFrame, answered: list[Any]) -> pd.DataFrame:
        """The columns of an answer as a table, with ranks where ``frame`` has the query."""
        if is_classification(self.task):
            labels = pd.Series(list(self.classes))
            answered[0] = labels.take(answered[0]).reset_index(drop=True)
        found = pd.DataFrame(dict(zip(self.prediction_columns, answered, strict=True)))
        if self.query is not None and self.query in frame:
            found[RANK] = pd.array(ranks(frame[self.query], answered[0]), dtype="Int64")
        return found

    def answers(self, matrix: Matrix) -> list[dict[str, Label | float | None]]:
        """The rows of :meth:`predict`, as plain values and without ranks, for a matrix that the recipe has made."""
        first, *others = (column.tolist() for column in self.ensemble.answered(matrix, self.ensemble.margins(matrix)))
        predicted = [self.classes[code] for code in first] if is_classification(self.task) else first
        names = self.prediction_columns
        return [dict(zip(names, row, strict=True)) for row in zip(predicted, *others, strict=True)]

    def probabilities(self, frame: pd.DataFrame) -> Doubles:
        """Calibrated probabilities, shape ``(rows, classes)``, columns in code order. For classification only."""
        if not is_classification(self.task):
            raise ValueError(f"a {self.task} model has no probabilities: ask for `values`")
        return self.ensemble.finished(self.ensemble.margins(self.matrix(frame)))

    def values(self, frame: pd.DataFrame) -> Doubles:
        """Predictions in the target's unit, shape ``(rows,)``. Not for classification."""
        if is_classification(self.task):
            raise ValueError("a classification model has no values: ask for `probabilities`")
        return self.ensemble.finished(self.ensemble.margins(self.matrix(frame)))

    def answers_by_part(self, frame: pd.DataFrame, most: int = MOST_PARTS) -> tuple[Doubles, tuple[Doubles, ...]]:
        """Probabilities or values, and the same when each of at most ``most`` parts of the boosters is left out.

        Boosters hang on their seeds: how far the second differ from each other says how far other seeds would have
        moved the first. There are no parts of a single booster; the linear member is in all of them.
        """
        return self.ensemble.finished_by_part(self.matrix(frame), most)

    def contributions(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The contributions of :meth:`explain`, but with what a forecast makes of the past column by column."""
        features = self.description.recipe.features
        return self._explained(self.matrix(frame), shares_of_columns(features)).contributions

    def explain(self, frame: pd.DataFrame) -> Explanation:
        """How much each of the user's columns moved each row's score from the average one.

        Exact Shapley values of the trees, which add up to the calibrated score. What a forecast makes of a column's
        past counts as that column. Takes some milliseconds a row for a Model of many trees. Raises UserError as
        :meth:`predict` does.
        """
        return self.explain_matrix(self.matrix(frame))

    def explain_matrix(self, matrix: Matrix) -> Explanation:
        """:meth:`explain`, for a matrix that the recipe has made."""
        plan = self.description.forecast
        made = {} if plan is None else {name: plan.made_of(name) for name in plan.columns}
        return self._explained(matrix, shares_of_columns(self.description.recipe.features, made))

    def interactions(self, matrix: Matrix) -> Interactions | None:
        """Which pairs of the columns of :meth:`contributions` act together, on the first rows of a matrix.

        None where finding out would take too long.
        """
        columns = shares_of_columns(self.description.recipe.features)
        return interactions_of(self.description, self.ensemble.boosters, matrix, self.ensemble.chosen(matrix), columns)

    @property
    def explaining_cost(self) -> float:
        """What explaining one row costs, in the units of :func:`~tidemill.learning.interacting.tree_cost`."""
        return sum(tree_cost(booster) for booster in self.ensemble.boosters)

    def numbers(self, matrix: Matrix) -> Doubles:
        """What metrics are made of: the positive class's probability, each class's, or the predicted numbers."""
        found = self.ensemble.finished(self.ensemble.margins(matrix))
        return found[:, 1] if self.task == "binary" else found

    def _explained(self, matrix: Matrix, columns: Mapping[str, Doubles]) -> Explanation:
        return explained(self.description, self.ensemble.boosters, matrix, self.ensemble.chosen(matrix), columns)


def _text(label: Label) -> str:
    return str(label).lower() if isinstance(label, bool) else str(label)
