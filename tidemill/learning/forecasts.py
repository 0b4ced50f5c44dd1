"""What forecasting asks of learning: rows completed by their past, and a gap before the gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import pandas as pd

from tidemill.cleaning import declared_kinds, normalise
from tidemill.errors import UserError
from tidemill.forecasting import Forecaster, fit_forecast
from tidemill.learning.columns import kind_of
from tidemill.results import Labelled, Split
from tidemill.task import is_classification
from tidemill.usecase.schema import UseCase

__all__ = ["Completed", "complete"]


@dataclass(frozen=True)
class Completed:
    """Rows to learn from. Without a forecast they are as they were, and there is no ``forecaster``."""

    frame: pd.DataFrame
    excluded: Mapping[str, str]
    forecaster: Forecaster | None = None

    @property
    def gap(self) -> timedelta:
        """How long before a row its past ends."""
        return self.forecaster.plan.gap if self.forecaster else timedelta(0)


def complete(
    frame: pd.DataFrame, use_case: UseCase, labelled: Labelled, split: Split, excluded: Mapping[str, str]
) -> Completed:
    """Make the columns of the past, and leave out the rows of the last ``gap`` before the gate.

    A gate row is predicted as of ``gap`` before its time: a model that had learnt from later rows would
    know more than it will when it is used. Those rows stay known as past. Raises UserError when the target
    is no number, or too few rows are left.
    """
    if use_case.forecast is None:
        return Completed(frame, excluded)
    if is_classification(labelled.task):
        raise UserError(
            f"forecast: `{use_case.target_name}` was taken for classes (task {labelled.task}), and a forecast is of "
            "numbers: say `task: regression`, or leave `forecast` out"
        )
    tidy = normalise(frame, use_case.clean, declared_kinds(use_case))
    fitted = fit_forecast(frame, use_case, {str(name): kind_of(tidy[name]) for name in tidy.columns}, excluded)
    made = fitted.forecaster.completed(frame)
    if split.boundary is not None:
        kept = made[made[str(use_case.time)] < split.boundary - fitted.forecaster.plan.gap].reset_index(drop=True)
        if len(kept) < use_case.split.minimum_rows:
            raise UserError(
                f"forecast.horizon: of {len(made):,} training rows {len(kept):,} are further from the gate's than the "
                f"horizon, and {use_case.split.minimum_rows} are needed: shorten it, or bring older rows"
            )
        made = kept
    return Completed(made, {**fitted.excluded, **excluded}, fitted.forecaster)
