"""Everything that the gate rows showed of a Model, put together for storing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from tidemill.evaluation.counting import costs, covered
from tidemill.evaluation.curves import binary_shapes, roc
from tidemill.evaluation.driving import Drivers
from tidemill.evaluation.evidence import Contender, Evidence, Forecast, Kind, Regression
from tidemill.evaluation.field import Field, Standings
from tidemill.evaluation.forecasts import forecast_shape
from tidemill.evaluation.masking import masked_slices
from tidemill.evaluation.ordering import ranking_shapes
from tidemill.evaluation.shapes import multiclass_shapes, regression_shapes
from tidemill.evaluation.slicing import Ground, slices
from tidemill.fairness import judging as fairness
from tidemill.learning.leaving_out import Refitting
from tidemill.learning.model import Model
from tidemill.results import ModelReference
from tidemill.usecase.schema import UseCase

__all__ = ["assemble"]

_UNITS = {
    "binary": "log-odds",
    "multiclass": "log-odds of the predicted class",
    "regression": "the target's unit",
    "count": "logarithm of the expected count",
    "ranking": "the score's own unit",
}


def assemble(
    use_case: UseCase,
    reference: ModelReference,
    model: Model,
    standings: Standings,
    frame: pd.DataFrame,
    masked: Mapping[str, str],
    refitting: Refitting | None = None,
) -> Evidence:
    """``frame`` is the gate rows without their target, in the order of the standings' answers.

    ``masked`` are columns with personal data and their kinds: the evidence does not name their values.
    ``refitting`` fits anew without the columns that seem idle; None leaves that out.
    """
    field = standings.field
    frame = model.completed(frame)
    kinds: dict[str, Kind] = {column.name: column.kind for column in (*model.columns, *model.made_columns)}
    since, until = _window(use_case, frame)
    return Evidence(
        use_case=use_case.name,
        subject=reference.id,
        task=model.task,
        metric=field.metric,
        target=use_case.target_name,
        rows=len(frame),
        since=since,
        until=until,
        confidence=standings.confidence,
        resamples=use_case.evaluate.resamples,
        seed=use_case.seed,
        contenders=_contenders(standings),
        **_shapes(use_case, model, standings, frame),
        slices=masked_slices(slices(use_case, _ground(standings, frame), kinds), masked),
        contribution_unit=_UNITS[model.task],
        weight=use_case.weight,
        fairness=fairness.judge(use_case, model, field, frame, masked),
        **Drivers(use_case, model, field, frame, kinds, masked).evidence(refitting),
    )


def _ground(standings: Standings, frame: pd.DataFrame) -> Ground:
    """What slices are cut from."""
    field, own = standings.field, standings.field.challenger
    plain = standings.best_baseline.answers
    return Ground(frame, field.target, own.answers, own.threshold, plain, field.metric, field.weights, field.lists)


def _forecast(use_case: UseCase, model: Model, field: Field, frame: pd.DataFrame) -> Forecast | None:
    plan = model.description.forecast
    if plan is None:
        return None
    said = model.predict(frame)
    low, high = said["lower"].to_numpy(dtype=np.float64), said["upper"].to_numpy(dtype=np.float64)
    return forecast_shape(plan, field, frame[plan.time], low, high)


def _contenders(standings: Standings) -> tuple[Contender, ...]:
    field = standings.field
    return tuple(
        Contender(
            name=racer.name,
            role=racer.role,
            metrics=standings.metrics(racer),
            roc=roc(field.target == 1, racer.answers) if field.task == "binary" else None,
        )
        for racer in field.racers
    )


def _shapes(use_case: UseCase, model: Model, standings: Standings, frame: pd.DataFrame) -> dict[str, Any]:
    """The fields of an Evidence that only one kind of task has."""
    field, labels = standings.field, [_text(label) for label in model.classes]
    own = field.challenger
    if field.task == "binary":
        shapes = binary_shapes(field.target == 1, own.answers, own.threshold, (labels[0], labels[1]))
        return {"binary": shapes.model_copy(update={"costs": costs(use_case, field)})}
    if field.task == "multiclass":
        return {"multiclass": multiclass_shapes(field.target, own.answers, labels)}
    if field.lists is not None:
        plain = standings.best_baseline.answers
        return {"ranking": ranking_shapes(field.metric, field.target, own.answers, plain, field.lists)}
    return {
        "regression": _of_numbers(use_case, model, field, frame),
        "forecast": _forecast(use_case, model, field, frame),
    }


def _of_numbers(use_case: UseCase, model: Model, field: Field, frame: pd.DataFrame) -> Regression:
    said = model.predict(frame)
    low, high = said["lower"].to_numpy(dtype=np.float64), said["upper"].to_numpy(dtype=np.float64)
    shapes = regression_shapes(field.target, field.challenger.answers, low, high, model.description.coverage)
    rule = model.description.interval
    held = covered(use_case, field, low, high)
    measured = {"covered": held.value, "covered_low": held.low, "covered_high": held.high}
    return shapes.model_copy(update={**measured, "way": rule.way if rule else "constant"})


def _window(use_case: UseCase, frame: pd.DataFrame) -> tuple[datetime | None, datetime | None]:
    """The moments of the first and the last row."""
    if use_case.time is None or use_case.time not in frame.columns:
        return None, None
    times = pd.to_datetime(frame[use_case.time], utc=True, errors="coerce").dropna()
    if times.empty:
        return None, None
    return times.min().to_pydatetime(), times.max().to_pydatetime()


def _text(label: str | int | bool) -> str:
    return str(label).lower() if isinstance(label, bool) else str(label)
