"""The tidy columns that features read, with the derived ones made where they did not come along."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from tidemill.cleaning import Kind, normalise
from tidemill.cleaning.mending import mended
from tidemill.cleaning.normalising import unreadable
from tidemill.errors import UserError, did_you_mean
from tidemill.expressions import columns_of, evaluate
from tidemill.usecase.schema import CleanRules

__all__ = ["check_present", "tidy_columns"]


def check_present(names: Iterable[str], derive: Mapping[str, str], frame: pd.DataFrame) -> None:
    """Raise UserError when ``frame`` lacks a column of ``names``, and what it would be derived from."""
    for name in names:
        if name in frame.columns:
            continue
        if name not in derive:
            near = did_you_mean(name, map(str, frame.columns))
            raise UserError(f"the rows have no column `{name}`, which the model reads{near}: add it", column=name)
        check_present(sorted(columns_of(derive[name])), derive, frame)


def tidy_columns(
    frame: pd.DataFrame, needed: Sequence[str], derive: Mapping[str, str], kinds: Mapping[str, Kind], clean: CleanRules
) -> pd.DataFrame:
    """The columns ``needed``, as ``kinds`` and ``clean`` have them; the others are made by ``derive``.

    Raises UserError, with row and column, for a value that can't be what its column is.
    """
    made = [name for name in needed if name not in frame.columns]
    wanted = {found for name in needed for found in _inputs(name, derive, frame)}
    before = frame[[name for name in frame.columns if name in wanted]].reset_index(drop=True)
    read = normalise(before, clean, kinds)
    for (name, said), (_, tidy) in zip(before.items(), read.items(), strict=True):
        _check_readable(said, tidy, kinds[str(name)], clean)
    for name in made:
        _derive(name, derive, read)
    if made:
        read = read.assign(**normalise(read[made], clean, kinds))
    return mended(read, clean)


def _inputs(name: str, derive: Mapping[str, str], frame: pd.DataFrame) -> set[str]:
    """The columns of the frame that ``name`` is, or is made from."""
    if name in frame.columns:
        return {name}
    return {found for source in columns_of(derive[name]) for found in _inputs(source, derive, frame)}


def _derive(name: str, derive: Mapping[str, str], read: pd.DataFrame) -> None:
    for source in columns_of(derive[name]):
        if source not in read.columns:
            _derive(source, derive, read)
    read[name] = evaluate(derive[name], read)


def _check_readable(before: pd.Series, after: pd.Series, kind: Kind, clean: CleanRules) -> None:
    if kind == "category" or (kind == "number" and before.dtype.kind in "iuf"):  # nothing of it can be lost
        return
    lost = unreadable(before, after, clean).to_numpy(dtype=bool)
    if lost.any():
        row = int(np.flatnonzero(lost)[0])
        raise UserError(
            f"row {row} (counted from 0) has {before.iloc[row]!r} in column `{before.name}`, "
            f"which is a {kind}: correct the value, or leave it empty",
            row=row,
            column=str(before.name),
        )
