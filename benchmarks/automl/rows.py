"""The rows of a contest: Tidemill's own split of a set, and the same rows, raw, as files for the peers.

Tidemill gets the whole table and keeps its gate rows aside: by a hash of the row's number and the seed, or
the newest fifth. Peers get exactly its training rows, and all are scored on its gate rows.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.automl.sets import DataSet
from benchmarks.automl.tables import ROW, table_of
from tidemill.cleaning.stage import clean
from tidemill.collecting import collect
from tidemill.labelling import label
from tidemill.results import Labelled, Split
from tidemill.splitting import split
from tidemill.store import Store
from tidemill.usecase import UseCase

__all__ = ["Staged", "digest", "prepare", "stage", "use_case_of"]


@dataclass(frozen=True)
class Staged:
    """A set after Tidemill's first stages, in ``store``."""

    store: Store
    use_case: UseCase
    labelled: Labelled
    split: Split


def use_case_of(said: Mapping[str, Any], table: Path, seed: int, cores: int | None = None) -> UseCase:
    """What a user would write for a set (``said``: its ``rows.json``), and nothing that was tried out."""
    return UseCase.model_validate(
        {
            "name": said["set"],
            "sources": {"table": {"url": str(table)}},
            "target": {"column": said["target"]},
            "task": said["task"],
            "time": said["time"],
            "id": (ROW,),
            "tune": {"metric": said["metric"], "threads": cores},
            "seed": seed,
        }
    )


def stage(use_case: UseCase, lake: Path) -> Staged:
    """Collect, clean, label and split into a lake of its own."""
    store = Store(str(lake))
    labelled = label(store, use_case, clean(store, use_case, collect(store, use_case)))
    return Staged(store, use_case, labelled, split(store, use_case, labelled, labelled.snapshot))


def prepare(dataset: DataSet, seed: int, cache: Path) -> Path:
    """The folder of ``train.parquet`` and ``gate.parquet``, made when it is not there yet.

    Both have the features and ``target`` (class codes or numbers). ``rows.json`` tells of them, with a digest
    of which rows are on which side.
    """
    folder = cache / "rows" / f"{dataset.name}-{seed}"
    if (folder / "rows.json").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    table = table_of(dataset, cache)
    raw = pd.read_parquet(table)
    said: dict[str, Any] = {
        "set": dataset.name,
        "seed": seed,
        "task": dataset.task,
        "target": dataset.target,
        "metric": dataset.metric,
        "time": dataset.time,
    }
    with tempfile.TemporaryDirectory() as lake:
        staged = stage(use_case_of(said, table, seed), Path(lake))
        sides = {
            name: snapshot.read(staged.store, [ROW, dataset.target])
            for name, snapshot in (("train", staged.split.train), ("gate", staged.split.gate))
        }
    for name, side in sides.items():
        rows = raw.iloc[side[ROW].to_numpy()].drop(columns=[ROW, dataset.target]).reset_index(drop=True)
        _plain(rows).assign(target=_codes(side[dataset.target], dataset)).to_parquet(folder / f"{name}.parquet")
    said["classes"] = [str(one.label) for one in staged.labelled.classes]
    said["rows"] = {name: len(side) for name, side in sides.items()}
    said["digest"] = digest(*(side[ROW].to_numpy() for side in sides.values()))
    (folder / "rows.json").write_text(json.dumps(said, indent=2) + "\n")
    return folder


def digest(train: np.ndarray, gate: np.ndarray) -> str:
    """Says which rows are on which side, and in which order the gate's are answered."""
    return hashlib.sha256(train.astype("<i8").tobytes() + b"|" + gate.astype("<i8").tobytes()).hexdigest()[:16]


def _codes(target: pd.Series, dataset: DataSet) -> np.ndarray:
    return target.to_numpy(dtype=np.float64 if dataset.task == "regression" else np.int64)


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Types that an older pandas reads too."""
    texts = {name: frame[name].astype(object) for name in frame if isinstance(frame[name].dtype, pd.StringDtype)}
    return frame.assign(**texts)
