"""Small use cases for the data stages: YAML in, a UseCase that was read from a real file out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from tidemill.collecting import collect
from tidemill.results import Cleaned, Collected, Labelled
from tidemill.snapshot import Snapshot, write_snapshot
from tidemill.store import Store
from tidemill.usecase import UseCase
from tidemill.usecase.loading import read_usecase

__all__ = ["case", "cleaned_of", "collected_of", "csv_case", "frame_of", "labelled_of"]


def case(folder: Path, text: str = "", *, target: str = "{column: y}", url: str = "data.csv") -> UseCase:
    """A use case `small` in ``folder``; ``text`` is more YAML."""
    folder.mkdir(parents=True, exist_ok=True)
    sources = "" if "sources:" in text else f"sources: {{rows: {{url: '{url}'}}}}\n"
    file = folder / "usecase.yaml"
    file.write_text(f"name: small\n{sources}target: {target}\n{text}")
    return read_usecase(file)


def csv_case(folder: Path, csv: str | bytes, text: str = "", **more: str) -> UseCase:
    """The same, with its data file."""
    use_case = case(folder, text, **more)
    data = csv.encode() if isinstance(csv, str) else csv
    (folder / "data.csv").write_bytes(data)
    return use_case


def frame_of(store: Store, use_case: UseCase) -> pd.DataFrame:
    """What collect makes of the sources, read back."""
    return collect(store, use_case).snapshot.read(store)


def collected_of(store: Store, frame: pd.DataFrame) -> Collected:
    return Collected(snapshot=_stored(store, "collected", frame), sources=())


def cleaned_of(store: Store, frame: pd.DataFrame | Iterator[pd.DataFrame]) -> Cleaned:
    return Cleaned(snapshot=_stored(store, "cleaned", frame), quarantine=None, deduplicated=0, refused={})


def labelled_of(store: Store, frame: pd.DataFrame, task: str = "binary") -> Labelled:
    snapshot = _stored(store, "labelled", frame)
    classes = () if task == "regression" else ({"label": "no", "rows": 0}, {"label": "yes", "rows": 0})
    return Labelled.model_validate(
        {"snapshot": snapshot, "quarantine": None, "refused": {}, "waiting": 0, "task": task, "classes": classes}
    )


def _stored(store: Store, kind: str, frame: pd.DataFrame | Iterator[pd.DataFrame]) -> Snapshot:
    return write_snapshot(store, "small", kind, frame)
