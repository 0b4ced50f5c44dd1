"""Made-up rows to judge on: a time, 21 numbers and 8 categories, and a target that hangs on some of them."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd

from tidemill.results import ClassCount, Labelled, Split, Validation
from tidemill.snapshot import write_snapshot
from tidemill.store import Store
from tidemill.trained import remember
from tidemill.usecase.schema import UseCase

__all__ = ["found_nothing", "labelled_and_split"]

NUMBERS, CATEGORIES = 21, 8


def _table(rows: int, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({f"number_{place}": random.normal(size=rows) for place in range(NUMBERS)})
    for place in range(CATEGORIES):
        frame[f"category_{place}"] = random.choice([f"level {level}" for level in range(4 + 3 * place)], rows)
    frame["at"] = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(np.arange(rows) * 20, unit="s")
    signal = frame["number_0"] + 0.5 * frame["number_1"] * frame["number_2"] + 0.4 * (frame["category_0"] == "level 1")
    frame["target"] = (random.logistic(size=rows) < signal - 1.0).astype("int64")
    return frame


def labelled_and_split(store: Store, use_case: UseCase, train: int, gate: int) -> tuple[Labelled, Split]:
    """So many rows to train on, whose keys are noted as a training run does, and later ones to judge on."""
    frame = _table(train + gate, 1)
    snapshot = write_snapshot(store, "speed", "labelled", frame)
    classes = tuple(
        ClassCount(label=name, rows=int((frame["target"] == code).sum())) for code, name in enumerate(("no", "yes"))
    )
    rows = write_snapshot(store, "speed", "train", frame.head(train))
    split = Split(
        by="time",
        train=rows,
        trained=remember(store, use_case, rows),
        gate=write_snapshot(store, "speed", "gate", frame.tail(gate)),
        boundary=frame["at"].iloc[train].to_pydatetime(),
        end=datetime(2030, 1, 1, tzinfo=UTC),
    )
    return (
        Labelled(snapshot=snapshot, quarantine=None, refused={}, waiting=0, task="binary", classes=classes),
        split,
    )


def found_nothing(labelled: Labelled) -> Validation:
    """A validation without a finding."""
    kept = labelled.snapshot
    said = {"subject": kept.id, "passed": True, "snapshot": kept, "quarantine": None, "excluded": {}}
    return Validation.model_validate({**said, "reasons": (), "results": (), "leaks": ()})
