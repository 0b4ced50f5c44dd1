"""Samples of tables that go by: every row as likely as every other, in their order, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidemill.errors import UserError
from tidemill.snapshot import Snapshot, SnapshotWriter
from tidemill.store import Store

__all__ = ["even_sample", "sampled_places", "stored_sample"]

FORMAT = 1


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


def stored_sample(store: Store, snapshot: Snapshot, rows: int, *, seed: int) -> Snapshot:
    """A Snapshot of so many rows of ``snapshot``: the same ones whoever asks, and drawn only once in a lake."""
    key = f"{snapshot.use_case}/samples/{snapshot.id}-{rows}-{seed}.json"
    known = _drawn(store, key)
    if known is not None:
        return known
    chosen = sampled_places(snapshot, rows, seed=seed)
    writer = SnapshotWriter(store, snapshot.use_case, "sample", parents=(snapshot.id,))
    start = 0
    for table in snapshot.tables(store):
        first, last = np.searchsorted(chosen, [start, start + table.num_rows])
        writer.add_table(table.take(chosen[first:last] - start))
        start += table.num_rows
    drawn = writer.close()
    store.write_json(key, {"format": FORMAT, "sample": drawn.model_dump(mode="json")})
    return drawn


def sampled_places(snapshot: Snapshot, rows: int, *, seed: int) -> NDArray[np.int64]:
    """Which rows of ``snapshot`` (counted from 0, ascending) :func:`stored_sample` takes."""
    return np.sort(np.random.default_rng(seed).choice(snapshot.rows, size=rows, replace=False))


def _drawn(store: Store, key: str) -> Snapshot | None:
    try:
        said = store.read_json(key)
    except KeyError:
        return None
    if said.get("format", 0) > FORMAT:
        raise UserError(
            f"{store.url_of(key)} has format {said['format']}; this Tidemill reads up to {FORMAT}: upgrade it"
        )
    return Snapshot.model_validate(said["sample"])
