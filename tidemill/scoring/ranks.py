"""Ranks over a whole batch: a query's rows may lie anywhere in it, and its answers come part by part."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from tidemill.learning.queries import RANK, Codes, name_codes, places
from tidemill.tables import fitted

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["RankBook", "reranked"]


class RankBook:
    """The query and the score of every row so far: 16 bytes a row, and each query's name once."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._codes: list[Codes] = []
        self._scores: list[NDArray[np.float64]] = []

    def add(self, names: pd.Series, scores: pd.Series) -> None:
        """Note the next rows."""
        from tidemill.cleaning.normalising import text_of

        local = name_codes(names)
        found = np.full(int(local.max(initial=-1)) + 2, -1, dtype=np.int64)
        _, first = np.unique(local, return_index=True)
        for place in first[local[first] >= 0]:
            text = text_of(names.iloc[place])
            found[local[place]] = self._known.setdefault(text, len(self._known))
        self._codes.append(found[local])
        self._scores.append(scores.to_numpy(dtype=np.float64))

    def ranks(self) -> Codes:
        """The rank of every row within its query, from 1; 0 for a row without a query."""
        return places(np.concatenate(self._codes), np.concatenate(self._scores))


def reranked(tables: Iterator[pa.Table], book: RankBook) -> Iterator[pa.Table]:
    """The same tables with ranks over all of them. They wait in a temporary file until the last has come.

    ``book`` must have noted the rows of every table by then.
    """
    with tempfile.TemporaryFile() as spool:
        first = next(tables)
        with pa.ipc.new_stream(spool, first.schema) as writer:
            writer.write_table(first)
            for table in tables:
                writer.write_table(fitted(table, first.schema))
        del first
        ranks, before = book.ranks(), 0
        spool.seek(0)
        for batch in pa.ipc.open_stream(spool):
            own = ranks[before : before + batch.num_rows]
            before += batch.num_rows
            place = batch.schema.get_field_index(RANK)
            column = pa.array(own, pa.int64(), mask=own == 0)
            yield pa.Table.from_batches([batch]).set_column(place, batch.schema.field(RANK), column)
