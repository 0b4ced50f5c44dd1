"""Whether the champion may be measured on the gate rows, and its answers on them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tidemill.evaluation.resampling import Doubles
from tidemill.learning.model import Model
from tidemill.registry import ModelVersion
from tidemill.results import Split
from tidemill.store import Store
from tidemill.task import is_classification
from tidemill.usecase.schema import UseCase

__all__ = ["answers", "incomparable"]


def answers(model: Model, frame: pd.DataFrame) -> Doubles:
    """A Model's answers: the positive class's probability, each class's, or the predicted numbers."""
    if not is_classification(model.task):
        return model.values(frame)
    shares = model.probabilities(frame)
    return shares[:, 1] if model.task == "binary" else shares


def incomparable(
    store: Store, use_case: UseCase, split: Split, model: Model, champion: ModelVersion, rival: Model
) -> str | None:
    """Why the champion can't be compared on these gate rows, or None when it can: it has not trained on any of them."""
    if rival.task != model.task or rival.classes != model.classes:
        return f"the champion {champion.version} answers another question ({_question(rival)}, not {_question(model)})"
    theirs = champion.lineage.split
    if theirs.train.id == split.train.id:
        return None
    if theirs.boundary is not None and split.boundary is not None:
        if theirs.boundary <= split.boundary:
            return None
        return (
            f"the champion {champion.version} was trained on rows up to {theirs.boundary:%Y-%m-%d}, "
            f"and the gate's rows begin at {split.boundary:%Y-%m-%d}: it has seen some of them. "
            "Train with a later window"
        )
    seen = _seen(store, use_case, theirs, split)
    if seen:
        return f"the champion {champion.version} was trained on {seen:,} of the {split.gate.rows:,} gate rows"
    return None


def _seen(store: Store, use_case: UseCase, theirs: Split, ours: Split) -> int:
    """How many of our gate rows are among the rows that the champion trained on, by what names a row."""
    trained = {column.name for column in theirs.train.manifest(store).columns}
    shared = [column.name for column in ours.gate.manifest(store).columns if column.name in trained]
    names = [name for name in use_case.id if name in shared] or shared
    known = np.concatenate([_hashes(frame, names) for frame in theirs.train.frames(store, names)])
    return sum(int(np.isin(_hashes(frame, names), known).sum()) for frame in ours.gate.frames(store, names))


def _hashes(frame: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """A hash a row of the texts of its values, so that whole numbers with and without gaps are alike."""
    texts = pd.DataFrame({name: _text(frame[name]) for name in names})
    return pd.util.hash_pandas_object(texts, index=False).to_numpy()


def _text(values: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype):
        return values.astype("Float64").astype("float64")
    return values.astype("str")


def _question(model: Model) -> str:
    classes = ", ".join(str(label) for label in model.classes)
    return f"{model.task} of {classes}" if classes else model.task
