"""What drives a model: how much each column moves predictions, and how that hangs on its value.

From exact contributions (``Model.contributions``) of a sample of the gate rows.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from tidemill.evaluation.evidence import Dependence, Importance, Kind, Piece
from tidemill.learning.columns import kind_of

__all__ = ["dependence", "importances", "sample"]

_NUMBERS = 14
_LEVELS = 12


def sample(rows: int, most: int, seed: int) -> np.ndarray:
    """The places of at most ``most`` rows, ascending, drawn without repeats."""
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, size=most, replace=False))


def importances(contributions: pd.DataFrame) -> tuple[Importance, ...]:
    """Every column by the mean of its absolute contribution, the largest first."""
    means = contributions.abs().mean().sort_values(ascending=False, kind="stable")
    whole = float(means.sum()) or 1.0
    return tuple(
        Importance(column=str(column), mean=float(mean), share=float(mean) / whole) for column, mean in means.items()
    )


def dependence(
    contributions: pd.DataFrame, frame: pd.DataFrame, columns: list[str], kinds: Mapping[str, Kind]
) -> tuple[Dependence, ...]:
    """For each of ``columns`` that ``frame`` has: its contribution over its values. Rows stand in the same order."""
    found = []
    for column in columns:
        if column not in frame.columns:
            continue
        values = frame[column].reset_index(drop=True)
        kind = kinds.get(column) or kind_of(values)
        moved = contributions[column].to_numpy(dtype=np.float64)
        pieces = _numbers(values, moved, kind) if kind in ("number", "time") else _levels(values, moved)
        if len(pieces) > 1:
            found.append(Dependence(column=column, kind=kind, pieces=pieces))
    return tuple(found)


def _numbers(values: pd.Series, moved: np.ndarray, kind: Kind) -> tuple[Piece, ...]:
    """Bins of like size by value, and one for rows without a value."""
    numbers = _as_numbers(values, kind)
    known = np.flatnonzero(~np.isnan(numbers))
    pieces = []
    if len(known):
        edges = np.unique(np.quantile(numbers[known], np.linspace(0.0, 1.0, _NUMBERS + 1)))
        places = np.clip(np.searchsorted(edges, numbers[known], side="right") - 1, 0, max(len(edges) - 2, 0))
        for place in np.unique(places):
            chosen = known[places == place]
            middle = float(numbers[chosen].mean())
            label = f"{pd.Timestamp(middle, unit='s'):%Y-%m-%d}" if kind == "time" else f"{middle:,.4g}"
            pieces.append(_piece(label, middle, moved[chosen]))
    missing = np.flatnonzero(np.isnan(numbers))
    return (*pieces, *([_piece("missing", None, moved[missing])] if len(missing) else []))


def _as_numbers(values: pd.Series, kind: Kind) -> np.ndarray:
    if kind == "time":
        at = pd.to_datetime(values, utc=True, errors="coerce")
        seconds = (at - pd.Timestamp("1970-01-01", tz="UTC")).dt.total_seconds()
        return seconds.to_numpy(dtype=np.float64, na_value=np.nan)
    if pd.api.types.is_timedelta64_dtype(values.dtype):
        values = values.dt.total_seconds()
    return pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)


def _levels(values: pd.Series, moved: np.ndarray) -> tuple[Piece, ...]:
    """The most frequent levels, the highest contribution first; missing is a level of its own."""
    texts = (
        values.astype("object")
        .where(values.notna(), None)
        .map(lambda value: "missing" if value is None else str(value))
    )
    frequent = texts.value_counts(sort=True).index[:_LEVELS]
    pieces = [_piece(str(level), None, moved[(texts == level).to_numpy()]) for level in frequent]
    return tuple(sorted(pieces, key=lambda piece: -piece.mean))


def _piece(label: str, x: float | None, moved: np.ndarray) -> Piece:
    low, high = np.quantile(moved, [0.1, 0.9])
    return Piece(label=label, x=x, rows=len(moved), mean=float(moved.mean()), low=float(low), high=float(high))
