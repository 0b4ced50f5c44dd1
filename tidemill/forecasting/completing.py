"""Rows completed with what is made of the past: the same for training, batch, Python and REST."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from tidemill.forecasting.history import History
from tidemill.forecasting.making import Doubles, made_columns, season_values
from tidemill.forecasting.plan import Memory, Plan, ticks
from tidemill.forecasting.seen import EPOCH, Seen, check_keys
from tidemill.usecase.cleaning import CleanRules

__all__ = ["MEMORY_FILE", "Forecaster"]

MEMORY_FILE = "history.parquet"

Scalar = str | int | float | bool | list[Any] | None


class Forecaster:
    """A plan with a history: completes rows. Nothing changes it; safe to share between threads."""

    def __init__(self, plan: Plan, history: History, clean: CleanRules) -> None:
        self.plan = plan
        self._history = history
        self._clean = clean

    @property
    def until(self) -> datetime | None:
        """The newest moment that is known of any series."""
        return self._history.until

    def remembering(self, frames: Iterable[pd.DataFrame]) -> Forecaster:
        """The same, knowing also the rows of ``frames`` that bring their target; they hold where both know a moment.

        Raises UserError for a row without time or series, and where a series has one moment twice in a frame.
        """
        parts: list[Seen] = []
        before = 0
        for frame in frames:
            parts.append(Seen.of_frame(frame, self.plan, self._clean, before))
            before += len(frame)
        return Forecaster(self.plan, self._knowing(Seen.joined(parts)), self._clean) if parts else self

    def checked(self, frame: pd.DataFrame) -> pd.DataFrame:
        """``frame`` with the made columns, empty. Raises UserError when it lacks the time or a series' column."""
        check_keys(frame, self.plan)
        return frame.reindex(columns=list(dict.fromkeys([*frame.columns, *self.plan.columns])))

    def completed(self, frame: pd.DataFrame) -> pd.DataFrame:
        """``frame`` with the columns that are made of the past. Its rows that bring the target are known past too."""
        seen = Seen.of_frame(frame, self.plan, self._clean)
        made = made_columns(self.plan, seen, self._knowing(seen))
        return frame.assign(**{name: self._series(name, column, frame.index) for name, column in made.items()})

    def completed_rows(
        self, rows: Sequence[Mapping[str, Scalar]], tidy: Mapping[str, Sequence[Any]]
    ) -> list[dict[str, Scalar]]:
        """The same for a request's rows; ``tidy`` holds their values of ``plan.kinds``, as far as they bring them."""
        seen = Seen.of_values(tidy, len(rows), self.plan)
        made = made_columns(self.plan, seen, self._knowing(seen))
        columns = {name: _plain(column) for name, column in made.items()}
        return [
            {**row, **{name: column[number] for name, column in columns.items()}} for number, row in enumerate(rows)
        ]

    def beyond(self, frame: pd.DataFrame) -> int:
        """How many rows are so late that the newest of their past is not known of any series."""
        if self.until is None:
            return len(frame)
        latest = (self.until - EPOCH) // timedelta(microseconds=1) + int(ticks(self.plan.gap))
        return int((Seen.of_frame(frame, self.plan, self._clean).times > latest).sum())

    def naive(self, frame: pd.DataFrame) -> Doubles:
        """What the seasonal naive forecast says of each row; missing where no season before is known."""
        seen = Seen.of_frame(frame, self.plan, self._clean)
        if self.plan.naive is None:
            return np.full(len(seen), np.nan)
        return season_values(self.plan, seen, self._knowing(seen), self.plan.naive)

    def stored(self) -> tuple[Plan, bytes]:
        """The plan with its memory, the tail of the history, and that memory's bytes."""
        tail = self._history.tail(self.plan)
        data = tail.to_parquet(self.plan)
        memory = Memory(
            file=MEMORY_FILE, sha256=hashlib.sha256(data).hexdigest(), rows=len(tail), until=tail.until or EPOCH
        )
        return self.plan.model_copy(update={"memory": memory}), data

    def _knowing(self, seen: Seen) -> History:
        return self._history.updated(History.of(seen, self.plan))

    def _series(self, name: str, column: Any, index: pd.Index) -> pd.Series:
        kind = self.plan.columns[name]
        dtype = {"number": "float64", "category": "str", "time": "datetime64[us]"}[kind]
        made = pd.Series(column, index=index, dtype=dtype)
        return made.dt.tz_localize("UTC") if kind == "time" else made


def _plain(column: Any) -> list[Scalar]:
    """Values as a request could have brought them."""
    if column.dtype.kind == "M":
        return [moment.isoformat() for moment in column.tolist()]
    return [None if value is None or value != value else value for value in column.tolist()]
