"""Rows taken out of Snapshots: parts written again without them, and manifests that say so.

In this order, so that a killed erasure is finished by running it again: the new part; what stands in place of what;
the manifests; and the old part goes last.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from tidemill.errors import UserError
from tidemill.registry.records import parsed
from tidemill.results import Record
from tidemill.snapshot import Manifest, Part, Snapshot, part_key
from tidemill.store import Store
from tidemill.tables import encoded

__all__ = ["manifests", "redact", "without"]


class _Swaps(Record):
    """What stands in place of the parts that an erasure took away, by their sha256."""

    format: Literal[1] = 1
    parts: dict[str, Part]


def manifests(store: Store, use_case: str) -> dict[str, Manifest]:
    """Every Snapshot's manifest, by its id. Raises UserError for one that is damaged or of a newer format."""
    prefix = f"{use_case}/snapshots/"
    keys = [key for key in store.list(prefix) if key.endswith("/manifest.json")]
    names = [key.removeprefix(prefix).removesuffix("/manifest.json") for key in keys]
    with ThreadPoolExecutor(16) as pool:
        found = pool.map(lambda name: Snapshot(use_case=use_case, id=name, kind="", rows=0).manifest(store), names)
        return dict(zip(names, found, strict=True))


def redact(
    store: Store,
    use_case: str,
    sha256s: Iterable[str],
    gone: Callable[[pa.Table], npt.NDArray[np.bool_]],
    erasure: str,
    when: datetime,
) -> dict[str, str]:
    """Take the rows that ``gone`` marks out of the named parts, and out of every Snapshot that has them.

    Parts that no Snapshot has are removed whole. Gives the parts that could not be read as what they were written,
    with the reason: they and their Snapshots are left as they are.
    """
    used = {part.sha256 for manifest in manifests(store, use_case).values() for part in manifest.parts}
    swaps: dict[str, Part] = {}
    lost: dict[str, str] = {}
    for sha256 in sha256s:
        key = part_key(use_case, f"{sha256}.parquet")
        if sha256 in used:
            try:
                swaps[sha256] = _rewritten(store, use_case, key, sha256, gone)
            except UserError as error:
                lost[key] = str(error)
        else:
            store.delete(key)
    key = f"{use_case}/erasures/{erasure}/parts.json"
    if swaps:
        store.write_json(key, _Swaps(parts={**_swaps(store, key), **swaps}).model_dump(mode="json"))
    _swap(store, use_case, swaps, erasure, when)
    for sha256 in swaps:
        store.delete(part_key(use_case, f"{sha256}.parquet"))
    _swap(store, use_case, _gone_parts(store, use_case), erasure, when)  # what somebody wrote meanwhile
    return lost


def without(table: pa.Table, gone: npt.NDArray[np.bool_]) -> pa.Table:
    """The table without the rows that ``gone`` marks, and without levels of categories that no row has now."""
    kept = table.filter(~gone)
    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            kept = kept.set_column(place, field, _without_levels(kept.column(place)))
    return kept


def _without_levels(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kept = column.combine_chunks()
    used = np.zeros(len(kept.dictionary), dtype=np.bool_)
    used[kept.indices.drop_null().to_numpy()] = True
    place = pa.array(np.cumsum(used) - 1).cast(kept.type.index_type)
    levels = kept.dictionary.filter(pa.array(used))
    return pa.chunked_array(
        [pa.DictionaryArray.from_arrays(place.take(kept.indices), levels, ordered=kept.type.ordered)]
    )


def _rewritten(
    store: Store, use_case: str, key: str, sha256: str, gone: Callable[[pa.Table], npt.NDArray[np.bool_]]
) -> Part:
    data = store.read_bytes(key)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise UserError("it was changed after it was written: restore it from a backup, or remove it")
    table = pq.read_table(pa.BufferReader(data))
    left = without(table, gone(table))
    made = encoded(left)
    named = hashlib.sha256(made).hexdigest()
    part = Part(name=f"{named}.parquet", rows=left.num_rows, bytes=len(made), sha256=named)
    store.write_bytes(part_key(use_case, part.name), made)
    return part


def _swap(store: Store, use_case: str, swaps: Mapping[str, Part], erasure: str, when: datetime) -> None:
    """Put the new parts into every manifest that still has an old one."""
    if not swaps:
        return
    for manifest in manifests(store, use_case).values():
        if any(part.sha256 in swaps for part in manifest.parts):
            key = f"{use_case}/snapshots/{manifest.id}/manifest.json"
            store.write_json(key, manifest.redacted(erasure, when, swaps).stored())


def _gone_parts(store: Store, use_case: str) -> dict[str, Part]:
    """What stands in place of each part that an erasure ever took away and nobody wrote again: the last of a chain."""
    there = {key.rsplit("/", 1)[-1].removesuffix(".parquet") for key in store.list(f"{use_case}/parts")}
    found: dict[str, Part] = {}
    for key in store.list(f"{use_case}/erasures"):
        if key.endswith("/parts.json"):
            found.update(_swaps(store, key))
    last: dict[str, Part] = {}
    for sha256 in found.keys() - there:
        part = found[sha256]
        while part.sha256 in found and part.sha256 not in there:
            part = found[part.sha256]
        last[sha256] = part
    return last


def _swaps(store: Store, key: str) -> dict[str, Part]:
    try:
        data = store.read_bytes(key)
    except KeyError:
        return {}
    return parsed(_Swaps, data, store.url_of(key)).parts
