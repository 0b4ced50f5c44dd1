"""What averaging several trials and calibrating them brought, on rows that their boosters had not seen.

Stored beside the Model for the report; nothing that predicts reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from tidemill.learning.margins import Calibration
from tidemill.learning.objectives import predictions
from tidemill.learning.preparing import Prepared
from tidemill.learning.scores import Floats, score
from tidemill.results import ModelReference, Record
from tidemill.store import Store
from tidemill.task import is_classification

__all__ = ["Brought", "read_brought", "what_it_brought", "write_brought"]

FORMAT = 1


class Brought(Record):
    """Means over the folds: ``best`` of the best trial alone, ``together`` of the members' average.

    ``uncalibrated`` and ``calibrated`` are log losses; None where no probabilities are predicted.
    """

    format: Literal[1] = 1
    metric: str
    best: float
    together: float
    uncalibrated: float | None = None
    calibrated: float | None = None


def what_it_brought(prepared: Prepared, best: float, margins: Sequence[Floats], calibration: Calibration) -> Brought:
    """``margins`` are the members' average on each fold's check rows, ``best`` what the best trial has there."""
    data, task, metric = prepared.data, prepared.problem.task, prepared.problem.metric
    targets = [data.target[fold.check] for fold in prepared.folds]
    weights = [None if data.judged is None else data.judged[fold.check] for fold in prepared.folds]

    def mean(name: str, applied: Calibration) -> float:
        folds = zip(margins, targets, weights, strict=True)
        return float(
            np.mean([score(name, target, predictions(task, applied.apply(raw)), w) for raw, target, w in folds])
        )

    plain = Calibration()
    together = mean(metric, plain)
    if not is_classification(task):
        return Brought(metric=metric, best=best, together=together)
    losses = {"uncalibrated": mean("log_loss", plain), "calibrated": mean("log_loss", calibration)}
    return Brought(metric=metric, best=best, together=together, **losses)


def write_brought(store: Store, model: ModelReference, brought: Brought) -> None:
    """Keep it beside the Model."""
    store.write_json(_key(model), brought.model_dump(mode="json"))


def read_brought(store: Store, model: ModelReference) -> Brought | None:
    """What was kept; None for a Model of before it was, or of a newer Tidemill."""
    try:
        said = store.read_json(_key(model))
    except KeyError:
        return None
    return Brought.model_validate(said) if said.get("format", 0) <= FORMAT else None


def _key(model: ModelReference) -> str:
    return f"{model.prefix}/brought.json"
