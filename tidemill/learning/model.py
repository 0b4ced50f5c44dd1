"""The Model: boosters, column contract, feature recipe, calibration and threshold, with one ``predict``.

Batch scoring, the REST service and Python all call it, so they answer alike. It is stored as JSON and
XGBoost's UBJSON, never as a pickle, under an id that is a hash of all that it predicts by.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from tidemill.forecasting import Forecaster, History, Plan
from tidemill.learning.explaining import Explanation, explained, shares_of_columns
from tidemill.learning.features import ColumnContract, Matrix, Recipe
from tidemill.learning.interacting import Interactions, interactions_of, tree_cost
from tidemill.learning.intervals import IntervalRule
from tidemill.learning.margins import Calibration
from tidemill.learning.objectives import predictions
from tidemill.learning.orders import Gain
from tidemill.learning.queries import RANK, ranks
from tidemill.learning.scores import Doubles
from tidemill.learning.stored import DESCRIPTION, files_of, id_of, read_model
from tidemill.learning.terms import LinearMember
from tidemill.learning.threads import wait_politely
from tidemill.results import ModelReference
from tidemill.snapshot import Snapshot
from tidemill.store import Store
from tidemill.task import Task, is_classification

__all__ = ["ColumnContract", "Member", "Model", "ModelDescription"]

MOST_PARTS = 5

Label = str | int | bool


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Member(_Frozen):
    """One booster: its file, that file's sha256, its weight in the average, and the trial it was tuned in."""

    file: str
    sha256: str
    weight: int
    rounds: int
    trial: int


