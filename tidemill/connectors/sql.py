"""A table, or what a query gives, of any database that SQLAlchemy speaks to, in chunks through one cursor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from tidemill.connectors.base import Mark
from tidemill.connectors.database_errors import told
from tidemill.connectors.selecting import one_select
from tidemill.connectors.values import page_of
from tidemill.errors import TidemillError, UserError, did_you_mean
from tidemill.secrets import revealed_url
from tidemill.store import shown
from tidemill.usecase.schema import Incremental, Sql

__all__ = ["SqlConnector"]

_CONNECT_SECONDS = 10
_POSTGRES = {"connect_timeout": _CONNECT_SECONDS, "keepalives_idle": 30, "keepalives_interval": 10}
_SLACK = 2e-5  # days: SQLite's own reckoning of times is good to a millisecond


class SqlConnector:
    """One ``sql`` source. Connects when pages are asked for; reads only, in a transaction that can't write."""

    refused = ()

    def __init__(self, sql: Sql, incremental: Incremental | None, folder: Path) -> None:
        """``folder`` is where a relative path of SQLite starts. Raises UserError for a query that is no SELECT."""
        self._sql, self._folder = sql, folder
        self._column = incremental.column if incremental else None
        what = f"table `{sql.table}`" if sql.table else "the query"
        self.where = f"{shown(sql.url)}, {what}"
        self._query = None if sql.query is None else one_select(sql.query, self.where)

    def pages(self, since: Mark | None, until: Mark | None) -> Iterator[pa.Table]:
        """The rows, ``chunk_rows`` at a time, in order of the mark and the primary key where there are any."""
        with self._told(), self._connection() as connection:
            statement = self._statement(connection, since, until)
            size = self._sql.chunk_rows
            with connection.execution_options(stream_results=True, yield_per=size).execute(statement) as result:
                names = list(result.keys())
                empty = True
                for rows in result.partitions(size):
                    empty = False
                    yield page_of(names, rows)
                if empty:
                    yield page_of(names, [])

    @cached_property
    def _engine(self) -> sa.Engine:
        try:
            url = sa.make_url(revealed_url(self._sql.url))
        except ValueError:  # a port that is no number
            raise sa.exc.ArgumentError from None
        arguments: dict[str, Any] = {}
        if url.get_backend_name() == "sqlite":
            url = _read_only(url, self._folder)
        if url.get_backend_name() == "postgresql":
            arguments = {name: value for name, value in _POSTGRES.items() if name not in url.query}
        engine = sa.create_engine(url, poolclass=NullPool, connect_args=arguments, hide_parameters=True)
        if engine.dialect.is_async:
            raise UserError(f"{self.where}: `{url.drivername}` is a driver for asyncio: leave out what follows the `+`")
        return engine

    @contextmanager
    def _connection(self) -> Iterator[sa.Connection]:
        """A connection whose transaction reads only, and whose times are UTC."""
        with self._engine.connect() as connection:
            name = connection.dialect.name
            if name == "postgresql":
                connection.execution_options(postgresql_readonly=True)
                connection.exec_driver_sql("SET TIME ZONE 'UTC'")
            elif name in ("mysql", "mariadb"):
                connection.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
            yield connection

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What SQLAlchemy and the driver raise, in Tidemill's own errors."""
        try:
            yield
        except TidemillError:
            raise
        except Exception as error:
            raise told(error, self.where, self._sql.url) from None

    def _statement(self, connection: sa.Connection, since: Mark | None, until: Mark | None) -> sa.Executable:
        if self._query is not None and self._column is None:
            return sa.text(_literal(self._query))
        rows: sa.FromClause | sa.TextClause
        keys: list[str] = []
        gaps = True
        if self._sql.table is not None:
            name, schema = _split(self._sql.table)
            keys, nullable = self._look(connection, name, schema)
            gaps = self._column in nullable
            rows = sa.table(name, schema=schema)
        else:
            assert self._query is not None
            rows = sa.text(f"({_literal(self._query)}\n) tidemill_rows")
        statement: sa.Select[Any] = sa.select(sa.literal_column("*")).select_from(rows)
        ordered: list[sa.ColumnClause[Any]] = [sa.column(key) for key in keys]
        if self._column is None:
            return statement.order_by(*ordered)
        mark: sa.ColumnClause[Any] = sa.column(self._column)
        inside = self._limits(connection, statement, mark, since, until)
        if inside:
            statement = statement.where(sa.or_(mark.is_(None), sa.and_(*inside)) if gaps else sa.and_(*inside))
        return statement.order_by(mark, *ordered)

    def _look(self, connection: sa.Connection, name: str, schema: str | None) -> tuple[list[str], set[str]]:
        """The table's primary key, and its columns that may be null. Raises UserError when there is no such table."""
        found = sa.inspect(connection)
        if not found.has_table(name, schema):
            known = [*found.get_table_names(schema), *found.get_view_names(schema)]
            raise UserError(f"{self.where}: there is no such table{did_you_mean(name, known)}: mend `table`")
        keys = found.get_pk_constraint(name, schema).get("constrained_columns") or []
        return list(keys), {one["name"] for one in found.get_columns(name, schema) if one.get("nullable", True)}

    def _limits(
        self,
        connection: sa.Connection,
        statement: sa.Select[Any],
        mark: sa.ColumnClause[Any],
        since: Mark | None,
        until: Mark | None,
    ) -> list[sa.ColumnElement[bool]]:
        """The limits as conditions. None where they are moments and the column holds numbers: then all rows come."""
        with connection.execute(statement.where(sa.false())) as result:
            names, types = list(result.keys()), [one[1] for one in result.cursor.description]
        if mark.name not in names:
            raise UserError(f"{self.where}: there is no column `{mark.name}`{did_you_mean(mark.name, names)}")
        moments = isinstance(since, datetime) or isinstance(until, datetime)
        if moments and connection.dialect.name == "sqlite":
            return _sqlite_limits(mark, since, until)
        if moments and connection.dialect.dbapi is not None:
            number = getattr(connection.dialect.dbapi, "NUMBER", None)
            if number is not None and number == types[names.index(mark.name)]:
                return []
        dialect = connection.dialect.name
        least = [] if since is None else [mark >= _bound(since, dialect)]
        return least if until is None else [*least, mark < _bound(until, dialect)]


