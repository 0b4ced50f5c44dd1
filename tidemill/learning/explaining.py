"""Why each row's score is what it is: exact contributions of a Model's members, back to the user's columns.

Shapley values of the trees (TreeSHAP: Lundberg et al., 2018) and the terms of the line, in their weighted mean, as
calibration bends them: base and contributions add up to the calibrated score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidemill.learning.description import ModelDescription
from tidemill.learning.features import Feature, Matrix
from tidemill.learning.margins import Calibration
from tidemill.learning.scores import Doubles

__all__ = ["Explanation", "explained", "shares_of_columns"]

_MOST_CELLS = 5_000_000
_SAME = 1e-9


@dataclass(frozen=True)
class Explanation:
    """``base`` and the ``contributions`` of a row add up to its calibrated score.

    The score is in log-odds of the positive class, of several classes in that of the predicted one, in the logarithm of
    the expected count, in the target's unit, or where rows are ranked in none. ``base`` has shape ``(rows,)``;
    ``contributions`` has a column for each of the user's columns, index 0 to n-1.
    """

    contributions: pd.DataFrame
    base: Doubles

    @property
    def score(self) -> Doubles:
        """The calibrated scores, shape ``(rows,)``."""
        return np.asarray(self.base + self.contributions.to_numpy().sum(axis=1))

    def strongest(self, most: int) -> tuple[list[list[str]], Doubles, Doubles]:
        """For each row the names of the ``most`` columns that move it most, the strongest first, how much each of them
        adds, shape ``(rows, most)``, and what all others add together, shape ``(rows,)``. Fewer where there are fewer.
        """
        values = self.contributions.to_numpy()
        order = np.argsort(-np.abs(values), axis=1, kind="stable")[:, :most]
        adds = np.take_along_axis(values, order, axis=1)
        names = self.contributions.columns.to_numpy()[order].tolist()
        return names, adds, values.sum(axis=1) - adds.sum(axis=1)


def explained(
    description: ModelDescription,
    boosters: Sequence[Any],
    matrix: Matrix,
    chosen: NDArray[np.int64],
    columns: Mapping[str, Doubles],
) -> Explanation:
    """Explain the rows of a matrix. ``chosen`` is the output that is explained of each row: 0, or its class.

    ``columns`` says what share of each feature's contribution is whose (:func:`shares_of_columns`).
    """
    shares = np.column_stack(list(columns.values())) if columns else np.empty((matrix.shape[1], 0))
    outputs = max(len(description.classes), 1)
    size = max(_MOST_CELLS // (outputs * (matrix.shape[1] + 1)), 1)
    shifts, bases = [np.empty((0, len(columns)))], [np.empty(0)]
    for start in range(0, len(matrix), size):
        part = slice(start, start + size)
        raw = _raw(description, boosters, matrix[part])
        rows = np.arange(len(raw))
        base, margins = raw[:, :, -1], raw.sum(axis=2)
        bend = _steepness(description.calibration, margins, base)[rows, chosen[part]]
        shifts.append(raw[rows, chosen[part], :-1] @ shares * bend[:, np.newaxis])
        bases.append(description.calibration.apply(base)[rows, chosen[part]])
    return Explanation(pd.DataFrame(np.concatenate(shifts), columns=list(columns)), np.concatenate(bases))


def shares_of_columns(features: Sequence[Feature], names: Mapping[str, str] | None = None) -> dict[str, Doubles]:
    """For each column, what share of each feature's contribution is its own, shape ``(features,)``.

    A feature that sets one number against another is half of each. ``names`` says which columns count as which other.
    """
    renamed = names or {}
    found: dict[str, Doubles] = {}
    for place, feature in enumerate(features):
        pair = feature.combined is not None and feature.until is not None
        owners = (feature.column, str(feature.until)) if pair else (feature.column,)
        for owner in owners:
            share = found.setdefault(renamed.get(owner, owner), np.zeros(len(features)))
            share[place] += 1.0 / len(owners)
    return found


def _raw(description: ModelDescription, boosters: Sequence[Any], matrix: Matrix) -> Doubles:
    """The members' weighted mean, shape ``(rows, outputs, features + 1)``; the last is the base."""
    import xgboost

    rows = xgboost.DMatrix(matrix, feature_types=description.recipe.feature_types, enable_categorical=True)
    parts = [booster.predict(rows, pred_contribs=True, strict_shape=True) for booster in boosters]
    if description.line is not None:
        parts.append(description.line.contributions(matrix))
    return description.mean(parts)


def _steepness(calibration: Calibration, margins: Doubles, base: Doubles) -> Doubles:
    """What calibration made of the difference between ``margins`` and ``base``, divided by that difference."""
    moved = margins - base
    slope = np.full_like(moved, calibration.slope)
    if calibration.upper_slope is None:
        return slope
    change = calibration.apply(margins) - calibration.apply(base)
    return np.asarray(np.divide(change, moved, out=slope, where=np.abs(moved) > _SAME))
