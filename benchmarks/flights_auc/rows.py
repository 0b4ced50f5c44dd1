"""The rows of the benchmark: Tidemill's own first stages on the use case `flights`, as files for the peers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidemill.cleaning.stage import clean
from tidemill.collecting import collect
from tidemill.labelling import label
from tidemill.results import Labelled, Split
from tidemill.splitting import split
from tidemill.store import Store
from tidemill.usecase import UseCase, load_usecase
from tidemill.validation import exclusions

__all__ = ["Doubles", "Table", "load_answers", "prepare"]

PROJECT = Path(__file__).resolve().parents[2]

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Table:
    """``train.parquet`` and ``gate.parquet`` in ``folder``: ``columns``, and in the former ``target`` (0 or 1)."""

    folder: Path
    store: Store
    use_case: UseCase
    labelled: Labelled
    split: Split
    excluded: dict[str, str]
    columns: tuple[str, ...]
    train_rows: int
    gate_rows: int
    gate_target: Doubles


def prepare(folder: Path) -> Table:
    """Collect, clean, label and split flights into a lake in ``folder``, and write the peers' files there."""
    store = Store(str(folder / "lake"))
    use_case = load_usecase("flights", PROJECT)
    labelled = label(store, use_case, clean(store, use_case, collect(store, use_case)))
    parts = split(store, use_case, labelled, labelled.snapshot)
    excluded = exclusions(use_case, ())
    train, gate = parts.train.read(store), parts.gate.read(store)
    columns = tuple(name for name in train.columns if name not in {*excluded, use_case.target_name})
    _plain(train[list(columns)].assign(target=train[use_case.target_name])).to_parquet(folder / "train.parquet")
    _plain(gate[list(columns)]).to_parquet(folder / "gate.parquet")
    return Table(
        folder=folder,
        store=store,
        use_case=use_case,
        labelled=labelled,
        split=parts,
        excluded=excluded,
        columns=columns,
        train_rows=len(train),
        gate_rows=len(gate),
        gate_target=gate[use_case.target_name].to_numpy(dtype=np.float64),
    )


def load_answers(file: Path) -> Doubles:
    """What a peer left: probabilities of the gate rows, in order."""
    return np.asarray(np.load(file, allow_pickle=False), dtype=np.float64)


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Types that an older pandas reads too."""
    return frame.convert_dtypes(
        convert_string=False, convert_integer=False, convert_boolean=False, convert_floating=False
    )