class ModelDescription(_Frozen):
    """``model.json``: all of a Model but the trees.

    ``classes`` are the labels in code order (binary: the second is the positive one). ``threshold`` is
    the cut of the positive class's probability. Intervals around numbers cover ``coverage`` of rows: ``interval``
    makes them, with the booster of their ends where ``ends`` has its sha256; older Models have a ``half_width``.
    Where rows are ranked, ``query`` is the column that says which of them are one list, and ``gain`` what a grade
    is worth.
    ``line`` is the linear member of the mean, where there is one. ``forecast`` says what is made of a row's past; None
    for a model that reads rows alone.
    """

    format: Literal[1] = 1
    task: Task
    target: str
    classes: tuple[Label, ...]
    recipe: Recipe
    calibration: Calibration
    threshold: float | None
    half_width: float | None
    coverage: float
    members: tuple[Member, ...]
    interval: IntervalRule | None = None
    ends: str | None = None
    query: ColumnContract | None = None
    gain: Gain | None = None
    forecast: Plan | None = None
    line: LinearMember | None = None

    @property
    def files(self) -> dict[str, str]:
        """The sha256 of each of its files: the members' in their order, the intervals' ends, a forecast's memory."""
        return files_of(self.model_dump(mode="json", include={"members", "ends", "forecast"}))

    def mean(self, parts: Sequence[Any], kept: Sequence[bool] | None = None) -> Doubles:
        """The members' weighted mean; ``parts`` has an array of each, that of the line last.

        ``kept`` says of each booster whether it counts; None for all.
        """
        weights = [float(member.weight) for member in self.members]
        if kept is not None:
            weights = [weight * counts for weight, counts in zip(weights, kept, strict=True)]
        if self.line is not None:
            weights.append(float(self.line.weight))
        total = sum(weight * np.asarray(part, dtype=np.float64) for weight, part in zip(weights, parts, strict=True))
        return np.asarray(total / sum(weights))

    @property
    def id(self) -> str:
        """The first 16 hex digits of the sha256 of this description, which holds the boosters' own hashes."""
        return id_of(self.model_dump(mode="json"))


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
        wait_politely()
        import xgboost

        self.description = description
        self._raw = tuple(boosters)
        settings = {"nthread": threads} if threads else {}
        self._boosters = [xgboost.Booster(settings, model_file=bytearray(raw)) for raw in boosters]
        self._raw_ends = ends
        self._ends = None if ends is None else xgboost.Booster(settings, model_file=bytearray(ends))
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
        return self._framed(frame, self._answered(matrix, self._margins(matrix)))

    def predict_by(self, frame: pd.DataFrame, scores: Sequence[Doubles]) -> pd.DataFrame:
        """What :meth:`predict` gives where each booster's raw scores, one array a member, were ``scores``.

        For boosters as they were trained, whose answers are to be compared with those of the stored ones.
        """
        matrix = self.matrix(frame)
        line = self.description.line
        parts = [*scores, *([] if line is None else [line.margins(matrix)])]
        return self._framed(
            frame, self._answered(matrix, self.description.calibration.apply(self.description.mean(parts)))
        )

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
        first, *others = (column.tolist() for column in self._answered(matrix, self._margins(matrix)))
        predicted = [self.classes[code] for code in first] if is_classification(self.task) else first
        names = self.prediction_columns
        return [dict(zip(names, row, strict=True)) for row in zip(predicted, *others, strict=True)]

    def probabilities(self, frame: pd.DataFrame) -> Doubles:
        """Calibrated probabilities, shape ``(rows, classes)``, columns in code order. For classification only."""
        if not is_classification(self.task):
            raise ValueError(f"a {self.task} model has no probabilities: ask for `values`")
        return self._shares(self._margins(self.matrix(frame)))

    def values(self, frame: pd.DataFrame) -> Doubles:
        """Predictions in the target's unit, shape ``(rows,)``. Not for classification."""
        if is_classification(self.task):
            raise ValueError("a classification model has no values: ask for `probabilities`")
        return predictions(self.task, self._margins(self.matrix(frame)))

    def answers_by_part(self, frame: pd.DataFrame, most: int = MOST_PARTS) -> tuple[Doubles, tuple[Doubles, ...]]:
        """Probabilities or values, and the same when each of at most ``most`` parts of the boosters is left out.

        Boosters hang on their seeds: how far the second differ from each other says how far other seeds would have
        moved the first. There are no parts of a single booster; the linear member is in all of them.
        """
        matrix = self.matrix(frame)
        parts = self._parts(matrix)
        groups = np.arange(len(self._boosters)) % max(most, 1)
        count = int(groups.max(initial=0)) + 1
        whole = self._finished(parts)
        if count < 2 or not len(matrix):
            return whole, ()
        return whole, tuple(self._finished(parts, (groups != group).tolist()) for group in range(count))

    def _finished(self, parts: Sequence[Any], kept: Sequence[bool] | None = None) -> Doubles:
        """Answers out of the raw scores of all parts, or of those ``kept``."""
        margins = self.description.calibration.apply(self.description.mean(parts, kept))
        return self._shares(margins) if is_classification(self.task) else predictions(self.task, margins)

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
        return interactions_of(self.description, self._boosters, matrix, self._chosen(matrix), columns)

    @property
    def explaining_cost(self) -> float:
        """What explaining one row costs, in the units of :func:`~tidemill.learning.interacting.tree_cost`."""
        return sum(tree_cost(booster) for booster in self._boosters)

    def numbers(self, matrix: Matrix) -> Doubles:
        """What metrics are made of: the positive class's probability, each class's, or the predicted numbers."""
        margins = self._margins(matrix)
        if not is_classification(self.task):
            return predictions(self.task, margins)
        shares = self._shares(margins)
        return shares[:, 1] if self.task == "binary" else shares

    def _explained(self, matrix: Matrix, columns: Mapping[str, Doubles]) -> Explanation:
        return explained(self.description, self._boosters, matrix, self._chosen(matrix), columns)

    def _chosen(self, matrix: Matrix) -> NDArray[np.int64]:
        """The output that is explained of each row: of several classes that of the predicted one."""
        if self.task == "multiclass":
            return self._codes(self._shares(self._margins(matrix)))
        return np.zeros(len(matrix), dtype=np.int64)

    def _answered(self, matrix: Matrix, margins: Doubles) -> list[Any]:
        """The columns of an answer, in their order; for classification the first holds codes of classes."""
        if is_classification(self.task):
            shares = self._shares(margins)
            return [self._codes(shares), *shares.T]
        values = predictions(self.task, margins)
        if self.task == "ranking":
            return [values]
        return [values, *self._interval(matrix, values)]

    def _interval(self, matrix: Matrix, values: Doubles) -> tuple[Doubles, Doubles]:
        rule = self.description.interval
        if rule is None:
            half = self.description.half_width or 0.0
            return values - half, values + half
        if self._ends is None or not len(matrix):
            return rule.around(values, None if self._ends is None else np.empty((0, 2)))
        return rule.around(values, np.asarray(self._ends.inplace_predict(matrix), dtype=np.float64))

    def _shares(self, margins: Doubles) -> Doubles:
        shares = predictions(self.task, margins)
        return np.column_stack([1.0 - shares, shares]) if self.task == "binary" else shares

    def _margins(self, matrix: Matrix) -> Doubles:
        """The boosters' weighted mean raw score, calibrated; shape ``(rows,)`` or ``(rows, classes)``."""
        if not len(matrix):
            return np.empty((0, len(self.classes)) if self.task == "multiclass" else 0)
        return self.description.calibration.apply(self.description.mean(self._parts(matrix)))

    def _parts(self, matrix: Matrix) -> list[Any]:
        """The raw scores of each booster, and of the linear member last."""
        parts = [booster.inplace_predict(matrix, predict_type="margin") for booster in self._boosters]
        if self.description.line is not None:
            parts.append(self.description.line.margins(matrix))
        return parts

    def _codes(self, shares: Doubles) -> NDArray[np.int64]:
        if self.task == "binary":
            cut = 0.5 if self.threshold is None else self.threshold
            return np.asarray(shares[:, 1] >= cut, dtype=np.int64)
        return np.asarray(shares.argmax(axis=1), dtype=np.int64)


def _text(label: Label) -> str:
    return str(label).lower() if isinstance(label, bool) else str(label)
