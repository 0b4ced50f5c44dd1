"""The tuning record in the lake: one JSON a trial, written as it finishes, and its out-of-fold scores.

The scores are written before the JSON, so a trial that can be seen is whole, and a killed run loses
only the trial that it was at. Where several processes share a study, each writes its own trials here.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from tidemill.errors import UserError
from tidemill.learning.margins import Margins
from tidemill.store import Store

__all__ = ["Trial", "TrialLog"]

FORMAT = 2


class Trial(BaseModel):
    """One setting and how it fared. ``value`` and ``folds`` are in the metric's own unit.

    ``rounds`` is where the mean over the folds was best, ``ran`` how many were grown, ``reported`` the
    best so far by progress (rounds times the learning rate), of the fold that goes ahead or else of the mean, ``cut``
    that the clock ended it, ``seconds`` its wall time. Since format 2: ``began`` is when it did, ``rows`` how many its
    boosters were fitted on, all folds together, ``memory`` the most bytes that the process had held by its
    end and ``rise`` how much of them it added (None where the system doesn't say), ``reason`` why it was pruned,
    and ``rung`` on which sample of the rows, counted from the smallest.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1, 2] = 2
    number: int
    state: Literal["finished", "pruned"]
    parameters: dict[str, float | int | str | bool | None]
    value: float
    folds: tuple[float, ...]
    rounds: int
    ran: int
    reported: dict[int, float]
    cut: bool
    seconds: float
    began: datetime | None = None
    rows: int | None = None
    memory: int | None = None
    rise: int | None = None
    reason: str = ""
    rung: int = 0


class TrialLog:
    """The trials of one study, below ``<study>/trials/``. A trial is read once: it never changes."""

    def __init__(self, store: Store, prefix: str) -> None:
        self._store = store
        self._prefix = f"{prefix}/trials"
        self._read: dict[str, Trial] = {}

    def write(self, trial: Trial, margins: Sequence[Margins], booster: bytes | None = None) -> None:
        """Store a trial; ``margins`` (one array a fold) only of a finished one. And its ``booster``, if given."""
        if booster is not None:
            self._store.write_bytes(self._key(trial.number, "ubj"), booster)
        if trial.state == "finished":
            file = io.BytesIO()
            np.save(file, np.concatenate(list(margins)), allow_pickle=False)
            self._store.write_bytes(self._key(trial.number, "npy"), file.getvalue())
        self._store.write_json(self._key(trial.number, "json"), trial.model_dump(mode="json"))

    def read(self) -> list[Trial]:
        """Every trial by its number; those that other processes are still at are missing.

        Raises UserError on a newer format.
        """
        keys = [key for key in self._store.list(self._prefix) if key.endswith(".json")]
        for key in keys:
            if key not in self._read:
                self._read[key] = self._trial(key)
        return [self._read[key] for key in keys]

    def by_number(self) -> dict[int, Trial]:
        """:meth:`read`, as a mapping."""
        return {trial.number: trial for trial in self.read()}

    def margins(self, number: int) -> Margins:
        """The out-of-fold raw scores of a finished trial, the folds' check rows one after another."""
        data = self._store.read_bytes(self._key(number, "npy"))
        loaded: Margins = np.load(io.BytesIO(data), allow_pickle=False)
        return loaded

    def booster(self, number: int) -> bytes:
        """The UBJSON of the booster that was stored with the trial. Raises KeyError when there is none."""
        return self._store.read_bytes(self._key(number, "ubj"))

    def _trial(self, key: str) -> Trial:
        said = self._store.read_json(key)
        if said.get("format", 0) > FORMAT:
            raise UserError(
                f"{self._store.url_of(key)} has format {said['format']}; this Tidemill reads up to {FORMAT}: upgrade it"
            )
        return Trial.model_validate(said)

    def _key(self, number: int, kind: str) -> str:
        return f"{self._prefix}/{number:05d}.{kind}"
