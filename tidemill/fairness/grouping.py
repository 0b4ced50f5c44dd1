"""Rows by the value of a column: levels, bands of numbers, years."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidemill.learning.columns import as_numbers, kind_of

__all__ = ["MISSING", "Group", "groups_of"]

MISSING = "missing"
_LEVELS = 20
_FEW_NUMBERS = 10
_QUARTERS = 4


@dataclass(frozen=True)
class Group:
    """The places of the rows of one group, ascending."""

    value: str
    rows: NDArray[np.intp]


def groups_of(values: pd.Series, bands: Sequence[float], *, fewest: int, masked: bool) -> tuple[Group, ...]:
    """The groups of a column's tidy values: frequent levels first, bands in their order, ``missing`` last.

    Levels beyond the 20 most frequent are one group. Where the column is ``masked`` (it holds personal data), so are
    the levels of fewer than ``fewest`` rows: nobody is shown by a value of his own.
    """
    kind = kind_of(values)
    known = np.flatnonzero(values.notna().to_numpy())
    numbers = as_numbers(values) if kind == "number" else None
    if kind == "time":
        found = _years(values, known)
    elif numbers is not None and (len(bands) or len(np.unique(numbers[known])) > _FEW_NUMBERS):
        found = _bands(numbers, known, bands)
    else:
        found = _levels(values, known, in_order=kind == "number", least=fewest if masked else 1)
    missing = np.flatnonzero(values.isna().to_numpy())
    return (*found, *([Group(MISSING, missing)] if len(missing) else []))


def _levels(values: pd.Series, known: NDArray[np.intp], *, in_order: bool, least: int) -> list[Group]:
    found: tuple[NDArray[np.intp], Any] = pd.factorize(values.iloc[known])
    codes, names = found
    counts = np.bincount(codes, minlength=len(names))
    often = np.argsort(-counts, kind="stable")
    shown = [code for code in often[:_LEVELS] if counts[code] >= least]
    if in_order:
        shown.sort(key=lambda code: float(names[code]))
    groups = [Group(_text(names[code]), known[codes == code]) for code in shown]
    rest = known[~np.isin(codes, shown)]
    if len(rest):
        others = len(names) - len(shown)
        groups.append(Group(f"{others:,} other {'value' if others == 1 else 'values'}", rest))
    return groups


def _bands(numbers: NDArray[np.float64], known: NDArray[np.intp], bands: Sequence[float]) -> list[Group]:
    """Numbers by declared edges, else by quarters: each band from its lower edge to below its upper one."""
    own = numbers[known]
    shares = np.linspace(0.0, 1.0, _QUARTERS + 1)[1:-1]
    edges = np.unique(np.asarray(bands, dtype=np.float64) if len(bands) else np.quantile(own, shares))
    places = np.searchsorted(edges, own, side="right")
    texts = [f"{edge:,.4g}" for edge in edges]
    between = [f"{low} to under {high}" for low, high in pairwise(texts)]
    names = [f"under {texts[0]}", *between, f"{texts[-1]} and more"]
    return [Group(name, known[places == place]) for place, name in enumerate(names) if (places == place).any()]


def _years(values: pd.Series, known: NDArray[np.intp]) -> list[Group]:
    """Moments by quarters of their years, so that no single one is shown."""
    years = pd.to_datetime(values.iloc[known], utc=True).dt.year.to_numpy(dtype=np.float64)
    edges = np.unique(np.ceil(np.quantile(years, np.linspace(0.0, 1.0, _QUARTERS + 1)[1:-1])))
    places = np.searchsorted(edges, years, side="right")
    found = []
    for place in np.unique(places):
        own = years[places == place]
        low, high = int(own.min()), int(own.max())
        found.append(Group(f"{low}" if low == high else f"{low} to {high}", known[places == place]))
    return found


def _text(value: object) -> str:
    if isinstance(value, bool | np.bool_):
        return str(value).lower()
    return f"{value:.15g}" if isinstance(value, float | np.floating) else str(value)
