"""What a window is compared with: the version's training rows, and its answers on rows that it had not seen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from tidemill.cleaning import Kind
from tidemill.errors import UserError
from tidemill.evaluation.resampling import Doubles
from tidemill.learning.model import Model
from tidemill.monitoring.quality import expected_value
from tidemill.profile import ColumnProfile, Profile, profile, profile_frame, window_numbers
from tidemill.registry import ModelVersion
from tidemill.results import Record
from tidemill.snapshot import Snapshot
from tidemill.store import Store
from tidemill.task import is_classification
from tidemill.usecase.schema import CleanRules, UseCase

__all__ = ["PREDICTION", "Answers", "Reference", "answers", "reference", "watched_columns"]

FORMAT = 1
PREDICTION = "prediction"
_TRAINING_ROWS = 50_000


@dataclass(frozen=True)
class Answers:
    """A model's answers to some rows: ``values`` as metrics take them, ``series`` as drift is measured on.

    ``values`` are probabilities, shape ``(rows,)`` of the positive class or ``(rows, classes)``, or
    predictions, shape ``(rows,)``; ``series`` is that, or the predicted class where there are several.
    """

    values: Doubles
    series: pd.Series
    kind: Kind


class Reference(Record):
    """What windows of one version are compared with.

    ``prediction`` describes the answers on the gate rows (on training rows a model is surer than it
    will ever be again), and how much its answers on training rows moved from window to window.
    ``promised`` is the metric that the gate rows' probabilities promised, None where they can't.
    """

    format: Literal[1] = 1
    version: str
    profile: Profile
    prediction: ColumnProfile
    promised: float | None


def watched_columns(model: Model) -> dict[str, Kind]:
    """The raw columns that the model reads, with their kinds; times are left out, since they always move on."""
    return {column.name: column.kind for column in model.columns if column.kind != "time"}


def answers(model: Model, frame: pd.DataFrame) -> Answers:
    """The model's answers to ``frame``. Raises UserError for a missing column."""
    if not is_classification(model.task):
        values = model.values(frame)
        return Answers(values, pd.Series(values), "number")
    shares = model.probabilities(frame)
    if model.task == "binary":
        return Answers(shares[:, 1], pd.Series(shares[:, 1]), "number")
    labels = np.asarray([str(label) for label in model.classes])
    return Answers(shares, pd.Series(labels[shares.argmax(axis=1)]), "category")


def reference(store: Store, use_case: UseCase, version: ModelVersion, model: Model) -> Reference:
    """Build the reference of a version, or read the stored one.

    Stored as ``<use_case>/profiles/<model id>-<hash of what it depends on>.json``.
    """
    split, window = version.lineage.split, use_case.monitor.window
    rules = model.description.recipe.clean
    asked = [FORMAT, split.train.id, split.gate.id, window.total_seconds(), version.metric.name]
    said = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:8]
    key = f"{use_case.name}/profiles/{version.model.id}-{said}.json"
    try:
        return _parsed(store, key)
    except KeyError:
        pass
    columns = watched_columns(model)
    trained = profile(store, split.train, columns, rules=rules, time=use_case.time, window=window)
    gate = _all_answers(store, model, split.gate)
    prediction = _prediction_profile(store, use_case, model, split.train, gate, rules)
    made = Reference(
        version=version.version,
        profile=trained,
        prediction=prediction,
        promised=expected_value(version.metric.name, gate.values, threshold=model.threshold or 0.5),
    )
    store.write_json(key, made.model_dump(mode="json"))
    return made


def _all_answers(store: Store, model: Model, snapshot: Snapshot) -> Answers:
    parts = [answers(model, frame) for frame in snapshot.frames(store)]
    values = np.concatenate([part.values for part in parts])
    return Answers(values, pd.concat([part.series for part in parts], ignore_index=True), parts[0].kind)


def _prediction_profile(
    store: Store, use_case: UseCase, model: Model, train: Snapshot, gate: Answers, rules: CleanRules
) -> ColumnProfile:
    """The gate's answers, with the movement of the answers on training rows (like with like) as what is usual."""
    kinds: Mapping[str, Kind] = {PREDICTION: gate.kind}
    bare = profile_frame("gate", gate.series.to_frame(PREDICTION), kinds, rules=rules).column(PREDICTION)
    if use_case.time is None:
        return bare
    frame = train.read(store)
    frame = frame.iloc[:: max(1, len(frame) // _TRAINING_ROWS)].reset_index(drop=True)
    windows = window_numbers(frame[use_case.time], use_case.monitor.window)
    past = answers(model, frame).series.to_frame(PREDICTION)
    usual = profile_frame("train", past, kinds, rules=rules, windows=windows).column(PREDICTION).usual
    return bare.model_copy(update={"usual": usual})


def _parsed(store: Store, key: str) -> Reference:
    said = store.read_json(key)
    if said.get("format", 0) > FORMAT:
        raise UserError(
            f"{store.url_of(key)} has format {said['format']}; this Tidemill reads up to {FORMAT}: upgrade Tidemill"
        )
    return Reference.model_validate(said)
