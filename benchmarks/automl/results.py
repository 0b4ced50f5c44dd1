"""Results as they come: one JSON line each, one file a contestant, so that a stopped benchmark goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

__all__ = ["Key", "Result", "append", "load"]


@dataclass(frozen=True, order=True)
class Key:
    """What is run once."""

    dataset: str
    seed: int
    budget: float
    contestant: str


@dataclass(frozen=True)
class Result:
    """One contestant on one split. ``score`` is None when it failed, and ``detail`` then says why.

    ``seconds`` is the wall time of fitting, final fit included; ``whole_seconds`` that of the process;
    ``stage_seconds`` that of Tidemill's stages before tuning; ``memory`` the peak in MB of all its processes.
    ``rows`` is a digest of which rows were whose; ``version`` the contestant's, for Tidemill its commit.
    """

    dataset: str
    seed: int
    budget: float
    contestant: str
    metric: str
    score: float | None
    seconds: float | None
    predict_seconds: float | None
    whole_seconds: float
    memory: float
    detail: str
    rows: str
    cores: int
    measured: str
    stage_seconds: float | None = None
    version: str = ""

    @property
    def key(self) -> Key:
        """By which the result is found again."""
        return Key(self.dataset, self.seed, self.budget, self.contestant)


def append(folder: Path, result: Result) -> None:
    """Add one line to the contestant's file."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{result.contestant.replace(' ', '_')}.jsonl").open("a") as file:
        file.write(json.dumps(asdict(result)) + "\n")


def load(folder: Path) -> dict[Key, Result]:
    """All results of the folder; of several for one key the last line's. A half-written line counts for nothing."""
    found = (result for file in sorted(folder.glob("*.jsonl")) for result in _read(file))
    return {result.key: result for result in found}


def _read(file: Path) -> Iterable[Result]:
    known = {one.name for one in fields(Result)}
    for line in file.read_text().splitlines():
        try:
            said = json.loads(line)
        except json.JSONDecodeError:
            continue
        yield Result(**{name: value for name, value in said.items() if name in known})
