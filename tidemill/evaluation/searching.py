"""Slices that nobody named: rows on which the challenger looks worse, by a small tree on the lead of each row.

After Chung, Kraska, Polyzotis, Tae and Whang, "Automated data slicing for model validation" (2019): a tree gives
slices that do not overlap and can be put into words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidemill.evaluation.cutting import Piece
from tidemill.evaluation.evidence import Kind
from tidemill.evaluation.resampling import Doubles

__all__ = ["searched"]

_DEPTH = 3
_LEAST_SHARE = 0.04
_LEAST_ROWS = 100
_ROWS = 20_000
_MOST_COLUMNS = 40
_LEVELS = 30
_NAMED = 4


@dataclass
class _Bounds:
    """What the splits on the way to a leaf say of each column: above the first number, at most the second."""

    above: dict[str, float] = field(default_factory=dict)
    most: dict[str, float] = field(default_factory=dict)

    def narrowed(self, name: str, at: float, *, left: bool) -> _Bounds:
        if left:
            return _Bounds(self.above, {**self.most, name: min(at, self.most.get(name, np.inf))})
        return _Bounds({**self.above, name: max(at, self.above.get(name, -np.inf))}, self.most)


def searched(
    frame: pd.DataFrame,
    columns: Mapping[str, Kind],
    looked: NDArray[np.intp],
    leads: Doubles,
    kept: NDArray[np.intp],
) -> list[Piece]:
    """Leaves whose mean lead is below 0 on the rows ``looked`` at, shape of ``leads``, as their places among ``kept``.

    A lead is what a row adds to the metric's difference, more being better for the challenger.
    """
    from sklearn.tree import DecisionTreeRegressor

    if len(looked) > _ROWS:
        chosen = np.linspace(0, len(looked) - 1, _ROWS).astype(np.intp)
        looked, leads = looked[chosen], leads[chosen]
    codes = {
        name: _coded(frame[name], kind, looked, leads)
        for name, kind in list(columns.items())[:_MOST_COLUMNS]
        if kind in ("number", "time", "boolean", "category")
    }
    known = {name: code for name, code in codes.items() if len(np.unique(code.values[looked])) > 1}
    if not known:
        return []
    table = np.column_stack([code.values for code in known.values()])
    least = max(_LEAST_ROWS, int(_LEAST_SHARE * len(looked)))
    grown = DecisionTreeRegressor(max_depth=_DEPTH, min_samples_leaf=least, random_state=0)
    grown.fit(table[looked], leads)
    leaf_of = grown.apply(table[kept])
    found = []
    names = list(known)
    for leaf, bounds in _leaves(grown.tree_, names):
        if grown.tree_.value[leaf].item() < 0 and (bounds.above or bounds.most):
            used = [name for name in names if name in bounds.above or name in bounds.most]
            words = " and ".join(known[name].words(name, bounds) for name in used)
            found.append(Piece(", ".join(used), words, kept[leaf_of == leaf]))
    return found


@dataclass(frozen=True)
class _Coded:
    """A column as numbers, shape ``(rows,)``. ``levels`` of a category are in the order of their numbers."""

    kind: Kind
    values: NDArray[np.float32]
    levels: tuple[str, ...] = ()

    def words(self, name: str, bounds: _Bounds) -> str:
        """The bounds of this column in words."""
        above, most = bounds.above.get(name), bounds.most.get(name)
        if self.kind in ("category", "boolean"):
            inside = [
                level
                for place, level in enumerate(self.levels)
                if (above is None or place > above) and (most is None or place <= most)
            ]
            more = f" or {len(inside) - _NAMED} more" if len(inside) > _NAMED else ""
            return f"{name} is {' or '.join(inside[:_NAMED]) if not more else ', '.join(inside[:_NAMED])}{more}"
        if above is not None and most is not None:
            return f"{name} is above {self._said(above)} up to {self._said(most)}"
        return f"{name} is above {self._said(above)}" if above is not None else f"{name} is at most {self._said(most)}"

    def _said(self, value: float | None) -> str:
        if value is None:
            return ""
        if self.kind == "time":
            return f"{pd.Timestamp(value, unit='s'):%Y-%m-%d}"
        return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"


def _coded(values: pd.Series, kind: Kind, looked: NDArray[np.intp], leads: Doubles) -> _Coded:
    """Numbers as they are, times in seconds, levels in the order of their mean lead; what is missing is the middle."""
    if kind == "time":
        at = pd.to_datetime(values, utc=True, errors="coerce").dt.tz_localize(None)
        seconds = at.to_numpy(dtype="datetime64[s]").astype(np.float64)
        return _Coded(kind, _filled(np.where(at.isna(), np.nan, seconds)))
    if kind == "number":
        return _Coded(kind, _filled(pd.to_numeric(values, errors="coerce").to_numpy(np.float64, na_value=np.nan)))
    codes, found = pd.factorize(values.astype("object").where(values.notna(), "missing"))
    own = codes[looked]
    counts = np.bincount(own, minlength=len(found))
    means = np.bincount(own, weights=leads, minlength=len(found)) / np.maximum(counts, 1)
    frequent = np.argsort(-counts, kind="stable")[:_LEVELS]
    ordered = frequent[np.argsort(means[frequent], kind="stable")]
    # Rare levels go with the last: no slice is found for them.
    numbers = np.full(len(found), len(ordered), dtype=np.float32)
    numbers[ordered] = np.arange(len(ordered), dtype=np.float32)
    rest = ("any rarer one",) if len(found) > len(ordered) else ()
    return _Coded(kind, numbers[codes], (*(str(found[place]) for place in ordered), *rest))


def _filled(numbers: Doubles) -> NDArray[np.float32]:
    missing = ~np.isfinite(numbers)
    if missing.any():
        numbers = np.where(missing, np.median(numbers[~missing]) if not missing.all() else 0.0, numbers)
    return numbers.astype(np.float32)


def _leaves(tree: object, names: list[str]) -> list[tuple[int, _Bounds]]:
    """Each leaf of a scikit-learn tree with the bounds on the way to it."""
    left, right = tree.children_left, tree.children_right  # type: ignore[attr-defined]
    split_on, at = tree.feature, tree.threshold  # type: ignore[attr-defined]
    waiting, found = [(0, _Bounds())], []
    while waiting:
        node, bounds = waiting.pop()
        if left[node] == right[node]:
            found.append((node, bounds))
            continue
        name, where = names[split_on[node]], float(at[node])
        waiting.append((int(left[node]), bounds.narrowed(name, where, left=True)))
        waiting.append((int(right[node]), bounds.narrowed(name, where, left=False)))
    return sorted(found, key=lambda one: one[0])
