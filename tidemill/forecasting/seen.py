"""Rows as forecasting sees them: whose they are, when, and what is known of them. From a frame, or value by value."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidemill.cleaning import mended, normalise
from tidemill.cleaning.normalising import unreadable
from tidemill.errors import UserError, did_you_mean
from tidemill.forecasting.plan import Plan
from tidemill.usecase.cleaning import CleanRules

__all__ = ["EPOCH", "NEVER", "Integers", "Seen", "check_keys", "shown_moment"]

NEVER = np.iinfo(np.int64).min
"""The moment of a row without one, as NumPy has it."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Seen:
    """Rows: ``keys`` of their series, ``times`` in microseconds since 1970, and the target's ``values`` where known.

    ``others`` are the columns that are not known in advance: float64, or texts and None.
    """

    keys: NDArray[Any]
    times: Integers
    values: NDArray[np.float64]
    others: Mapping[str, NDArray[Any]]

    @classmethod
    def of_frame(cls, frame: pd.DataFrame, plan: Plan, clean: CleanRules, before: int = 0) -> Seen:
        """Read a frame, the part of a table that begins after ``before`` rows.

        Raises UserError for a time or series that is missing, and for values that can't be read.
        """
        check_keys(frame, plan)
        wanted = [name for name in frame.columns if name in plan.kinds]
        raw = frame[wanted].reset_index(drop=True)
        tidy = mended(normalise(raw, clean, plan.kinds), clean)
        for name in wanted:
            lost = np.flatnonzero(unreadable(raw[name], tidy[name], clean).to_numpy(dtype=bool))
            if len(lost):
                value, row = raw[name].iloc[lost[0]], before + int(lost[0])
                raise UserError(
                    f"row {row} (counted from 0) has {value!r} in column `{name}`, "
                    f"which is a {plan.kinds[name]}: correct the value, or leave it empty",
                    row=row,
                    column=name,
                )
        for name in plan.keys:
            _check_there(tidy[name].isna().to_numpy(dtype=bool), name, before)
        return cls(
            keys=_keys([tidy[name].tolist() for name in plan.series], len(tidy)),
            times=tidy[plan.time].to_numpy(dtype="datetime64[us]").astype(np.int64),
            values=_numbers(tidy.get(plan.target), len(tidy)),
            others={name: _column(tidy, name, kind) for name, kind in plan.lagged.items()},
        )

    @classmethod
    def of_values(cls, tidy: Mapping[str, Sequence[Any]], rows: int, plan: Plan) -> Seen:
        """The same for tidy values of a request's rows: floats, texts, datetimes, None."""
        for name in plan.keys:
            _check_there(np.array([value is None or value != value for value in tidy[name]], dtype=bool), name)
        missing = [np.nan] * rows
        return cls(
            keys=_keys([tidy[name] for name in plan.series], rows),
            times=np.array(
                [(moment - EPOCH) // timedelta(microseconds=1) for moment in tidy[plan.time]], dtype=np.int64
            ),
            values=np.array(tidy.get(plan.target, missing), dtype=np.float64),
            others={
                name: np.array(tidy.get(name, [None] * rows), dtype=object)
                if kind == "category"
                else np.array(tidy.get(name, missing), dtype=np.float64)
                for name, kind in plan.lagged.items()
            },
        )

    @classmethod
    def joined(cls, parts: Sequence[Seen]) -> Seen:
        """All rows, one part after another; there must be one."""
        return cls(
            keys=np.concatenate([part.keys for part in parts]),
            times=np.concatenate([part.times for part in parts]),
            values=np.concatenate([part.values for part in parts]),
            others={name: np.concatenate([part.others[name] for part in parts]) for name in parts[0].others},
        )

    def __len__(self) -> int:
        return len(self.times)

    def by_series(self, rows: Integers) -> Iterator[tuple[str, Integers]]:
        """Each series with those of ``rows`` that are its own, in their order."""
        codes, names = pd.factorize(self.keys[rows])
        order = np.argsort(codes, kind="stable")
        ends = np.cumsum(np.bincount(codes, minlength=len(names)))
        for key, part in zip(names, np.split(order, ends[:-1]) if len(names) else (), strict=True):
            yield str(key), rows[part]

    def shown(self, key: str) -> str:
        """A series as a person would name it."""
        return ", ".join(map(str, json.loads(key)))


def check_keys(frame: pd.DataFrame, plan: Plan) -> None:
    """Raise UserError when the rows do not say of which series they are, or when."""
    for name in plan.keys:
        if name not in frame.columns:
            near = did_you_mean(name, map(str, frame.columns))
            raise UserError(f"the rows have no column `{name}`, which a forecast needs{near}: add it", column=name)


def shown_moment(at: int) -> str:
    """A moment as a person writes it, UTC."""
    return f"{EPOCH + timedelta(microseconds=at):%Y-%m-%d %H:%M:%S} UTC"


def _keys(columns: Sequence[Sequence[str]], rows: int) -> NDArray[Any]:
    """One text for each row's series: the JSON list of its names, so that no two series share one."""
    if not columns:
        return np.full(rows, "[]", dtype=object)
    made: dict[tuple[str, ...], str] = {}
    for names in zip(*columns, strict=True):
        if names not in made:
            made[names] = json.dumps(names, ensure_ascii=False)
    return np.array([made[names] for names in zip(*columns, strict=True)], dtype=object)


def _numbers(column: pd.Series | None, rows: int) -> NDArray[np.float64]:
    return np.full(rows, np.nan) if column is None else column.to_numpy(dtype=np.float64, na_value=np.nan)


def _column(tidy: pd.DataFrame, name: str, kind: str) -> NDArray[Any]:
    if kind != "category":
        return _numbers(tidy.get(name), len(tidy))
    if name not in tidy:
        return np.full(len(tidy), None, dtype=object)
    column = tidy[name].astype(object)
    return np.asarray(column.where(column.notna(), None), dtype=object)


def _check_there(missing: NDArray[np.bool_], name: str, before: int = 0) -> None:
    if missing.any():
        row = before + int(np.flatnonzero(missing)[0])
        raise UserError(
            f"row {row} (counted from 0) has nothing in column `{name}`, and a forecast must know of every row "
            "which series it is of and when: fill it in, or leave the row out",
            row=row,
            column=name,
        )
