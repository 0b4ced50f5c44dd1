"""A sample of a table that goes by: every row as likely as every other, in their order, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

__all__ = ["even_sample"]


def even_sample(
    frames: Iterable[pd.DataFrame], most: int, *, seed: int, stop: int | None = None
) -> tuple[pd.DataFrame, int]:
    """At most ``most`` of the rows of ``frames``, and how many rows went by; nothing is read beyond ``stop`` rows.

    The index is 0 to n-1. Memory is for ``most`` rows and one frame.
    """
    random = np.random.default_rng(seed)
    kept, lots, rows = pd.DataFrame(), np.empty(0), 0
    for frame in frames:
        rows += len(frame)
        kept = pd.concat([kept, frame], ignore_index=True) if len(kept) else frame.reset_index(drop=True)
        lots = np.append(lots, random.uniform(size=len(frame)))
        if len(kept) > most:
            chosen = np.sort(np.argpartition(lots, most)[:most])
            kept, lots = kept.iloc[chosen].reset_index(drop=True), lots[chosen]
        if stop is not None and rows >= stop:
            break
    return kept, rows
