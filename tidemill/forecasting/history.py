"""What is known of each series: moments and values, ascending, whatever order or gaps they came in."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from tidemill.errors import UserError
from tidemill.forecasting.plan import Plan, ticks
from tidemill.forecasting.seen import NEVER, Integers, Seen, shown_moment

__all__ = ["History", "Past"]

_KEY, _AT, _VALUE = "series", "at", "target"


@dataclass(frozen=True)
class Past:
    """One series: ``times`` in microseconds since 1970, ascending and each once, with the target's ``values``.

    ``others`` are the columns that are not known in advance, at the same moments.
    """

    times: Integers
    values: NDArray[np.float64]
    others: Mapping[str, NDArray[Any]]

    def taken(self, rows: Any) -> Past:
        """Only these rows."""
        return Past(self.times[rows], self.values[rows], {name: one[rows] for name, one in self.others.items()})

    def filled(self, rows: Integers, others: Mapping[str, NDArray[Any]]) -> Past:
        """With the values of ``others`` at ``rows`` where there was none."""
        made = {name: column.copy() for name, column in self.others.items()}
        for name, column in made.items():
            column[rows] = np.where(pd.isna(column[rows]), others[name], column[rows])
        return Past(self.times, self.values, made)

    def updated(self, newer: Past) -> Past:
        """This and ``newer`` together; at a moment that both know, ``newer`` holds, as far as it says anything."""
        again, old, new = np.intersect1d(self.times, newer.times, assume_unique=True, return_indices=True)
        if len(again):
            newer = newer.filled(new, {name: column[old] for name, column in self.others.items()})
        kept = self.taken(~np.isin(self.times, newer.times, assume_unique=True))
        order = np.argsort(np.concatenate([kept.times, newer.times]), kind="stable")
        return Past(
            np.concatenate([kept.times, newer.times])[order],
            np.concatenate([kept.values, newer.values])[order],
            {name: np.concatenate([kept.others[name], newer.others[name]])[order] for name in self.others},
        )


class History:
    """The known past of every series. Nothing changes it: what is newer makes another one."""

    def __init__(self, series: Mapping[str, Past]) -> None:
        self._series = dict(series)

    @classmethod
    def of(cls, seen: Seen, plan: Plan) -> History:
        """The rows that bring their target. A row that comes twice counts once.

        Raises UserError, with the row, where a series has two values at one moment.
        """
        known = np.flatnonzero(~np.isnan(seen.values) & (seen.times != NEVER))
        found: dict[str, Past] = {}
        for key, rows in seen.by_series(known):
            rows = rows[np.argsort(seen.times[rows], kind="stable")]
            again = np.diff(seen.times[rows]) == 0
            differ = np.flatnonzero(again & (np.diff(seen.values[rows]) != 0))
            if len(differ):
                raise _twice(seen, plan, key, int(rows[differ[0]]), int(rows[differ[0] + 1]))
            rows = rows[np.append(True, ~again)]
            others = {name: column[rows] for name, column in seen.others.items()}
            found[key] = Past(seen.times[rows], seen.values[rows], others)
        return cls(found)

    def __len__(self) -> int:
        return sum(len(past.times) for past in self._series.values())

    def items(self) -> Iterator[tuple[str, Past]]:
        """Each series, by its key in order."""
        return iter(sorted(self._series.items()))

    def get(self, key: str) -> Past | None:
        """What is known of a series; None for one that is new."""
        return self._series.get(key)

    @property
    def until(self) -> datetime | None:
        """The newest moment that is known of any series."""
        newest = max((int(past.times[-1]) for past in self._series.values() if len(past.times)), default=None)
        return None if newest is None else datetime.fromtimestamp(newest / 1e6, UTC)

    def updated(self, newer: History) -> History:
        """This and ``newer`` together, which holds where both know a moment."""
        if not newer._series:
            return self
        both = {key: self._series[key].updated(past) for key, past in newer._series.items() if key in self._series}
        return History({**self._series, **newer._series, **both})

    def tail(self, plan: Plan) -> History:
        """What rows after the newest moment can still reach back to, and nothing older."""
        newest = max((int(past.times[-1]) for past in self._series.values() if len(past.times)), default=0)
        oldest = newest - int(ticks(plan.reach))
        found = {key: past.taken(past.times > oldest) for key, past in self.items()}
        return History({key: past for key, past in found.items() if len(past.times)})

    def to_parquet(self, plan: Plan) -> bytes:
        """The whole as one Parquet file; the same history gives the same bytes."""
        lengths = [len(past.times) for _, past in self.items()]
        columns: dict[str, pa.Array] = {
            _KEY: pa.array([key for key, _ in self.items()], pa.string()).take(
                pa.array(np.repeat(np.arange(len(lengths)), lengths))
            ),
            _AT: pa.array(_joined([past.times for _, past in self.items()], np.int64), pa.timestamp("us", "UTC")),
            _VALUE: pa.array(_joined([past.values for _, past in self.items()], np.float64)),
        }
        for name, kind in sorted(plan.lagged.items()):
            values = _joined([past.others[name] for _, past in self.items()], object)
            columns[_named(name)] = pa.array(
                values.tolist(), pa.string() if kind == "category" else pa.float64(), from_pandas=True
            )
        file = io.BytesIO()
        pq.write_table(pa.table(columns), file, compression="zstd")
        return file.getvalue()

    @classmethod
    def from_parquet(cls, data: bytes, plan: Plan) -> History:
        """Read back what :meth:`to_parquet` wrote."""
        table = pq.read_table(pa.BufferReader(data))
        seen = Seen(
            keys=table[_KEY].to_numpy(),
            times=table[_AT].cast(pa.int64()).to_numpy(),
            values=table[_VALUE].to_numpy(),
            others={
                name: np.array(table[_named(name)].to_pylist(), dtype=object)
                if kind == "category"
                else table[_named(name)].to_pandas().to_numpy(dtype=np.float64)
                for name, kind in plan.lagged.items()
            },
        )
        return cls.of(seen, plan)


def _named(column: str) -> str:
    """What a column that is not known in advance is called in the file."""
    return f"column {column}"


def _joined(parts: list[NDArray[Any]], dtype: Any) -> NDArray[Any]:
    return np.concatenate(parts).astype(dtype) if parts else np.empty(0, dtype=dtype)


def _twice(seen: Seen, plan: Plan, key: str, first: int, second: int) -> UserError:
    whose = f" of the series `{seen.shown(key)}`" if plan.series else ""
    mend = "keep one of them" if plan.series else "keep one of them, or name what tells them apart as `forecast.series`"
    first, second = sorted((first, second))
    return UserError(
        f"rows {first} and {second} (counted from 0){whose} both have `{plan.target}` at "
        f"{shown_moment(int(seen.times[first]))}: {mend} (times by a local clock come twice when it goes back: "
        "give them their offset)",
        row=second,
        column=plan.time,
    )
