"""What every peer's script shares: its arguments, its rows, and how it leaves its answers. No import of Tidemill.

A peer's script runs in the peer's own environment, in its own process, on the cores that it was pinned to.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["Asked", "as_categories", "run"]


@dataclass(frozen=True)
class Asked:
    """What a peer is asked for: ``train`` has the target under ``target``; ``seconds`` are its budget."""

    train: pd.DataFrame
    gate: pd.DataFrame
    task: str
    ordered: bool
    seconds: float
    seed: int
    cores: int
    scratch: Path


def run(fit: Callable[[Asked], tuple[Callable[[pd.DataFrame], Any], str]], packages: tuple[str, ...]) -> None:
    """Fit by ``fit`` and leave answers (``.npy``) and what it took (the last line of standard output, JSON).

    ``packages`` are those whose versions say what was measured.

    Arguments: the folder of the rows, the file for the answers, a scratch folder, seconds, seed, cores.
    Answers are the positive class's probability, probabilities by class code, or numbers.
    """
    folder, answers = Path(sys.argv[1]), sys.argv[2]
    said = json.loads((folder / "rows.json").read_text())
    asked = Asked(
        train=pd.read_parquet(folder / "train.parquet"),
        gate=pd.read_parquet(folder / "gate.parquet").drop(columns="target"),
        task=said["task"],
        ordered=said["time"] is not None,
        seconds=float(sys.argv[4]),
        seed=int(sys.argv[5]),
        cores=int(sys.argv[6]),
        scratch=Path(sys.argv[3]),
    )
    started = time.perf_counter()
    predict, detail = fit(asked)
    fitted = time.perf_counter()
    predicted = np.asarray(predict(asked.gate), dtype=np.float64)
    done = time.perf_counter()
    np.save(answers, predicted)
    said = {"seconds": fitted - started, "predict_seconds": done - fitted, "detail": detail}
    print("\n" + json.dumps({**said, "version": ", ".join(f"{name} {version(name)}" for name in packages)}))


def as_categories(train: pd.DataFrame, gate: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Text as XGBoost's native categories (those of the training rows), times as numbers."""
    train, gate = train.copy(), gate.copy()
    for name in train.columns:
        if pd.api.types.is_datetime64_any_dtype(train[name]):
            train[name], gate[name] = train[name].astype("int64"), gate[name].astype("int64")
        elif not pd.api.types.is_numeric_dtype(train[name]) and not pd.api.types.is_bool_dtype(train[name]):
            kinds = pd.CategoricalDtype(sorted(train[name].dropna().unique()))
            train[name], gate[name] = train[name].astype(kinds), gate[name].astype(kinds)
    return train, gate