def _read_only(url: sa.URL, folder: Path) -> sa.URL:
    """The URL of an SQLite file, opened for reading only. Raises UserError when there is none."""
    if url.database in (None, "", ":memory:"):
        raise UserError("an SQLite database in memory is empty: give its file, as in `sqlite:///shop.db`")
    assert url.database is not None
    if url.database.startswith("file:"):
        return url
    file = (folder / url.database).absolute()
    if not file.is_file():
        near = [other.name for other in file.parent.iterdir()] if file.parent.is_dir() else []
        raise UserError(f"there is no SQLite database {file}{did_you_mean(file.name, near)}: mend the path")
    return url.set(database=file.as_uri(), query={**url.query, "mode": "ro", "uri": "true"})


def _split(table: str) -> tuple[str, str | None]:
    schema, _, name = table.rpartition(".")
    return name, schema or None


def _literal(query: str) -> str:
    """The query as SQLAlchemy takes it, with no colon of it the start of a parameter."""
    return query.replace(":", "\\:")


def _bound(limit: Mark, dialect: str) -> Any:
    """A limit as the database compares it: moments without an offset are UTC, but PostgreSQL knows offsets."""
    if not isinstance(limit, datetime) or dialect == "postgresql":
        return limit
    return limit.astimezone(UTC).replace(tzinfo=None)


def _sqlite_limits(mark: sa.ColumnClause[Any], since: Mark | None, until: Mark | None) -> list[sa.ColumnElement[bool]]:
    """SQLite keeps times as text in several forms, which it can read itself. What it can't read comes too."""
    day = sa.func.julianday
    known = []
    if since is not None:
        known.append(day(mark) >= day(str(since)) - _SLACK)
    if until is not None:
        known.append(day(mark) < day(str(until)) + _SLACK)
    return [sa.or_(sa.func.typeof(mark) != "text", day(mark).is_(None), sa.and_(*known))]
