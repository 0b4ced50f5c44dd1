"""Which rows a version was trained on: a hash of each, stored beside its train Snapshot, and the gate rows among them.

A row is known by its ``id``; without one, by all of its columns. Eight bytes a row are kept, sorted, so that gate rows
are looked up without reading what was trained on, also when window, split or sources have changed since.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidemill.errors import UserError
from tidemill.hashing import hash_rows
from tidemill.results import Split, TrainedRows
from tidemill.snapshot import Snapshot
from tidemill.store import Store
from tidemill.usecase.schema import UseCase

__all__ = ["Lookup", "Unknown", "forget", "remember", "seen", "trained_rows"]

Kind = Literal["number", "time", "text"]
Hashes = NDArray[np.uint64]
_MOST_WHOLE = 2.0**63
_HEADER = 1024


class Unknown(Exception):  # noqa: N818 - an answer, not an error: nobody can say any more
    """It is not known which rows were trained on: what tells is gone, or speaks of other columns."""


def remember(store: Store, use_case: UseCase, train: Snapshot) -> TrainedRows:
    """Store a hash of each train row, read part by part: 8 bytes a row, and twice that of memory meanwhile."""
    columns = {column.name: _kind(column.type) for column in train.manifest(store).columns}
    names = _names(use_case, tuple(columns))
    kinds = tuple(columns[name] for name in names)
    data = _of_rows(store, train, names, kinds)
    key = f"{train.prefix}/trained-{hashlib.sha256(repr((names, kinds)).encode()).hexdigest()[:8]}.npy"
    if not store.exists(key) or store.exists(f"{key}.redacted.json"):  # the erased may be here again
        store.write_bytes(key, data)
    return TrainedRows(key=key, names=names, kinds=kinds, rows=train.rows, sha256=hashlib.sha256(data).hexdigest())


def forget(store: Store, train: Snapshot, trained: TrainedRows) -> bool:
    """Keep the hashes only of rows that ``train`` still has, after an erasure; gives whether that changed anything.

    The sha256 of what is kept is noted beside it first, so that it can be proved at every moment.
    """
    data = _of_rows(store, train, trained.names, trained.kinds)
    if not store.exists(trained.key) or store.read_bytes(trained.key) == data:
        return False
    before = _noted(store, trained)
    note = {"format": 1, "sha256": [*before, hashlib.sha256(data).hexdigest()]}
    store.write_json(f"{trained.key}.redacted.json", note)
    store.write_bytes(trained.key, data)
    return True


def trained_rows(store: Store, use_case: UseCase, split: Split) -> TrainedRows:
    """What the train rows of a version are known by; made now from its Snapshot if it is older than such records.

    Raises :class:`Unknown` when that can't be read any more.
    """
    try:
        return split.trained or remember(store, use_case, split.train)
    except UserError:
        raise Unknown("its train Snapshot can't be read any more") from None


class Lookup:
    """Looks rows of one Snapshot up among what versions were trained on; rows known by the same are read once."""

    def __init__(self, store: Store, rows: Snapshot) -> None:
        """Nothing is read before it is asked for."""
        self._store, self._rows = store, rows
        self._read: dict[tuple[tuple[str, ...], tuple[Kind, ...]], Hashes] = {}

    def hashes(self, names: tuple[str, ...], kinds: tuple[Kind, ...]) -> Hashes:
        """The rows' hashes. Raises :class:`Unknown` when they lack one of the columns."""
        there = {column.name for column in self._rows.manifest(self._store).columns}
        lost = [name for name in names if name not in there]
        if lost:
            raise Unknown(f"its rows are known by `{lost[0]}`, which is no longer a column")
        if (names, kinds) not in self._read:
            asked = [_hashes(frame, names, kinds) for frame in self._rows.frames(self._store, names)]
            self._read[names, kinds] = np.concatenate(asked) if asked else np.empty(0, dtype=np.uint64)
        return self._read[names, kinds]


def seen(store: Store, trained: TrainedRows, rows: Lookup) -> NDArray[np.bool_]:
    """Which of ``rows`` were trained on. Raises :class:`Unknown` when that can't be told."""
    hashes = rows.hashes(trained.names, trained.kinds)
    known = _known(store, trained)
    if not len(known):
        return np.zeros(len(hashes), dtype=bool)
    places = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
    return np.asarray(known[places] == hashes)


