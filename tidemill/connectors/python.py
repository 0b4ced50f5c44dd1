"""Rows that a function of the project makes: frames, Arrow tables or records, for what has no connector."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from tidemill.connectors.base import Mark
from tidemill.connectors.records import column_of, flattened, tables_of
from tidemill.entrypoints import EntryPoint, load
from tidemill.errors import UserError
from tidemill.usecase.sources import Incremental

__all__ = ["PythonConnector"]

_MEND = "return or yield DataFrames, Arrow tables, or records (dicts)"


class PythonConnector:
    """What a function gives. It is called with ``since`` and ``until`` when it takes arguments of these names."""

    refused = ()

    def __init__(self, entry: str, folder: Path, incremental: Incremental | None) -> None:
        self._entry = entry
        self._folder = folder
        self._incremental = incremental

    @property
    def where(self) -> str:
        """The function, as the use case names it."""
        return self._entry

    def pages(self, since: Mark | None, until: Mark | None) -> Iterator[pa.Table]:
        """What the function gives, as tables: records that come one by one by the 20,000.

        Raises :exc:`UserError` for what goes wrong in it, with its line, and for what is no table and no record.
        What it raises of Tidemill's own errors passes, so a TransientError of its is tried again.
        """
        function = load(self._entry, self._folder)
        given = self._call(function, {"since": since, "until": until})
        yield from self._tables(function, given)

    def _call(self, function: EntryPoint, limits: Mapping[str, Mark | None]) -> Any:
        """Call the function with those of ``limits`` that it takes."""
        if inspect.iscoroutinefunction(function.function) or inspect.isasyncgenfunction(function.function):
            raise UserError(f"`{self._entry}` is `async`, and a source can't be: {_MEND}")
        try:
            taken = inspect.signature(function.function).parameters.values()
        except (TypeError, ValueError):
            return function()
        anything = any(one.kind is one.VAR_KEYWORD for one in taken)
        named = {one.name for one in taken if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)}
        fixed = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        needed = [one.name for one in taken if one.default is one.empty and one.kind not in fixed]
        beyond = [name for name in needed if name not in limits or name not in named]
        if beyond:
            given = "it is given `since` and `until` at most"
            raise UserError(f"`{self._entry}` asks for `{beyond[0]}`, and {given}: give the argument a default")
        return function(**{name: value for name, value in limits.items() if anything or name in named})

    def _tables(self, function: EntryPoint, given: Any) -> Iterator[pa.Table]:
        """Tables as they come, and the records between them in tables of their own."""
        if given is None or isinstance(given, str | bytes | Mapping) or not _is_many(given):
            raise UserError(f"`{self._entry}` gives {_spoken(given)}: {_MEND}")
        waiting: list[dict[str, Any]] = []
        for item in [given] if _is_table(given) else _items(function, given):
            if _is_table(item):
                yield from tables_of(waiting)
                waiting = []
                yield _arrow(function, item)
            else:
                waiting += self._rows(item)
            if len(waiting) >= 20_000:
                yield from tables_of(waiting)
                waiting = []
        yield from tables_of(waiting)

    def _rows(self, item: Any) -> list[dict[str, Any]]:
        """A record, or a list of them, as flat rows."""
        records = item if isinstance(item, list | tuple) else [item]
        for record in records:
            if not isinstance(record, Mapping):
                raise UserError(f"`{self._entry}` gives {_spoken(record)} among its rows: {_MEND}")
        try:
            return [flattened(record) for record in records]
        except KeyError as twice:
            said = f"a record with two values called `{twice.args[0]}`"
            raise UserError(f"`{self._entry}` gives {said}: rename one of them") from None


def _is_table(given: Any) -> bool:
    """Whether it is held in memory as a whole; a stream of Arrow's is many tables."""
    return isinstance(given, pa.RecordBatch) or (
        hasattr(given, "__arrow_c_stream__") and not isinstance(given, pa.RecordBatchReader)
    )


def _is_many(given: Any) -> bool:
    return _is_table(given) or isinstance(given, Iterable)


def _items(function: EntryPoint, given: Iterable[Any]) -> Iterator[Any]:
    """What comes out, one by one, while the function's own code runs."""
    with function.blamed():
        items = iter(given)
    while True:
        with function.blamed():
            try:
                item = next(items)
            except StopIteration:
                return
        yield item


def _arrow(function: EntryPoint, table: Any) -> pa.Table:
    """A frame or table of any library that speaks Arrow; structs become dotted columns."""
    import pandas as pd

    if isinstance(table, pd.DataFrame):
        return _of_frame(table, function.entry)
    with function.blamed():
        arrow = pa.Table.from_batches([table]) if isinstance(table, pa.RecordBatch) else pa.table(table)
    return arrow.flatten()


def _of_frame(frame: Any, entry: str) -> pa.Table:
    """A DataFrame, with an index that has a name as columns. Columns of objects are typed by their values, and those of
    no rows not at all.
    """
    if any(name is not None for name in frame.index.names):
        twice = [name for name in frame.index.names if name in frame.columns]
        if twice:
            raise UserError(f"`{entry}` gives a frame whose index is called `{twice[0]}`, as is a column: rename one")
        frame = frame.reset_index()
    arrays = [
        column_of(list(column)) if column.dtype == object or frame.empty else pa.Array.from_pandas(column)
        for _, column in frame.items()
    ]
    return pa.Table.from_arrays(arrays, names=[str(name) for name in frame.columns])


def _spoken(given: Any) -> str:
    if given is None:
        return "nothing (does it `return` or `yield`?)"
    if isinstance(given, str | bytes):
        return "text"
    return f"a {type(given).__name__}"
