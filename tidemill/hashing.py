"""A 128-bit hash of each row, column by column in numpy: what tells equal rows without comparing them.

Two lanes of 64 bits with different constants, each mixed by the finaliser of SplitMix64 (Steele, Lea and
Flood, 2014). Among a thousand million rows two different ones share a hash with a chance below 1e-20. The
first lane is also what trained rows are stored by (:mod:`tidemill.trained`), so it must stay as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["Hashes", "hash_rows", "hash_values", "mixed"]

_Words = npt.NDArray[np.uint64]
Hashes = tuple[_Words, _Words]

_GOLDEN, _FIRST, _SECOND = (np.uint64(word) for word in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))
_SEEDS = (np.uint64(0x243F6A8885A308D3), np.uint64(0x13198A2E03707344))
_NOTHING = np.uint64(0xA4093822299F31D0)
_LONG_BYTES = 512


def hash_rows(frame: pd.DataFrame, columns: Sequence[str]) -> Hashes:
    """The hash of each row's values in ``columns`` of a normalised frame, two arrays of shape ``(rows,)``.

    Nulls are equal to nulls, and 0.0 to -0.0. A column must have one dtype in all frames that are compared.
    """
    lanes = (np.full(len(frame), _SEEDS[0]), np.full(len(frame), _SEEDS[1]))
    for name in columns:
        lanes = mixed(lanes, hash_values(frame[name]))
    return lanes


def mixed(rows: Hashes, more: Hashes) -> Hashes:
    """Row hashes with one more column's."""
    return _finished((rows[0] ^ more[0]) * _GOLDEN), _finished((rows[1] + more[1]) * _SECOND)


def hash_values(column: pd.Series) -> Hashes:
    """The hash of each value of one column."""
    if isinstance(column.dtype, pd.StringDtype):
        texts = pa.array(column, type=pa.large_string(), from_pandas=True)
        return _of_text(texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts)
    empty = column.isna().to_numpy(dtype=bool)
    words = _words(column)
    if empty.any():
        words = np.where(empty, _NOTHING, words)
    return _finished(words ^ _SEEDS[0]), _finished(words + _SEEDS[1])


def _words(column: pd.Series) -> _Words:
    """Each value as 64 bits, whatever stands where there is none."""
    kind = column.dtype.kind
    if kind in "mM":
        return column.to_numpy(dtype="datetime64[us]" if kind == "M" else "timedelta64[us]").view(np.uint64)
    if kind == "f":
        return (column.to_numpy(dtype=np.float64, na_value=np.nan) + 0.0).view(np.uint64)
    if kind == "b":
        return column.to_numpy(dtype=np.uint64, na_value=0)
    return column.to_numpy(dtype=np.uint64 if kind == "u" else np.int64).view(np.uint64)


def _of_text(texts: pa.Array) -> Hashes:
    """Few different texts are hashed once each; else all of them, eight bytes at a time."""
    some = texts.slice(0, 5_000)
    if len(texts) > len(some) and pc.count_distinct(some).as_py() <= len(some) // 2:
        coded = texts.dictionary_encode()
        first, second = _of_bytes(pa.concat_arrays([coded.dictionary, pa.nulls(1, coded.dictionary.type)]))
        places = coded.indices.fill_null(len(coded.dictionary)).to_numpy(zero_copy_only=False)
        return first[places], second[places]
    return _of_bytes(texts)


def _of_bytes(texts: pa.Array) -> Hashes:
    offsets = np.frombuffer(texts.buffers()[1], dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
    data = np.frombuffer(texts.buffers()[2] or b"", dtype=np.uint8)[offsets[0] : offsets[-1]]
    start, left = offsets[:-1] - offsets[0], np.diff(offsets)
    first, second = _finished(left.astype(np.uint64) + _GOLDEN), _finished(left.astype(np.uint64) + _FIRST)
    for place in np.flatnonzero(left > _LONG_BYTES):
        digest = hashlib.blake2b(data[start[place] : start[place] + left[place]].tobytes(), digest_size=16).digest()
        first[place], second[place] = np.frombuffer(digest, dtype=np.uint64)
    _eat(first, second, data, start, np.where(left > _LONG_BYTES, 0, left))
    if texts.null_count:
        empty = texts.is_null().to_numpy(zero_copy_only=False)
        first[empty], second[empty] = _NOTHING, _NOTHING
    return first, second


def _eat(
    first: _Words, second: _Words, data: npt.NDArray[np.uint8], at: npt.NDArray[np.int64], left: npt.NDArray[np.int64]
) -> None:
    """Mix the bytes ``at`` each place into both lanes, a word at a time, until none is ``left``."""
    padded = np.concatenate([data, np.zeros(8, dtype=np.uint8)])
    words = np.ndarray(shape=(len(padded) - 7,), dtype="<u8", buffer=padded, strides=(1,))
    live = np.arange(len(left))
    while True:
        more = left > 0
        if not more.all():
            live, at, left = live[more], at[more], left[more]
        if not len(live):
            return
        word = words[at]
        short = left < 8
        if short.any():
            word[short] &= (np.uint64(1) << (left[short].astype(np.uint64) * np.uint64(8))) - np.uint64(1)
        first[live] = _finished((first[live] ^ word) * _GOLDEN)
        second[live] = _finished((second[live] + word) * _SECOND)
        at, left = at + 8, left - 8


def _finished(words: _Words) -> _Words:
    words = words ^ (words >> np.uint64(30))
    words *= _FIRST
    words ^= words >> np.uint64(27)
    words *= _SECOND
    words ^= words >> np.uint64(31)
    return words
