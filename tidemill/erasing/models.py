"""What a stored Model remembers of a person by name: levels of its columns, and the tail of their own series.

The Model keeps its id, and answers everybody else as before. Its description is another one after that, so the new
one's own id is written beside it, where loading looks for it.
"""

from __future__ import annotations

import hashlib
import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tidemill.erasing.texts import Names
from tidemill.learning.stored import REDACTED, id_of
from tidemill.store import Json, Store

__all__ = ["redact_models", "remembered"]

_SERIES = "series"


def redact_models(store: Store, use_case: str, names: Names, erasure: str, *, keep: bool) -> dict[str, int]:
    """Take the people out of every Model that names them; ``keep`` only looks.

    Gives, by the Model's id, how many rows of its memory and levels went out. In this order, so that it can be loaded
    at every moment: the new memory, the id of the new description, the description, and the old memory goes last.
    """
    found = {}
    for key in store.list(f"{use_case}/models"):
        if not key.endswith("/model.json"):
            continue
        said = store.read_json(key)
        made, memory = names.out_of_json(said), _memory(said)
        times, old = names.in_json(said), None
        if memory is not None:
            folder = key.removesuffix("model.json")
            data, rows = _without_series(store.read_bytes(f"{folder}{memory['file']}"), said, names)
            if rows and not keep:
                sha256 = hashlib.sha256(data).hexdigest()
                old, file = f"{folder}{memory['file']}", f"history-{sha256[:8]}.parquet"
                store.write_bytes(f"{folder}{file}", data)
                left = pq.read_metadata(pa.BufferReader(data)).num_rows
                made["forecast"]["memory"] |= {"file": file, "sha256": sha256, "rows": left}
            times += rows
        if not times:
            continue
        found[key.split("/")[-2]] = times
        if keep:
            continue
        note = key.replace("model.json", REDACTED)
        before = store.read_json(note)["ids"] if store.exists(note) else []
        store.write_json(note, {"format": 1, "erasure": erasure, "ids": [*before, id_of(made)]})
        store.write_json(key, made)
        if old is not None:
            store.delete(old)
    return found


def remembered(data: bytes, said: Json, names: Names) -> int:
    """How many rows of a forecast's memory are of a series that names somebody."""
    return _without_series(data, said, names)[1]


def _memory(said: Json) -> Json:
    return (said.get("forecast") or {}).get("memory")


def _without_series(data: bytes, said: Json, names: Names) -> tuple[bytes, int]:
    """The memory without the people's own series, and how many rows that takes away."""
    series = said["forecast"]["series"]
    places = [place for place, name in enumerate(series) if name in names.columns]
    if not places:
        return data, 0
    table = pq.read_table(pa.BufferReader(data))
    keys = table.column(_SERIES).to_pylist()
    theirs = {key for key in set(keys) if any(names.spelt(json.loads(key)[place]) in names.marks for place in places)}
    if not theirs:
        return data, 0
    keep = np.array([key not in theirs for key in keys], dtype=np.bool_)
    file = io.BytesIO()
    pq.write_table(table.filter(keep), file, compression="zstd")
    return file.getvalue(), int((~keep).sum())
