"""What names a row, so that an answer finds it again in the next collecting."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tidemill.usecase.schema import UseCase

__all__ = ["naming_columns", "row_keys", "texts"]

_WHOLE = 2.0**53


def naming_columns(use_case: UseCase, present: Sequence[str]) -> list[str]:
    """The columns that name a row: its ``id``; without one all that it holds but the target and what is derived."""
    if use_case.id:
        return list(use_case.id)
    made = {use_case.target_name, use_case.target.column, *use_case.derive}
    return sorted(name for name in present if name not in made)


def row_keys(use_case: UseCase, frame: pd.DataFrame) -> list[str]:
    """A name of each row of ``frame``, which has the :func:`naming_columns` and no others.

    The ``id`` as a JSON list of texts, else 128 bits of a hash of the row's content, in hex. A number has one name,
    whether its column holds whole numbers or not.
    """
    columns = [texts(frame[name]) for name in frame.columns]
    if use_case.id:
        return [json.dumps(row, ensure_ascii=False) for row in zip(*columns, strict=True)]
    head = json.dumps(list(map(str, frame.columns)))
    return [
        hashlib.blake2b((head + json.dumps(row)).encode(), digest_size=16).hexdigest()
        for row in zip(*columns, strict=True)
    ]


def texts(column: pd.Series) -> list[str | None]:
    """Each value as text, None where it is missing: ``7`` for 7.0, ``true``, and times in ISO 8601."""
    values = pa.Array.from_pandas(column)
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    said = pc.cast(values, pa.string())
    if pa.types.is_floating(values.type):
        whole = pc.and_(pc.equal(pc.floor(values), values), pc.less(pc.abs(values), _WHOLE))
        integers = pc.cast(pc.if_else(pc.fill_null(whole, False), values, 0.0), pa.int64())
        said = pc.if_else(whole, pc.cast(integers, pa.string()), said)
    found: list[str | None] = said.to_pylist()
    return found
