"""Pairs of columns of which one is never greater than the other, where chance would break that."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from expectations.drafting import Draft
from tidemill.reporting.wording import percent

__all__ = ["relations"]

MOST_PAIRS = 10
_MOST_COLUMNS = 40
_FEWEST = 200
_SAMPLE = 20_000
_CHANCE = 0.9
_MISSED = 0.001

Doubles = npt.NDArray[np.float64]


def relations(frame: pd.DataFrame, seed: int) -> Iterator[Draft]:
    """``a >= b`` for numbers and for times: true in 99.9 % of the rows that have both, and by chance in 90 % at most.

    What follows from two others is left out, and at most ten are given: those that chance breaks most often.
    """
    for kinds in ("iuf", "M"):
        names = [str(name) for name, column in frame.items() if column.dtype.kind in kinds]
        if 2 <= len(names) <= _MOST_COLUMNS:
            yield from _among(frame, names, seed)


def _among(frame: pd.DataFrame, names: list[str], seed: int) -> Iterator[Draft]:
    random = np.random.default_rng(seed)
    rows = np.sort(random.permutation(len(frame))[:_SAMPLE])
    values = {name: _doubles(frame[name]) for name in names}
    some = {name: column[rows] for name, column in values.items()}
    found: dict[tuple[str, str], float] = {}
    for high in names:
        for low in names:
            if high != low:
                chance = _chance(some[high], some[low], random)
                if chance is not None and _holds(values[high], values[low]) >= 1 - _MISSED:
                    found[high, low] = chance
    direct = {pair: chance for pair, chance in found.items() if not _follows(pair, found, names)}
    for high, low in sorted(direct, key=lambda pair: direct[pair])[:MOST_PAIRS]:
        kwargs = {
            "column_A": high,
            "column_B": low,
            "or_equal": True,
            "ignore_row_if": "either_value_is_missing",
            "mostly": 0.99,
        }
        note = f"it held in every row; were they strangers, in {percent(direct[high, low])}"
        yield Draft("expect_column_pair_values_a_to_be_greater_than_b", kwargs, "warning", note)


def _doubles(column: pd.Series) -> Doubles:
    if column.dtype.kind == "M":
        column = column.astype("int64").where(column.notna())
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _holds(high: Doubles, low: Doubles) -> float:
    both = ~(np.isnan(high) | np.isnan(low))
    return float((high[both] >= low[both]).mean()) if both.sum() >= _FEWEST else 0.0


def _chance(high: Doubles, low: Doubles, random: np.random.Generator) -> float | None:
    """How often it would hold between values of different rows; None where it does not hold in the sample, or is idle.

    Columns that are equal in nearly every row say nothing by being ordered.
    """
    both = ~(np.isnan(high) | np.isnan(low))
    high, low = high[both], low[both]
    if len(high) < _FEWEST or (high >= low).mean() < 1 - _MISSED or (high == low).mean() > 0.99:
        return None
    chance = float((high >= random.permutation(low)).mean())
    return chance if chance <= _CHANCE else None


def _follows(pair: tuple[str, str], found: dict[tuple[str, str], float], names: list[str]) -> bool:
    high, low = pair
    return any((high, between) in found and (between, low) in found for between in names if between not in pair)
