"""What drives a model: how much each column moves predictions, and how that hangs on its value.

From exact contributions (``Model.contributions``) of a sample of the gate rows.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from tidemill.evaluation.evidence import Dependence, Importance, Kind, Piece, Side, TwoWay
from tidemill.learning.columns import kind_of

__all__ = ["dependence", "importances", "sample", "two_way"]

_NUMBERS = 14
_LEVELS = 12
_FEWER_NUMBERS = 8
_FEWER_LEVELS = 6
_SIDES = 3
_FEWEST = 10


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


def two_way(
    contributions: pd.DataFrame, frame: pd.DataFrame, pair: tuple[str, str], kinds: Mapping[str, Kind]
) -> TwoWay | None:
    """What two columns add together, over the values of one of them, for few and many of the other.

    The numbers go on the axis, where one of the two has them. None where the rows have not both columns, or where
    there is only one side with rows enough.
    """
    if not set(pair) <= set(frame.columns):
        return None
    known = {name: kinds.get(name) or kind_of(frame[name]) for name in pair}
    x, by = sorted(pair, key=lambda name: known[name] not in ("number", "time"))
    moved = contributions[list(pair)].to_numpy(dtype=np.float64).sum(axis=1)
    over, other = frame[x].reset_index(drop=True), frame[by].reset_index(drop=True)
    sides = []
    for label, rows in _sides(other, known[by]):
        numbers = known[x] in ("number", "time")
        own, here = over.iloc[rows].reset_index(drop=True), moved[rows]
        pieces = _numbers(own, here, known[x], _FEWER_NUMBERS) if numbers else _levels(own, here, _FEWER_LEVELS)
        if len(pieces) > 1:
            sides.append(Side(label=label, pieces=pieces))
    return TwoWay(x=x, by=by, kind=known[x], sides=tuple(sides)) if len(sides) > 1 else None


def _sides(values: pd.Series, kind: Kind) -> list[tuple[str, np.ndarray]]:
    """The rows of the most frequent levels, or of the lower, the middle and the upper third of the numbers."""
    if kind not in ("number", "time"):
        texts = (
            values.astype("object").where(values.notna(), None).map(lambda one: "missing" if one is None else str(one))
        )
        found = [
            (str(level), np.flatnonzero((texts == level).to_numpy())) for level in texts.value_counts().index[:_SIDES]
        ]
    else:
        numbers = _as_numbers(values, kind)
        edges = np.unique(np.nanquantile(numbers, [1 / 3, 2 / 3])) if not np.isnan(numbers).all() else np.empty(0)
        places = np.where(np.isnan(numbers), -1, np.searchsorted(edges, numbers, side="left"))
        found = []
        for place in range(len(edges) + 1):
            rows = np.flatnonzero(places == place)
            if len(rows):
                found.append((_span(numbers[rows], kind), rows))
    return [(label, rows) for label, rows in found if len(rows) >= _FEWEST]


def _span(numbers: np.ndarray, kind: Kind) -> str:
    low, high = float(numbers.min()), float(numbers.max())
    if kind == "time":
        texts = [f"{pd.Timestamp(one, unit='s'):%Y-%m-%d}" for one in (low, high)]
    else:
        texts = [f"{one:,.4g}" for one in (low, high)]
    return texts[0] if texts[0] == texts[1] else f"{texts[0]} – {texts[1]}"


def _numbers(values: pd.Series, moved: np.ndarray, kind: Kind, bins: int = _NUMBERS) -> tuple[Piece, ...]:
    """Bins of like size by value, and one for rows without a value."""
    numbers = _as_numbers(values, kind)
    known = np.flatnonzero(~np.isnan(numbers))
    pieces = []
    if len(known):
        edges = np.unique(np.quantile(numbers[known], np.linspace(0.0, 1.0, bins + 1)))
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


def _levels(values: pd.Series, moved: np.ndarray, most: int = _LEVELS) -> tuple[Piece, ...]:
    """The most frequent levels, the highest contribution first; missing is a level of its own."""
    texts = (
        values.astype("object")
        .where(values.notna(), None)
        .map(lambda value: "missing" if value is None else str(value))
    )
    frequent = texts.value_counts(sort=True).index[:most]
    pieces = [_piece(str(level), None, moved[(texts == level).to_numpy()]) for level in frequent]
    return tuple(sorted(pieces, key=lambda piece: -piece.mean))


def _piece(label: str, x: float | None, moved: np.ndarray) -> Piece:
    low, high = np.quantile(moved, [0.1, 0.9])
    return Piece(label=label, x=x, rows=len(moved), mean=float(moved.mean()), low=float(low), high=float(high))
