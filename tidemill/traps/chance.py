"""How many rows would have a twin by chance: rows put together anew along a tree of dependent columns."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["chance_of_twins"]

_MOST_DRAWN = 20_000
_FEWEST_PER_LEVEL = 20
_MOST_BINS = 30
_Codes = npt.NDArray[np.int64]


def chance_of_twins(rows: pd.DataFrame, rng: np.random.Generator) -> float:
    """The share of rows, made of the columns' values by a dependence tree, that are the same as one of ``rows``.

    Each column hangs on the one that tells most about it (mutual information). Only columns with 20 rows
    a level or more may be hung on: where every value is rare, a draw would copy whole rows. In the other
    columns a value that a single row has (copies counted once) stands for one that no row has, as the next
    row's will be (Good and Turing's estimate).
    """
    codes = {str(name): _codes(rows[name]) for name in rows}
    drawn = _drawn(codes, min(len(rows), _MOST_DRAWN), rng)
    known = pd.util.hash_pandas_object(pd.DataFrame(codes), index=False).to_numpy()
    different = np.unique(known, return_index=True)[1]
    common = _common(codes)
    for name, own in codes.items():
        if name not in common:
            alone = np.bincount(own[different], minlength=int(own.max()) + 1) == 1
            drawn[name] = np.where(alone[drawn[name]], -1, drawn[name])
    made = pd.util.hash_pandas_object(pd.DataFrame({name: drawn[name] for name in codes}), index=False).to_numpy()
    return float(np.isin(made, known).mean())


def _drawn(codes: dict[str, _Codes], count: int, rng: np.random.Generator) -> dict[str, _Codes]:
    rows = len(next(iter(codes.values())))
    common = _common(codes)
    coarse = {name: own if name in common else _coarse(own) for name, own in codes.items()}
    drawn: dict[str, _Codes] = {}
    for name, parent in _tree(coarse, common):
        if parent is None:
            drawn[name] = codes[name][rng.integers(0, rows, count)]
            continue
        order = np.argsort(codes[parent], kind="stable")
        sizes = np.bincount(codes[parent])
        starts = np.cumsum(sizes) - sizes
        there = drawn[parent]
        chosen = order[starts[there] + (rng.random(count) * sizes[there]).astype(np.int64)]
        drawn[name] = codes[name][chosen]
    return drawn


def _common(codes: dict[str, _Codes]) -> list[str]:
    return [name for name, own in codes.items() if len(own) >= _FEWEST_PER_LEVEL * (int(own.max()) + 1)]


def _tree(coarse: dict[str, _Codes], common: list[str]) -> list[tuple[str, str | None]]:
    """Every column with the one that it hangs on, parents first; None for one that hangs on nothing."""
    tree: list[tuple[str, str | None]] = []
    nearest: dict[str, tuple[float, str | None]] = dict.fromkeys(coarse, (0.0, None))
    waiting = [name for name in coarse if name in common]
    while waiting:
        name = max(waiting, key=lambda one: nearest[one][0])
        waiting.remove(name)
        tree.append((name, nearest[name][1]))
        for other in [*waiting, *(one for one in coarse if one not in common)]:
            shared = _shared(coarse[other], coarse[name])
            if shared > nearest[other][0]:
                nearest[other] = (shared, name)
    return tree + [(name, nearest[name][1]) for name in coarse if name not in common]


def _shared(first: _Codes, second: _Codes) -> float:
    """Mutual information in nats."""
    width = int(second.max()) + 1
    joint = np.bincount(first * width + second, minlength=(int(first.max()) + 1) * width).reshape(-1, width) / len(
        first
    )
    alone = joint.sum(axis=1, keepdims=True) @ joint.sum(axis=0, keepdims=True)
    held = joint > 0
    return float((joint[held] * np.log(joint[held] / alone[held])).sum())


def _codes(column: pd.Series) -> _Codes:
    """Codes in the order of the values, a gap being a value of its own."""
    return pd.factorize(column, sort=column.dtype.kind in "iufM", use_na_sentinel=False)[0].astype(np.int64)


def _coarse(codes: _Codes) -> _Codes:
    """Codes of many levels as some bins of like size, for measuring what they hang on."""
    ranks = np.argsort(np.argsort(codes, kind="stable"), kind="stable")
    return np.asarray(ranks * _MOST_BINS // len(codes), dtype=np.int64)
