"""What each column of the training rows looks like, for the table of columns: from an even sample of the rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil

import numpy as np
import pandas as pd

from tidemill.cleaning import Kind
from tidemill.learning.columns import kind_of
from tidemill.personal import KIND_WORDS
from tidemill.reporting.language import say, say_plural
from tidemill.reporting.wording import number, percent, short, span
from tidemill.snapshot import Snapshot
from tidemill.store import Store

__all__ = ["ColumnView", "describe", "view"]

_SAMPLE = 40_000
_BINS = 24
_LEVELS = 10


@dataclass(frozen=True)
class ColumnView:
    """One column: its kind, the share of rows without a value, its distribution, and that in a few words.

    ``counts`` are of bins, or of the most frequent levels.
    """

    name: str
    kind: Kind
    missing: float
    counts: tuple[int, ...]
    words: str


def describe(
    store: Store, snapshot: Snapshot, kinds: Mapping[str, Kind], masked: Mapping[str, str]
) -> tuple[ColumnView, ...]:
    """Every column of the Snapshot, in its order. ``kinds`` are those that are known; others go by their type.

    ``masked`` are columns with personal data and their kinds: their views have no values.
    """
    every = max(ceil(snapshot.rows / _SAMPLE), 1)
    sampled = [frame.iloc[::every] for frame in snapshot.frames(store)]
    frame = pd.concat(sampled, ignore_index=True) if sampled else pd.DataFrame()
    views = (view(str(name), frame[name], kinds.get(str(name)) or kind_of(frame[name])) for name in frame.columns)
    return tuple(_without_values(one, frame[one.name], masked) for one in views)


def view(name: str, values: pd.Series, kind: Kind) -> ColumnView:
    """One column's view."""
    missing = float(values.isna().mean()) if len(values) else 0.0
    known = values.dropna()
    if kind == "number" and not pd.api.types.is_timedelta64_dtype(known.dtype):
        known = pd.to_numeric(known, errors="coerce").dropna()
    counts: tuple[int, ...] = ()
    words = say("no values")
    if len(known) and kind in ("number", "time"):
        counts, words = _spread(known, kind)
    elif len(known):
        counts, words = _levels(known)
    return ColumnView(name=name, kind=kind, missing=missing, counts=counts, words=words)


def _without_values(one: ColumnView, values: pd.Series, masked: Mapping[str, str]) -> ColumnView:
    if one.name not in masked:
        return one
    kind = masked[one.name]
    masked_values = _how_many(values.nunique(), say("masked"))
    what = "" if kind == "declared" else f" ({say(KIND_WORDS.get(kind, kind))})"
    return replace(one, words=f"{masked_values}{what}")


def _spread(known: pd.Series, kind: Kind) -> tuple[tuple[int, ...], str]:
    """Counts between the 1st and the 99th hundredth; what lies beyond is in the outer bars."""
    if kind == "time":
        at = pd.to_datetime(known, utc=True, errors="coerce").dropna()
        if at.empty:
            return (), say("no times")
        numbers = at.astype("int64").to_numpy(dtype=np.float64)
        words = say("{low} to {high}", low=f"{at.min():%Y-%m-%d}", high=f"{at.max():%Y-%m-%d}")
    else:
        seconds = pd.api.types.is_timedelta64_dtype(known.dtype)
        numbers = (known.dt.total_seconds() if seconds else known).to_numpy(dtype=np.float64)
        numbers = numbers[np.isfinite(numbers)]
        low, middle, high = (float(one) for one in np.quantile(numbers, [0.05, 0.5, 0.95]))
        words = (
            say("around {middle}, mostly {span}", middle=number(middle, 3), span=span(low, high, 3))
            if number(low, 3) != number(high, 3)
            else say("nearly always {middle}", middle=number(middle, 3))
        )
    least, most = np.quantile(numbers, [0.01, 0.99])
    if least == most:
        return (len(numbers),), words
    places = min(_BINS, len(np.unique(numbers)))
    return tuple(int(one) for one in np.histogram(np.clip(numbers, least, most), places)[0]), words


def _levels(known: pd.Series) -> tuple[tuple[int, ...], str]:
    found = known.astype("str").value_counts()
    shown = found.iloc[:3]
    named = ", ".join(f"{short(str(level), 18)} {percent(int(rows) / len(known))}" for level, rows in shown.items())
    words = named if len(found) <= 3 else _how_many(len(found), named)
    return tuple(int(rows) for rows in found.iloc[:_LEVELS]), words


def _how_many(values: int, what: str) -> str:
    return say_plural("{count} value: {what}", "{count} values: {what}", values, what=what)
