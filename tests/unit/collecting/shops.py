"""A small SQLite database that use cases collect from, and fresh lakes."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pandas as pd

from tests.unit.data.cases import case
from tidemill.collecting import land
from tidemill.collecting.landed import Landed
from tidemill.store import Store
from tidemill.usecase import UseCase

__all__ = ["Shop", "frame_of", "landed"]


class Shop:
    """``orders(id, at, amount)`` in ``shop.db``; `at` is text, as SQLite has it."""

    def __init__(self, folder: Path, columns: str = "id integer primary key, at text, amount real") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.file = folder, folder / "shop.db"
        self.run(f"create table orders ({columns})")

    def run(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.file)) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    def insert(self, rows: Sequence[Sequence[object]], table: str = "orders") -> None:
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            with closing(sqlite3.connect(self.file)) as connection, connection:
                connection.executemany(f"insert into {table} values ({marks})", rows)

    def use_case(self, incremental: str = "{column: at}", more: str = "", what: str = "table: orders") -> UseCase:
        """A use case that reads it; ``incremental`` empty leaves that out, ``more`` is more YAML of the source."""
        said = f"    incremental: {incremental}\n" if incremental else ""
        text = f"sources:\n  rows:\n    sql: {{url: 'sqlite:///shop.db', {what}, chunk_rows: 3}}\n{said}{more}"
        return case(self.folder, f"{text}time: at\n", target="{column: amount}")


def landed(store: Store, use_case: UseCase, since: datetime | None = None, until: datetime | None = None) -> Landed:
    return land(store, use_case, since=since, until=until)["rows"]


def frame_of(found: Landed) -> pd.DataFrame:
    return pd.concat(list(found.frames(1000)), ignore_index=True)
