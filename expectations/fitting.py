"""Types that mean the same: columns brought to the type that an entry asks for, where no value changes by it.

Whether a file says 3 or 3.0, and whether a gap made whole numbers into numbers, is the file's accident:
a scoring input or a log of requests is judged by the suite that was written from the training rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from expectations.suites import SuiteEntry

__all__ = ["TYPE", "fitted_heads"]

TYPE = "expect_column_type_to_be"


def fitted_heads(entries: Sequence[SuiteEntry], frame: pd.DataFrame) -> pd.DataFrame:
    """The first row of ``frame``, its columns of the types that the type entries ask for, where their values fit."""
    heads = frame.head(1).copy()
    for entry in entries:
        name, asked = entry.kwargs.get("column"), entry.kwargs.get("type_")
        if entry.type != TYPE or name not in frame or not isinstance(asked, str):
            continue
        column = frame[name]
        if str(column.dtype) != asked and _fits(column, asked):
            heads[name] = pd.Series(0, index=heads.index).astype(pd.api.types.pandas_dtype(asked))
    return heads


def _fits(column: pd.Series, asked: str) -> bool:
    """Whether every value is one of the type's too."""
    try:
        wanted = pd.api.types.pandas_dtype(asked)
    except (TypeError, ImportError):
        return False  # Great Expectations says what is wrong with it
    gaps = bool(column.isna().any())
    if gaps and column.isna().all():
        return True
    if isinstance(wanted, np.dtype) and wanted.kind in "biu" and gaps:
        return False
    if wanted.kind == "f":
        return column.dtype.kind in "iuf"
    if wanted.kind in "iu":
        return column.dtype.kind in "iu" or (column.dtype.kind == "f" and _whole(column))
    return wanted.kind == "b" and column.dtype.kind == "b"


def _whole(column: pd.Series) -> bool:
    held = column.dropna().to_numpy(dtype=np.float64)
    return bool((held == np.floor(held)).all())
