"""Finding a person's rows: every table of the lake, read by the few columns that can name somebody."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tidemill.erasing.tombstones import Tombstones
from tidemill.erasing.values import fields, said
from tidemill.store import Store

__all__ = ["RAW", "Found", "Wanted", "search"]

RAW = "_raw"
_READERS = 4
_Rows = npt.NDArray[np.bool_]
_Names = tuple[str, ...]
R = TypeVar("R")


@dataclass(frozen=True)
class Wanted:
    """Whose rows are looked for: those with one of ``values`` in ``column``.

    Values are as :func:`~tidemill.erasing.values.spelt` gives them. ``aliases`` are what sources themselves call the
    column. ``links`` name the same rows where the column is missing (predictions have a row's `id` alone): tuples by
    columns. ``known`` are such links from an erasure that was broken
    off, as hashes.
    """

    column: str
    values: tuple[str, ...]
    fold: bool
    aliases: tuple[str, ...] = ()
    links: Mapping[_Names, frozenset[_Names]] = field(default_factory=dict)
    known: Tombstones = field(default_factory=Tombstones)

    def own(self, names: Iterable[str]) -> str | None:
        """What the column is called in a table with these columns; None where it is missing."""
        there = set(names)
        return next((one for one in (self.column, *self.aliases) if one in there), None)

    def needed(self, names: Sequence[str]) -> list[str]:
        """The columns of a table that :meth:`mask` reads; empty where nothing can name anybody."""
        raw = [RAW] if RAW in names else []
        own = self.own(names)
        if own is not None:
            return [own, *raw]
        linked = [*self.links, *(group.columns for group in self.known.groups)]
        return [*dict.fromkeys(name for columns in linked if set(columns) <= set(names) for name in columns), *raw]

    def mask(self, table: pa.Table) -> _Rows:
        """Which rows are looked for; of a table's columns at least the :meth:`needed` must be there."""
        found = np.zeros(table.num_rows, dtype=np.bool_)
        if not table.num_rows:
            return found
        own = self.own(table.column_names)
        if own is not None:
            found |= self._among(table.column(own), self.values)
        else:
            for columns, tuples in self.links.items():
                if set(columns) <= set(table.column_names):
                    found |= self.linked(table, columns, tuples)
            found |= self.known.mask(table)
        if RAW in table.column_names:
            some = set(self.values)
            lines = table.column(RAW).to_pylist()
            found |= np.array([bool(line) and not some.isdisjoint(fields(line, fold=self.fold)) for line in lines])
        return found

    def is_level(self, table: pa.Table) -> bool:
        """Whether a category knows one of the values as a level, even if no row has it."""
        own = self.own(table.column_names)
        if own is None or not pa.types.is_dictionary(table.schema.field(own).type):
            return False
        chunks = [pa.chunked_array([chunk.dictionary]) for chunk in table.column(own).chunks]
        return any(bool(self._among(chunk, self.values).any()) for chunk in chunks)

    def linked(self, table: pa.Table, columns: _Names, tuples: frozenset[_Names]) -> _Rows:
        """Which rows have one of the ``tuples`` in ``columns``."""
        found = self._among(table.column(columns[0]), sorted({one[0] for one in tuples}))
        if len(columns) > 1 and found.any():
            places = np.flatnonzero(found)
            rows = self.tuples(table.take(places), columns)
            found[places] = [row in tuples for row in rows]
        return found

    def tuples(self, table: pa.Table, columns: _Names) -> list[_Names | None]:
        """What each row has in ``columns``; None where one of them is missing."""
        texts = [said(table.column(name), fold=self.fold).to_pylist() for name in columns]
        return [None if None in row else row for row in zip(*texts, strict=True)]

    def _among(self, column: pa.ChunkedArray, values: Sequence[str]) -> _Rows:
        return np.asarray(pc.is_in(said(column, fold=self.fold), pa.array(values, pa.string())))


@dataclass(frozen=True)
class Found:
    """Rows to remove by the key of their table, what names them in other tables, and tables that can't be read."""

    rows: dict[str, int]
    links: dict[_Names, frozenset[_Names]]
    damaged: dict[str, str]


def search(store: Store, keys: Sequence[str], wanted: Wanted, linking: Sequence[_Names]) -> Found:
    """Look through the tables at ``keys``.

    The rows that the column names are found first. What ``linking`` columns hold in them then names their rows in
    tables without the column, but for what a row of somebody else has, too. Memory is for the columns in question
    of a few tables.
    """
    damaged: dict[str, str] = {}
    schemas: dict[str, list[str]] = dict(_each(store, keys, damaged, lambda file: file.schema_arrow.names))
    direct = [key for key, names in schemas.items() if wanted.own(names) is not None]
    asked = [columns for columns in linking if wanted.own(columns) is None]
    found: dict[str, int] = {}
    candidates: dict[_Names, set[_Names]] = {columns: set() for columns in asked}

    def named(file: pq.ParquetFile) -> tuple[int | None, dict[_Names, set[_Names]]]:
        names = file.schema_arrow.names
        held = [columns for columns in asked if set(columns) <= set(names)]
        needed = [*wanted.needed(names), *(name for columns in held for name in columns)]
        table = file.read(list(dict.fromkeys(needed)))
        mask = wanted.mask(table)
        if not mask.any():
            return (0 if wanted.is_level(table) else None), {}
        gone = table.filter(mask)
        return gone.num_rows, {columns: {one for one in wanted.tuples(gone, columns) if one} for columns in held}

    for key, (rows, more) in _each(store, direct, damaged, named):
        found.update({key: rows} if rows is not None else {})
        for columns, tuples in more.items():
            candidates[columns] |= tuples
    links = _nobody_elses(store, direct, wanted, schemas, {one: some for one, some in candidates.items() if some})
    linked = replace(wanted, links=links)
    others = [key for key, names in schemas.items() if key not in set(direct) and linked.needed(names)]
    count = _each(
        store, others, damaged, lambda file: int(linked.mask(file.read(linked.needed(file.schema_arrow.names))).sum())
    )
    found.update({key: rows for key, rows in count if rows})
    return Found(found, links, damaged)


def _nobody_elses(
    store: Store,
    keys: Sequence[str],
    wanted: Wanted,
    schemas: Mapping[str, Sequence[str]],
    candidates: Mapping[_Names, set[_Names]],
) -> dict[_Names, frozenset[_Names]]:
    """The candidates that no row of another person has."""
    left: dict[_Names, frozenset[_Names]] = {}
    for columns, tuples in candidates.items():
        frozen = frozenset(tuples)

        def shared(file: pq.ParquetFile, columns: _Names = columns, frozen: frozenset[_Names] = frozen) -> set[_Names]:
            mask = wanted.linked(file.read(list(columns)), columns, frozen)
            if not mask.any():
                return set()
            own = str(wanted.own(file.schema_arrow.names))
            named = file.read(list(dict.fromkeys([own, *columns]))).filter(mask)
            return {one for one in wanted.tuples(named.filter(~wanted.mask(named)), columns) if one}

        some = [key for key in keys if set(columns) <= set(schemas[key])]
        taken = {one for _, row in _each(store, some, {}, shared) for one in row}
        if frozen - taken:
            left[columns] = frozen - taken
    return left


def _each(
    store: Store, keys: Sequence[str], damaged: dict[str, str], look: Callable[[pq.ParquetFile], R]
) -> list[tuple[str, R]]:
    """What ``look`` gives of each table that can be read; a few at a time."""

    def one(key: str) -> tuple[str, R | None]:
        try:
            with store.open(key) as file:
                return key, look(pq.ParquetFile(file))
        except KeyError:
            return key, None  # somebody else removed it
        except (pa.ArrowException, OSError) as error:
            damaged[key] = f"it can't be read as Parquet ({str(error).splitlines()[0][:80]})"
            return key, None

    with ThreadPoolExecutor(_READERS) as pool:
        return [(key, made) for key, made in pool.map(one, keys) if made is not None]
