"""Everything that the gate rows showed of a Model, put together for storing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import numpy as np
import pandas as pd

from tidemill.evaluation.counting import costs, covered
from tidemill.evaluation.curves import binary_shapes, roc
from tidemill.evaluation.evidence import Binary, Contender, Evidence, Forecast, Kind, Multiclass, Regression
from tidemill.evaluation.explaining import dependence, importances, sample
from tidemill.evaluation.field import Field, Standings
from tidemill.evaluation.forecasts import forecast_shape
from tidemill.evaluation.masking import masked_dependence, masked_slices
from tidemill.evaluation.ordering import ranking_shapes
from tidemill.evaluation.shapes import multiclass_shapes, regression_shapes
from tidemill.evaluation.slicing import Ground, slices
from tidemill.fairness import judging as fairness
from tidemill.learning.model import Model
from tidemill.results import ModelReference
from tidemill.usecase.schema import UseCase

__all__ = ["assemble"]

_EXPLAINED = 1000
_FEWEST_EXPLAINED = 300
_TREE_ROWS = 400_000
_DEPENDENCE = 6
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
) -> Evidence:
    """``frame`` is the gate rows without their target, in the order of the standings' answers.

    ``masked`` are columns with personal data and their kinds: the evidence does not name their values.
    """
    field = standings.field
    frame = model.completed(frame)
    kinds: dict[str, Kind] = {column.name: column.kind for column in (*model.columns, *model.made_columns)}
    chosen = sample(len(frame), _explained(model), use_case.seed)
    explained = frame.iloc[chosen]
    contributions = model.contributions(explained)
    ranked = importances(contributions)
    top = [one.column for one in ranked[:_DEPENDENCE] if one.mean > 0]
    challenger = field.challenger
    plain = standings.best_baseline.answers
    ground = Ground(
        frame,
        field.target,
        challenger.answers,
        challenger.threshold,
        plain,
        field.metric,
        field.weights,
        field.lists,
    )
    since, until = _window(use_case, frame)
    binary, multiclass, regression = _shapes(use_case, model, field, frame)
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
        binary=binary,
        multiclass=multiclass,
        regression=regression,
        ranking=None
        if field.lists is None
        else ranking_shapes(field.metric, field.target, challenger.answers, plain, field.lists),
        forecast=_forecast(use_case, model, field, frame),
        slices=masked_slices(slices(use_case, ground, kinds), masked),
        importances=ranked,
        dependence=masked_dependence(dependence(contributions, explained, top, kinds), masked),
        contribution_unit=_UNITS[model.task],
        explained_rows=len(chosen),
        weight=use_case.weight,
        fairness=fairness.judge(use_case, model, field, frame, masked),
    )


def _forecast(use_case: UseCase, model: Model, field: Field, frame: pd.DataFrame) -> Forecast | None:
    plan = model.description.forecast
    if plan is None:
        return None
    said = model.predict(frame)
    low, high = said["lower"].to_numpy(dtype=np.float64), said["upper"].to_numpy(dtype=np.float64)
    return forecast_shape(plan, field, frame[plan.time], low, high)


def _explained(model: Model) -> int:
    """How many rows to explain: fewer for a Model of many trees, so that it takes seconds and not minutes."""
    trees = sum(member.rounds for member in model.description.members) * max(len(model.classes) - 1, 1)
    return max(min(_TREE_ROWS // max(trees, 1), _EXPLAINED), _FEWEST_EXPLAINED)


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


def _shapes(
    use_case: UseCase, model: Model, field: Field, frame: pd.DataFrame
) -> tuple[Binary | None, Multiclass | None, Regression | None]:
    answers, labels = field.challenger.answers, [_text(label) for label in model.classes]
    if model.task == "binary":
        shapes = binary_shapes(field.target == 1, answers, field.challenger.threshold, (labels[0], labels[1]))
        return shapes.model_copy(update={"costs": costs(use_case, field)}), None, None
    if model.task == "multiclass":
        return None, multiclass_shapes(field.target, answers, labels), None
    if model.task == "ranking":
        return None, None, None
    said = model.predict(frame)
    low, high = said["lower"].to_numpy(dtype=np.float64), said["upper"].to_numpy(dtype=np.float64)
    shapes_of_numbers = regression_shapes(field.target, answers, low, high, model.description.coverage)
    rule = model.description.interval
    held = covered(use_case, field, low, high)
    measured = {"covered": held.value, "covered_low": held.low, "covered_high": held.high}
    return None, None, shapes_of_numbers.model_copy(update={**measured, "way": rule.way if rule else "constant"})


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
