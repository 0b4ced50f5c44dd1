"""Putting right what can be read and is still wrong, with numbers that were fitted once: spellings, outliers, gaps.

Derived columns are made before this, from values as they were, when collecting and when serving alike; then
they are mended like any other. A value at a time, and doing it twice changes nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from tidemill.cleaning.texts import arrow_text, folded
from tidemill.usecase.cleaning import Bounds, CleanRules, Fitted

__all__ = ["Tally", "beyond", "held_by", "mended", "respelt"]


@dataclass
class Tally:
    """How many values were changed in the rows that ``keep`` marks, by column and what was done."""

    keep: npt.NDArray[np.bool_]
    counts: Counter[tuple[str, str]]

    def add(self, name: str, what: str, rows: npt.NDArray[np.bool_]) -> None:
        """Count the rows."""
        self.counts[name, what] += int((rows & self.keep).sum())


def respelt(frame: pd.DataFrame, fitted: Fitted | None, tally: Tally | None = None) -> pd.DataFrame:
    """``frame`` with one spelling of what is one thing."""
    made = {}
    for name, spellings in (fitted.spellings if fitted else {}).items():
        if name in frame and isinstance(frame[name].dtype, pd.StringDtype):
            coded = arrow_text(frame[name]).dictionary_encode()
            levels = coded.dictionary.to_pylist()
            said = [spellings.get(folded(level), level) for level in levels]
            if said != levels:
                values = pa.array(said, pa.large_string()).take(coded.indices)
                made[name] = pd.Series(values, index=frame.index, name=name, dtype="str")
                if tally is not None:
                    tally.add(name, "spelt", ((made[name] != frame[name]) & frame[name].notna()).to_numpy(dtype=bool))
    return frame.assign(**made) if made else frame


def mended(frame: pd.DataFrame, rules: CleanRules, tally: Tally | None = None) -> pd.DataFrame:
    """A normalised ``frame`` with spellings, outliers and gaps put right, as far as it has the columns.

    Rows that an outlier refuses stay: refusing is cleaning's alone.
    """
    fitted = rules.fitted
    if fitted is None:
        return frame
    frame = respelt(frame, fitted, tally)
    made: dict[str, pd.Series] = {}
    for name, bounds in fitted.bounds.items():
        if name in frame and bounds.then != "refuse" and frame[name].dtype.kind in "iuf":
            made[name] = _bounded(frame[name], bounds, fitted.fill.get(name), tally)
    for name, value in fitted.fill.items():
        if name in frame:
            column = made.get(name, frame[name])
            empty = column.isna()
            if empty.any() and held_by(column) == held_by(value):
                made[name] = column.fillna(value)
                if tally is not None:
                    tally.add(name, "filled", empty.to_numpy(dtype=bool))
    return frame.assign(**made) if made else frame


def held_by(what: object) -> str:
    """What a tidy column, or a value to fill it with, holds: `text`, `boolean`, `number` or `time`."""
    if isinstance(what, pd.Series):
        return {"b": "boolean", "i": "number", "u": "number", "f": "number", "M": "time"}.get(what.dtype.kind, "text")
    return "text" if isinstance(what, str) else "boolean" if isinstance(what, bool) else "number"


def beyond(column: pd.Series, bounds: Bounds, fill: object = None) -> npt.NDArray[np.bool_]:
    """Which values lie beyond the bounds. The value that stands for missing ones never does."""
    numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
    out = numbers < (-np.inf if bounds.low is None else bounds.low)
    out |= numbers > (np.inf if bounds.high is None else bounds.high)
    return out & (numbers != fill) if isinstance(fill, int | float) else out


def _bounded(column: pd.Series, bounds: Bounds, fill: object, tally: Tally | None) -> pd.Series:
    numbers = column.astype("float64")
    out = beyond(numbers, bounds, fill)
    if not out.any():
        return numbers
    if tally is not None:
        tally.add(str(column.name), bounds.then, out)
    return numbers.mask(out, numbers.clip(bounds.low, bounds.high) if bounds.then == "clip" else np.nan)
