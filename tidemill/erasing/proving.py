"""The proof of absence: every object of the use case in the lake looked through for the values, after the removal."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tidemill.erasing.models import remembered
from tidemill.erasing.objects import kind_of
from tidemill.erasing.records import Hit, Proof, Unscanned
from tidemill.erasing.searching import Wanted
from tidemill.erasing.texts import Names
from tidemill.erasing.values import telling, token
from tidemill.store import Store

__all__ = ["prove"]

_READERS = 4


@dataclass(frozen=True)
class _Look:
    """What looking through one object gave. ``size`` in bytes, as it is stored."""

    key: str
    size: int
    table: bool
    hits: tuple[Hit, ...] = ()
    unscanned: str | None = None


def prove(store: Store, use_case: str, wanted: Wanted, names: Names) -> Proof:
    """Look through all that the lake holds of the use case, until a listing shows nothing new.

    Tables by value in the columns that name people, by the links where those are missing, and in every other column
    of text where a value can't stand by chance. JSON, texts and binary files: see :mod:`tidemill.erasing.texts`.
    """
    started = time.perf_counter()
    looks: dict[str, _Look] = {}
    scan = _Scan(store, wanted, names)
    with ThreadPoolExecutor(_READERS) as pool:
        while True:
            keys = [key for key in store.list(use_case) if key not in looks]
            if not keys:
                break
            looks.update(zip(keys, pool.map(scan.look, keys), strict=True))
    done = list(looks.values())
    return Proof(
        objects=len(done),
        bytes=sum(look.size for look in done),
        tables=sum(look.table for look in done),
        hits=tuple(hit for look in done for hit in look.hits),
        unscanned=tuple(Unscanned(key=look.key, why=look.unscanned) for look in done if look.unscanned),
        columns_only=names.columns_only,
        seconds=round(time.perf_counter() - started, 3),
    )


@dataclass(frozen=True)
class _Scan:
    """Looks through objects."""

    store: Store
    wanted: Wanted
    names: Names

    def look(self, key: str) -> _Look:
        """One object, whatever it is."""
        try:
            data = self.store.read_bytes(key)
        except KeyError:  # somebody removed it meanwhile
            return _Look(key, 0, table=False)
        if key.endswith(".parquet"):
            try:
                return _Look(key, len(data), table=True, hits=tuple(self._in_table(key, data)))
            except (pa.ArrowException, OSError) as error:
                why = f"it can't be read as Parquet ({str(error).splitlines()[0][:80]})"
                return _Look(key, len(data), table=True, unscanned=why)
        if key.endswith(".json"):
            try:
                times = self.names.in_json(json.loads(data))
            except ValueError:
                return _Look(key, len(data), table=False, unscanned="it is not JSON")
        else:
            times = self._in_other(data)
        return _Look(key, len(data), table=False, hits=_hits(key, "text", times))

    def _in_other(self, data: bytes) -> int:
        try:
            return self.names.in_text(data.decode())
        except UnicodeDecodeError:
            return self.names.in_bytes(data)

    def _in_table(self, key: str, data: bytes) -> Sequence[Hit]:
        file = pq.ParquetFile(pa.BufferReader(data))
        schema = file.schema_arrow
        hits: list[Hit] = []
        needed = [] if kind_of(key) == "snapshots" else self.wanted.needed(schema.names)
        if needed:
            times = int(self.wanted.mask(file.read(needed)).sum())
            hits += _hits(key, ", ".join(needed), times)
        if "/models/" in key:
            said = self.store.read_json(f"{key.rsplit('/', 1)[0]}/model.json")
            hits += _hits(key, "series", remembered(data, said, self.names))
        values = [value for value in self.names.marks if telling(value)]
        texts = [one.name for one in schema if _is_text(one.type) and one.name not in needed] if values else []
        for name in texts:
            hits += _hits(key, name, _told(file.read([name]).column(0), values, fold=self.names.fold))
        return hits


def _told(column: pa.ChunkedArray, values: Sequence[str], *, fold: bool) -> int:
    """How many texts of a column hold one of the values with nothing of a word around it."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    times = 0
    for value in values:
        near = column.filter(pc.fill_null(pc.match_substring(column, value, ignore_case=fold), False))
        pattern = token(value)
        times += sum(bool(pattern.search(text.lower() if fold else text)) for text in near.to_pylist())
    return times


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _hits(key: str, where: str, times: int) -> tuple[Hit, ...]:
    return (Hit(key=key, where=where, times=times),) if times else ()
