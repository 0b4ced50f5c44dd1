"""Predictions that batch scoring wrote beyond the lake: taken out where they are still there, else named."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from tidemill.erasing.searching import Wanted
from tidemill.erasing.snapshots import without
from tidemill.errors import TransientError, UserError
from tidemill.store import Store, create_url, open_url

__all__ = ["erase_outside"]


def erase_outside(store: Store, use_case: str, wanted: Wanted, *, keep: bool) -> tuple[dict[str, int], list[str]]:
    """Take the rows out of what the lake's records say was written elsewhere; ``keep`` only looks.

    Gives the rows by URL, and the URLs that could not be read or written (they may have been moved, or copied).
    """
    rows: dict[str, int] = {}
    missed = []
    for url in sorted(set(_outputs(store, use_case))):
        try:
            count = _rows(url, wanted)
            if count and not keep:
                _rewrite(url, wanted)
        except (UserError, TransientError, pa.ArrowException, OSError):
            missed.append(url)
            continue
        rows.update({url: count} if count else {})
    return rows, missed


def _outputs(store: Store, use_case: str) -> Iterator[str]:
    """Where batches were written that are not in the lake."""
    for key in store.list(f"{use_case}/answered"):
        try:
            said = store.read_json(key)
        except (UserError, KeyError):  # damaged: the proof names it
            continue
        output = said.get("output") if isinstance(said, dict) else None
        if isinstance(output, str) and not output.startswith(f"{store.url}/"):
            yield output


def _rows(url: str, wanted: Wanted) -> int:
    with open_url(url) as file:
        parquet = pq.ParquetFile(file)
        needed = wanted.needed(parquet.schema_arrow.names)
        return int(wanted.mask(parquet.read(needed)).sum()) if needed else 0


def _rewrite(url: str, wanted: Wanted) -> None:
    """Row group by row group: the old file is there until the new one is whole."""
    with open_url(url) as file:
        parquet = pq.ParquetFile(file)
        with create_url(url) as sink, pq.ParquetWriter(sink, parquet.schema_arrow, compression="zstd") as writer:
            for group in range(parquet.num_row_groups):
                table = parquet.read_row_group(group)
                writer.write_table(without(table, wanted.mask(table)))
