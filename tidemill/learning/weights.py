"""How much each row counts: by a column of the use case's own, and while trees are grown by its class too."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidemill.errors import UserError, did_you_mean
from tidemill.results import ClassCount
from tidemill.usecase.schema import UseCase

__all__ = ["class_weights", "learning_weights", "own_weights", "row_weights"]

Doubles = NDArray[np.float64]


def row_weights(use_case: UseCase, frame: pd.DataFrame) -> Doubles | None:
    """The rows' weights with mean 1, shape ``(rows,)``; None when the use case names no column of them.

    Raises UserError as :func:`own_weights` does, and when the column is 0 everywhere.
    """
    weights = own_weights(use_case, frame)
    if weights is None:
        return None
    total = float(weights.sum())
    if total <= 0:
        name = use_case.weight
        raise UserError(f"weight: `{name}` is 0 in all {len(weights):,} rows, so that none of them counts", column=name)
    return weights * (len(weights) / total)


def own_weights(use_case: UseCase, frame: pd.DataFrame) -> Doubles | None:
    """The rows' weights as they are in the column that the use case names; None when it names none.

    Raises UserError when the column is missing, or has a gap or a negative value.
    """
    name = use_case.weight
    if name is None:
        return None
    if name not in frame.columns:
        raise UserError(f"weight: there is no column `{name}` in the data{did_you_mean(name, map(str, frame.columns))}")
    weights = pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    for wrong, what in (
        (~np.isfinite(weights), "no number"),
        (weights < 0, "a negative number"),
    ):
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise UserError(
                f"weight: `{name}` is {what} in {int(wrong.sum()):,} of {len(weights):,} rows (the first has "
                f"`{frame[name].iloc[row]}`): give every row a weight from 0 on, or let cleaning refuse those rows "
                f"(`clean.required: [{name}]`)",
                column=name,
            )
    return weights


def class_weights(
    use_case: UseCase, classes: Sequence[ClassCount], codes: NDArray[np.int64], own: Doubles | None
) -> Doubles | None:
    """How much a row counts while trees are grown, by the code of its class; None where all count alike.

    ``balanced`` gives every class the same weight in all, whatever its rows. Raises UserError for a class that the
    target does not have.
    """
    asked = use_case.tune.class_weights
    if asked is None:
        return None
    if asked != "balanced":
        return _by_label(asked, [_text(one.label) for one in classes])
    there = np.bincount(codes, own, minlength=len(classes))
    return np.asarray(np.divide(there.sum(), len(classes) * there, out=np.ones(len(classes)), where=there > 0))


def learning_weights(codes: NDArray[np.int64], own: Doubles | None, by_class: Doubles | None) -> Doubles | None:
    """The rows' own weights times those of their classes, with mean 1."""
    if by_class is None:
        return own
    weights = by_class[codes] if own is None else by_class[codes] * own
    return np.asarray(weights / weights.mean())


def _by_label(asked: dict[str, float], labels: Sequence[str]) -> Doubles:
    for name in asked:
        if name not in labels:
            raise UserError(
                f"tune.class_weights: `{name}` is not a class of the target, which has {', '.join(labels[:10])}"
                f"{did_you_mean(name, labels)}"
            )
    return np.array([asked.get(label, 1.0) for label in labels])


def _text(label: str | int | bool) -> str:
    return str(label).lower() if isinstance(label, bool) else str(label)
