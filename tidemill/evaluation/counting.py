"""What decisions cost on the gate rows, and how many rows are within their intervals, each with its own interval."""

from __future__ import annotations

import numpy as np

from tidemill.evaluation.field import Field
from tidemill.evaluation.metrics import cost_of_rows, mean_of
from tidemill.evaluation.resampling import Doubles, Ratio, interval, resample
from tidemill.results import Interval
from tidemill.usecase.schema import CostRules, UseCase

__all__ = ["costs", "covered"]


def costs(use_case: UseCase, field: Field) -> tuple[Interval, ...]:
    """The mean cost of a row as the Model decides, and if the positive class was never or always said.

    Empty unless the use case has costs.
    """
    rules = use_case.tune.threshold
    if not isinstance(rules, CostRules):
        return ()
    positive = field.target == 1
    decided = {
        "as the model decides": field.challenger.answers >= field.challenger.threshold,
        "never flagged": np.zeros(len(positive), dtype=bool),
        "always flagged": np.ones(len(positive), dtype=bool),
    }
    statistics = {name: mean_of(cost_of_rows(rules, positive, flagged)) for name, flagged in decided.items()}
    return _measured(use_case, field, statistics)


def covered(use_case: UseCase, field: Field, low: Doubles, high: Doubles) -> Interval:
    """The share of rows whose target is within the predicted interval."""
    inside = (field.target >= low) & (field.target <= high)
    return _measured(use_case, field, {"covered": mean_of(inside.astype(np.float64))})[0]


def _measured(use_case: UseCase, field: Field, statistics: dict[str, Ratio]) -> tuple[Interval, ...]:
    rules, rows = use_case.evaluate, len(field.target)
    drawn = resample(dict(statistics), rows, resamples=rules.resamples, seed=use_case.seed, weights=field.weights)
    return tuple(interval(name, draws, rules.confidence) for name, draws in drawn.items())