def _names(use_case: UseCase, columns: Sequence[str]) -> tuple[str, ...]:
    """What names a row: its id, with its moment where ids may repeat; else all that was not derived from the rest."""
    if use_case.id and all(name in columns for name in use_case.id):
        at = () if use_case.clean.unique_id or use_case.time is None else (use_case.time,)
        return tuple(dict.fromkeys((*use_case.id, *(name for name in at if name in columns))))
    return tuple(sorted(name for name in columns if name not in use_case.derive)) or tuple(sorted(columns))


def _known(store: Store, trained: TrainedRows) -> Hashes:
    """The stored hashes, sorted; they stay in the bytes that were read."""
    try:
        data = store.read_bytes(trained.key)
    except KeyError:
        raise Unknown("the record of its rows is gone") from None
    sha256 = hashlib.sha256(data).hexdigest()
    if sha256 != trained.sha256 and sha256 not in _noted(store, trained):
        raise Unknown("the record of its rows was changed")
    buffer = io.BytesIO(data[:_HEADER])
    np.lib.format.read_magic(buffer)
    np.lib.format.read_array_header_1_0(buffer)
    return np.frombuffer(data, dtype="<u8", offset=buffer.tell())


def _noted(store: Store, trained: TrainedRows) -> list[str]:
    """The sha256 of what erasures made of the record."""
    try:
        said = store.read_json(f"{trained.key}.redacted.json")
    except KeyError:
        return []
    return [str(one) for one in said.get("sha256", [])] if isinstance(said, dict) else []


def _of_rows(store: Store, train: Snapshot, names: Sequence[str], kinds: Sequence[Kind]) -> bytes:
    """The sorted hashes of a Snapshot's rows, each once, as they are stored."""
    hashes = np.empty(train.rows, dtype="<u8")
    start = 0
    for frame in train.frames(store, names):
        hashes[start : start + len(frame)] = _hashes(frame, names, kinds)
        start += len(frame)
    hashes = hashes[:start]  # an erasure leaves fewer rows than the Snapshot's name says
    hashes.sort()
    first = np.ones(len(hashes), dtype=bool)
    np.not_equal(hashes[1:], hashes[:-1], out=first[1:])
    return _encoded(hashes if first.all() else hashes[first])


def _encoded(hashes: Hashes) -> bytes:
    """The same bytes for the same hashes, whatever wrote them: NumPy's own format."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, np.lib.format.header_data_from_array_1_0(hashes))
    return b"".join([header.getvalue(), hashes.view(np.uint8).data])


def _kind(arrow_type: str) -> Kind:
    """How a column is read for its hash, so that one value has one hash in whatever type it is stored."""
    if arrow_type.startswith(("int", "uint", "float", "double", "halffloat", "decimal", "bool")):
        return "number"
    return "time" if arrow_type.startswith(("timestamp", "date")) else "text"


def _hashes(frame: pd.DataFrame, names: Sequence[str], kinds: Sequence[Kind]) -> Hashes:
    read = pd.DataFrame({name: _read(frame[name], kind) for name, kind in zip(names, kinds, strict=True)})
    return hash_rows(read, list(names))[0]


def _read(values: pd.Series, kind: Kind) -> pd.Series:
    if kind == "number":
        return _numbers(values)
    if kind == "time":
        return pd.to_datetime(values, utc=True, errors="coerce").astype("datetime64[us, UTC]")
    if pd.api.types.is_numeric_dtype(values.dtype):  # a text that has become a number since: 12, not 12.0
        values = values.astype("Float64").convert_dtypes()
    if isinstance(values.dtype, pd.StringDtype):  # texts already
        return values.astype("str")
    return values.astype("object").map(str, na_action="ignore").astype("str")


def _numbers(values: pd.Series) -> pd.Series:
    """Whole numbers as their own bits and others as those of a double, so that gaps change no hash."""
    if pd.api.types.is_integer_dtype(values.dtype) and not values.hasnans:
        return values.astype("int64")
    if not pd.api.types.is_numeric_dtype(values.dtype):
        values = pd.to_numeric(values, errors="coerce")
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    whole = np.isfinite(numbers) & (np.floor(numbers) == numbers) & (np.abs(numbers) < _MOST_WHOLE)
    bits = np.where(np.isnan(numbers), np.nan, numbers).view(np.int64)
    bits[whole] = numbers[whole].astype(np.int64)
    return pd.Series(bits, index=values.index)
