"""The members of a Model together: from the matrix to raw scores, and from those to answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidemill.learning.description import ModelDescription
from tidemill.learning.features import Matrix
from tidemill.learning.objectives import predictions
from tidemill.learning.scores import Doubles
from tidemill.learning.threads import wait_politely
from tidemill.task import is_classification

__all__ = ["Ensemble"]


class Ensemble:
    """Boosters, the line beside them and the ends of intervals, in memory. Holds nothing that predicting changes."""

    def __init__(
        self, description: ModelDescription, boosters: Sequence[bytes], ends: bytes | None, threads: int | None
    ) -> None:
        """``boosters`` and ``ends`` are UBJSON; ``threads`` for predicting, None takes all there are."""
        wait_politely()
        import xgboost

        settings = {"nthread": threads} if threads else {}
        self._description = description
        self._task = description.task
        self.boosters = [xgboost.Booster(settings, model_file=bytearray(raw)) for raw in boosters]
        self._ends = None if ends is None else xgboost.Booster(settings, model_file=bytearray(ends))

    def margins(self, matrix: Matrix) -> Doubles:
        """The members' weighted mean raw score, calibrated; shape ``(rows,)`` or ``(rows, classes)``."""
        if not len(matrix):
            classes = len(self._description.classes)
            return np.empty((0, classes) if self._task == "multiclass" else 0)
        return self._calibrated(self._parts(matrix))

    def margins_of(self, scores: Sequence[Doubles], matrix: Matrix) -> Doubles:
        """:meth:`margins` where each booster's raw scores, one array a member, were ``scores``."""
        line = self._description.line
        return self._calibrated([*scores, *([] if line is None else [line.margins(matrix)])])

    def answered(self, matrix: Matrix, margins: Doubles) -> list[Any]:
        """The columns of an answer, in their order; for classification the first holds codes of classes."""
        found = self.finished(margins)
        if is_classification(self._task):
            return [self._codes(found), *found.T]
        return [found] if self._task == "ranking" else [found, *self._interval(matrix, found)]

    def finished(self, margins: Doubles) -> Doubles:
        """Probabilities, shape ``(rows, classes)``, or values, shape ``(rows,)``."""
        found = predictions(self._task, margins)
        return np.column_stack([1.0 - found, found]) if self._task == "binary" else found

    def finished_by_part(self, matrix: Matrix, most: int) -> tuple[Doubles, tuple[Doubles, ...]]:
        """What :meth:`finished` gives, and the same when each of at most ``most`` parts of the boosters is left out."""
        parts = self._parts(matrix)
        groups = np.arange(len(self.boosters)) % max(most, 1)
        count = int(groups.max(initial=0)) + 1
        whole = self.finished(self._calibrated(parts))
        if count < 2 or not len(matrix):
            return whole, ()
        left = ((groups != group).tolist() for group in range(count))
        return whole, tuple(self.finished(self._calibrated(parts, kept)) for kept in left)

    def chosen(self, matrix: Matrix) -> NDArray[np.int64]:
        """The output that is explained of each row: of several classes that of the predicted one."""
        if self._task == "multiclass":
            return self._codes(self.finished(self.margins(matrix)))
        return np.zeros(len(matrix), dtype=np.int64)

    def _parts(self, matrix: Matrix) -> list[Any]:
        """The raw scores of each booster, and of the linear member last."""
        parts = [booster.inplace_predict(matrix, predict_type="margin") for booster in self.boosters]
        if self._description.line is not None:
            parts.append(self._description.line.margins(matrix))
        return parts

    def _calibrated(self, parts: Sequence[Any], kept: Sequence[bool] | None = None) -> Doubles:
        """The mean of the raw scores of all parts, or of those ``kept``, calibrated."""
        return self._description.calibration.apply(self._description.mean(parts, kept))

    def _codes(self, shares: Doubles) -> NDArray[np.int64]:
        if self._task == "binary":
            threshold = self._description.threshold
            return np.asarray(shares[:, 1] >= (0.5 if threshold is None else threshold), dtype=np.int64)
        return np.asarray(shares.argmax(axis=1), dtype=np.int64)

    def _interval(self, matrix: Matrix, values: Doubles) -> tuple[Doubles, Doubles]:
        rule = self._description.interval
        if rule is None:
            half = self._description.half_width or 0.0
            return values - half, values + half
        if self._ends is None or not len(matrix):
            return rule.around(values, None if self._ends is None else np.empty((0, 2)))
        return rule.around(values, np.asarray(self._ends.inplace_predict(matrix), dtype=np.float64))
