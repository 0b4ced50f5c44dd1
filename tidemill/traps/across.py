"""The traps that only both sides of the split show: the same rows on both, targets that moved, columns that come or go.

Rows that are the same in all that the model may read are common by chance where columns have few values.
So twins are compared with what chance gives: gate rows put together anew, each column's value drawn
from training rows that agree in the column it hangs on most (a dependence tree: Chow and Liu,
"Approximating discrete probability distributions with dependence trees", 1968).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tidemill.results import Labelled, Split, Trap, Validation
from tidemill.said import to_say, to_tell
from tidemill.snapshot import Snapshot
from tidemill.store import Store
from tidemill.task import is_classification
from tidemill.traps.chance import chance_of_twins
from tidemill.usecase.schema import UseCase

__all__ = ["find_split_traps"]

_TWINS_WARN = 0.02
_TWINS_STOP = 0.10
_CHANCE_WARN = 0.5
_CHANCE_STOP = 0.2
_SAME_TARGET = 0.95
_TARGET_MOVED = 0.2
_CHANGED = 0.5
_FEWEST = 50
_MOST_CODED = 100_000
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class _Side:
    """One side of the split: a hash of what the model may read of each row, the same with the target, and the gaps."""

    hashes: _Hashes
    targets: npt.NDArray[np.float64]
    missing: Mapping[str, float]
    sample: pd.DataFrame


def find_split_traps(
    store: Store, use_case: UseCase, labelled: Labelled, validation: Validation, split: Split
) -> list[Trap]:
    """The traps that the two sides show together.

    ``duplicates``: gate rows that are training rows too, in every column that the model may read;
    critical when they are a tenth of the gate beyond chance and have the same target.
    ``target_moved``: another mix of classes (or another level) on the gate side. ``changed``: a column
    that is there on one side and hardly on the other.
    """
    columns = _readable(store, use_case, validation, split.train)
    train = _side(store, use_case, split.train, columns)
    gate = _side(store, use_case, split.gate, columns)
    if min(len(train.hashes), len(gate.hashes)) < _FEWEST:
        return []
    return [
        *(_twins(use_case, labelled, train, gate, columns) if columns else ()),
        *_moved(labelled, train, gate),
        *_changed(train, gate, validation),
    ]


def _readable(store: Store, use_case: UseCase, validation: Validation, train: Snapshot) -> list[str]:
    """The columns that the model may read, without what names a row or its moment."""
    out = {use_case.target_name, use_case.target.column, use_case.time, *use_case.id, *validation.excluded}
    return [column.name for column in train.manifest(store).columns if column.name not in out]


def _side(store: Store, use_case: UseCase, snapshot: Snapshot, columns: Sequence[str]) -> _Side:
    hashes: list[_Hashes] = []
    targets: list[npt.NDArray[np.float64]] = []
    samples: list[pd.DataFrame] = []
    missing = dict.fromkeys(columns, 0)
    every = max(snapshot.rows // _MOST_CODED, 1)
    for frame in snapshot.frames(store, [*columns, use_case.target_name]):
        whole: Any = np.zeros(len(frame), dtype=np.uint64)
        for name in columns:
            whole = (whole ^ _hashed(frame[name])) * _PRIME
            missing[name] += int(frame[name].isna().sum())
        hashes.append(whole)
        targets.append(frame[use_case.target_name].to_numpy(dtype=np.float64))
        samples.append(frame[list(columns)].iloc[::every])
    return _Side(
        hashes=np.concatenate(hashes),
        targets=np.concatenate(targets),
        missing={name: count / max(snapshot.rows, 1) for name, count in missing.items()},
        sample=pd.concat(samples, ignore_index=True),
    )


def _hashed(column: pd.Series) -> Any:
    """A hash of each value (64 bit)."""
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "iufb":
        return pd.util.hash_array(column.to_numpy())
    return pd.util.hash_pandas_object(column, index=False).to_numpy(dtype=np.uint64)


def _twins(use_case: UseCase, labelled: Labelled, train: _Side, gate: _Side, columns: Sequence[str]) -> Iterator[Trap]:
    known = np.unique(train.hashes)
    twin = np.isin(gate.hashes, known)
    share = float(twin.mean())
    if share < _TWINS_WARN:
        return
    rng = np.random.default_rng(use_case.seed)
    # Twins by chance grow with the rows there are: a sample's share is scaled up to the whole.
    chance = min(chance_of_twins(train.sample, rng) * len(train.hashes) / len(train.sample), 1.0)
    if share - chance < _TWINS_WARN or chance > _CHANCE_WARN * share:
        return
    pairs = np.isin(_with(gate.hashes, gate.targets)[twin], _with(train.hashes, train.targets))
    same = float(pairs.mean())
    stop = share - chance >= _TWINS_STOP and chance <= _CHANCE_STOP * share and same >= _least_same(labelled, gate)
    which = to_say("the only column") if len(columns) == 1 else to_tell("all {columns} columns", columns=len(columns))
    evidence = to_tell(
        "{twins:,} of {rows:,} gate rows ({share:.1%}) are the same as a training row in {told} that the model may "
        "read, where chance gives {chance:.1%}; {same:.0%} of them have its target too",
        twins=int(twin.sum()),
        rows=len(twin),
        share=share,
        told=which,
        chance=chance,
        same=same,
    )
    if stop:
        evidence = to_tell(
            "{told}: the gate would judge what the model has seen. Remove the copies, or split by what they share "
            "(`group`)",
            told=evidence,
        )
    allowed = stop and "duplicates" in use_case.validate_.allow
    yield Trap(kind="duplicates", severity="critical" if stop else "warning", evidence=evidence, allowed=allowed)


def _least_same(labelled: Labelled, gate: _Side) -> float:
    """The share of twins with the same target that only copies reach: rows that are alike by chance may differ."""
    if not is_classification(labelled.task):
        return _SAME_TARGET
    commonest = float(np.unique(gate.targets, return_counts=True)[1].max()) / len(gate.targets)
    return max(_SAME_TARGET, 1 - (1 - commonest) / 4)


def _with(hashes: _Hashes, targets: npt.NDArray[np.float64]) -> _Hashes:
    return (hashes ^ pd.util.hash_array(targets)) * _PRIME


def _moved(labelled: Labelled, train: _Side, gate: _Side) -> Iterator[Trap]:
    """The target's own drift: what the model learnt of its frequency does not hold on the gate side."""
    if not is_classification(labelled.task):
        spread = float(train.targets.std())
        before, after = float(train.targets.mean()), float(gate.targets.mean())
        if spread and abs(after - before) >= spread:
            evidence = to_tell(
                "its mean is {before:,.4g} on the training side and {after:,.4g} on the gate side, more than a whole "
                "standard deviation ({spread:,.4g}) away",
                before=before,
                after=after,
                spread=spread,
            )
            yield Trap(kind="target_moved", severity="warning", evidence=evidence)
        return
    classes = len(labelled.classes)
    shares = [
        np.bincount(side.targets.astype(np.int64), minlength=classes) / len(side.targets) for side in (train, gate)
    ]
    if float(np.abs(shares[0] - shares[1]).sum()) / 2 >= _TARGET_MOVED:
        place = int(np.abs(shares[0] - shares[1]).argmax())
        evidence = to_tell(
            "`{label}` is {before:.0%} of the training rows and {after:.0%} of the gate rows: "
            "probabilities that hold on one side are wrong on the other",
            label=labelled.classes[place].label,
            before=shares[0][place],
            after=shares[1][place],
        )
        yield Trap(kind="target_moved", severity="warning", evidence=evidence)


def _changed(train: _Side, gate: _Side, validation: Validation) -> Iterator[Trap]:
    for name, before in train.missing.items():
        after = gate.missing[name]
        if abs(after - before) < _CHANGED:
            continue
        gone = after > before
        text = (
            "it is missing in {before:.0%} of the training rows and in {after:.0%} of the gate rows: what is learnt "
            "from it can't be used any more"
            if gone
            else "it is missing in {before:.0%} of the training rows and in {after:.0%} of the gate rows: there is "
            "little to learn it from"
        )
        evidence = to_tell(text, before=before, after=after)
        yield Trap(kind="changed", severity="warning" if gone else "info", evidence=evidence, columns=(name,))
