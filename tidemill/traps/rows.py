"""Columns that name rows: row numbers, running numbers, UUIDs, hashes, codes that hardly ever repeat.

A model can only memorise them. Whole numbers that were measured repeat by chance: among *n* of them
spread over a range of *R*, some *n*²/2*R* pairs are equal (the birthday problem). Numbers that were
given out one by one do not.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from tidemill.said import to_say, to_tell

__all__ = ["names_rows"]

_FEWEST = 100
_DIFFERENT = 0.95
_LOOKED_AT = 2_000
_REPEATS_DUE = 20.0
_REPEATS_SEEN = 0.1
_TOO_LONG_TO_COUNT = 1e15
_UUID = re.compile(r"\{?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\}?\Z", re.IGNORECASE)
_HASH = re.compile(
    r"(?:0x)?(?:[0-9a-f]{16}|[0-9a-f]{24}|[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{56}|[0-9a-f]{64})\Z", re.IGNORECASE
)


def names_rows(column: pd.Series) -> str | None:
    """Why the column names rows, in words with numbers; None when it does not, or has too few values to say."""
    known = column.dropna()
    if len(known) < _FEWEST:
        return None
    if known.dtype.kind in "iuf":
        return _numbers(known.to_numpy(dtype="float64"))
    if known.dtype.kind == "O" or isinstance(known.dtype, pd.StringDtype):
        return _texts(known)
    return None


def _numbers(values: np.ndarray) -> str | None:
    if (values[:_LOOKED_AT] != np.floor(values[:_LOOKED_AT])).any() or not np.isfinite(values).all():
        return None
    if (values != np.floor(values)).any():
        return None
    rows = len(values)
    different = len(np.unique(values))
    steps = np.diff(values)
    if different == rows and ((steps > 0).all() or (steps < 0).all()):
        text = (
            "its {rows:,} values grow from row to row and none comes twice: a row number or a running number"
            if steps[0] > 0
            else "its {rows:,} values fall from row to row and none comes twice: a row number or a running number"
        )
        return to_tell(text, rows=rows)
    spread = float(values.max() - values.min()) + 1
    due = rows * (rows - 1) / (2 * spread)
    if due >= _REPEATS_DUE and different >= _DIFFERENT * rows and rows - different <= _REPEATS_SEEN * due:
        return to_tell(
            "{different:,} of its {rows:,} values are different, where measured numbers between {low:,.0f} "
            "and {high:,.0f} would repeat some {due:,.0f} times: they were given out one by one",
            different=different,
            rows=rows,
            low=values.min(),
            high=values.max(),
            due=due,
        )
    if spread >= _TOO_LONG_TO_COUNT and different >= _DIFFERENT * rows:
        return to_tell(
            "{different:,} of its {rows:,} values are different numbers of {digits} digits: keys or hashes",
            different=different,
            rows=rows,
            digits=len(str(int(spread))),
        )
    return None


def _texts(known: pd.Series) -> str | None:
    every = max(len(known) // _LOOKED_AT, 1)
    looked_at = known.iloc[::every].astype("str")
    if looked_at.nunique() < _DIFFERENT * len(looked_at):
        return None
    if (looked_at.str.count(" ") > 2).mean() > 0.1 or (looked_at.str.len() > 80).mean() > 0.1:
        return None  # prose, which is as different, is no name
    different = known.nunique()
    if different < _DIFFERENT * len(known):
        return None
    forms = ((to_say("UUIDs"), _UUID), (to_say("hashes"), _HASH))
    form = next((name for name, form in forms if looked_at.str.match(form).mean() >= 0.9), to_say("codes"))
    text = to_say("{different:,} of its {rows:,} values are different {told}: a model can only learn them by heart")
    return to_tell(text, different=different, rows=len(known), told=form)
