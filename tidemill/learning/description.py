"""All of a Model but the trees: what is stored as ``model.json``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from tidemill.forecasting import Plan
from tidemill.learning.features import ColumnContract, Recipe
from tidemill.learning.intervals import IntervalRule
from tidemill.learning.margins import Calibration
from tidemill.learning.orders import Gain
from tidemill.learning.scores import Doubles
from tidemill.learning.stored import files_of, id_of
from tidemill.learning.terms import LinearMember
from tidemill.results import Record
from tidemill.task import Task

__all__ = ["Label", "Member", "ModelDescription"]

Label = str | int | bool


class Member(Record):
    """One booster: its file, that file's sha256, its weight in the average, and the trial it was tuned in."""

    file: str
    sha256: str
    weight: int
    rounds: int
    trial: int


class ModelDescription(Record):
    """``model.json``: all of a Model but the trees.

    ``classes`` are the labels in code order (binary: the second is the positive one). ``threshold`` is
    the cut of the positive class's probability. Intervals around numbers cover ``coverage`` of rows: ``interval``
    makes them, with the booster of their ends where ``ends`` has its sha256; older Models have a ``half_width``.
    Where rows are ranked, ``query`` is the column that says which of them are one list, and ``gain`` what a grade
    is worth.
    ``line`` is the linear member of the mean, where there is one. ``forecast`` says what is made of a row's past; None
    for a model that reads rows alone.
    """

    format: Literal[1] = 1
    task: Task
    target: str
    classes: tuple[Label, ...]
    recipe: Recipe
    calibration: Calibration
    threshold: float | None
    half_width: float | None
    coverage: float
    members: tuple[Member, ...]
    interval: IntervalRule | None = None
    ends: str | None = None
    query: ColumnContract | None = None
    gain: Gain | None = None
    forecast: Plan | None = None
    line: LinearMember | None = None

    @property
    def files(self) -> dict[str, str]:
        """The sha256 of each of its files: the members' in their order, the intervals' ends, a forecast's memory."""
        return files_of(self.model_dump(mode="json", include={"members", "ends", "forecast"}))

    def mean(self, parts: Sequence[Any], kept: Sequence[bool] | None = None) -> Doubles:
        """The members' weighted mean; ``parts`` has an array of each, that of the line last.

        ``kept`` says of each booster whether it counts; None for all.
        """
        weights = [float(member.weight) for member in self.members]
        if kept is not None:
            weights = [weight * counts for weight, counts in zip(weights, kept, strict=True)]
        if self.line is not None:
            weights.append(float(self.line.weight))
        total = sum(weight * np.asarray(part, dtype=np.float64) for weight, part in zip(weights, parts, strict=True))
        return np.asarray(total / sum(weights))

    @property
    def id(self) -> str:
        """The first 16 hex digits of the sha256 of this description, which holds the boosters' own hashes."""
        return id_of(self.model_dump(mode="json"))
