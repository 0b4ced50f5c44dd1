"""SQL sources on a real PostgreSQL: types, limits, and what each error says."""

from __future__ import annotations

import json
import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.servers import Database
from tests.unit.collecting.shops import landed
from tests.unit.data.cases import case
from tidemill.connectors import connector_of
from tidemill.errors import TransientError, UserError
from tidemill.store import Store
from tidemill.usecase import UseCase

START = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def password(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PASSWORD", "a p@ss/word: of tests")


def sql_case(
    folder: Path,
    database: Database,
    what: str = "table: orders",
    *,
    more: str = "",
    query: str | None = None,
    time: str | None = None,
    change: tuple[str, str] = ("", ""),
) -> UseCase:
    url = database.server.url(database.name, password="${DB_PASSWORD}")
    sql = f"sql: {{url: '{url}', {what}}}" if query is None else f"sql:\n      url: '{url}'\n      query: {query}"
    text = f"sources:\n  rows:\n    {sql}\n{more}" + (f"time: {time}\n" if time else "")
    return case(folder, text.replace(*change))


def test_every_type_becomes_a_plain_one(database: Database, tmp_path: Path, memory: Store) -> None:
    database.run(
        """CREATE TABLE orders (id bigint primary key, i int, f float8, n numeric(40, 3), s text, b bool, d date,
        t timestamp, z timestamptz, bytes bytea, u uuid, a int[], j jsonb, span interval, clock time, none int, y int)""",
        """INSERT INTO orders VALUES (9007199254740993, 7, 'NaN', 12345678901234567890.125, 'née', true, '2024-02-29',
        '2024-01-01 10:00:00.123456', '2024-01-01 10:00+02', '\\x00ff', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{1,2}',
        '{"a": [1.5, null]}', '1 day 02:00', '01:02:03', null, 1)""",
        "INSERT INTO orders (id, y) VALUES (1, 0)",
    )
    (frame,) = landed(memory, sql_case(tmp_path, database)).frames(10)
    assert frame["id"].tolist() == [1, 9007199254740993]
    row = frame.iloc[1]
    assert (row["i"], row["n"], row["s"], row["b"], row["y"]) == (7.0, 12345678901234567890.125, "née", True, 1)
    assert str(row["d"]) == "2024-02-29 00:00:00+00:00"
    assert str(row["t"]) == "2024-01-01 10:00:00.123456+00:00"
    assert str(row["z"]) == "2024-01-01 08:00:00+00:00"
    assert (row["bytes"], row["u"]) == ("00ff", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")
    assert (row["a"], row["j"]) == ("[1, 2]", '{"a": [1.5, null]}')
    assert (row["span"], row["clock"]) == ("1 day, 2:00:00", "01:02:03")
    assert frame["f"].isna().all()
    assert frame["none"].isna().all()


def test_a_query_is_taken_as_it_is_written(database: Database, tmp_path: Path, memory: Store) -> None:
    database.run("CREATE TABLE orders (id int, t text, y int)", "INSERT INTO orders VALUES (1, 'a 5%% off: 12:30', 1)")
    query = """|
        -- it's a comment; with a semicolon
        SELECT id, t, '12:30'::text AS clock, y AS "Update" FROM orders WHERE t LIKE '%5%% off:%' OR t = ';' ;"""
    (frame,) = landed(memory, sql_case(tmp_path, database, query=query)).frames(10)
    assert frame.iloc[0].tolist() == [1, "a 5% off: 12:30", "12:30", 1]


def test_limits_are_asked_of_the_database(database: Database, tmp_path: Path, memory: Store) -> None:
    database.run(
        'CREATE TABLE orders (id int PRIMARY KEY, "createdAt" timestamptz NOT NULL, day date, naive timestamp, y int)',
        "INSERT INTO orders SELECT n, timestamptz '2024-01-01 00:00+00' + n * interval '1 h', "
        "date '2024-01-01' + n / 24, timestamp '2024-01-01' + n * interval '1 h', 1 FROM generate_series(0, 99) n",
    )
    for column in ("createdAt", "naive", "day"):
        lake = Store(f"{memory.url}/{column}")
        use_case = sql_case(
            tmp_path, database, more=f"    incremental: {{column: {column}, overlap: 1h}}\n", time=column
        )
        window = landed(lake, use_case, since=START + timedelta(hours=24), until=START + timedelta(hours=72))
        assert [window.rows, window.notes[0].split()[0]] == [48, "48"]
        found = landed(lake, use_case)
        assert found.rows == 100
    database.run("UPDATE orders SET y = 2, \"createdAt\" = '2024-02-01' WHERE id = 7")
    changed = landed(
        Store(f"{memory.url}/createdAt"),
        sql_case(tmp_path, database, more="    incremental: {column: createdAt, overlap: 1h}\n", time="createdAt"),
    )
    assert changed.notes[0] == "3 rows fetched, 2 of them there already"


def test_a_numeric_or_whole_mark(database: Database, tmp_path: Path, memory: Store) -> None:
    database.run("CREATE TABLE orders (id numeric(20, 4), y int)", "INSERT INTO orders VALUES (0.1, 1), (0.2, 1)")
    use_case = sql_case(tmp_path, database, more="    incremental: {column: id}\n")
    landed(memory, use_case)
    database.run("INSERT INTO orders VALUES (0.2, 5), (0.3, 1)")
    assert landed(memory, use_case).rows == 4


def test_memory_holds_a_chunk_not_the_table(database: Database, tmp_path: Path, memory: Store) -> None:
    database.run("CREATE TABLE orders AS SELECT n AS id, repeat('x', 500) AS t, 1 AS y FROM generate_series(1, 5000) n")
    pages = connector_of(sql_case(tmp_path, database, "table: orders, chunk_rows: 700"), "rows").pages(None, None)
    assert [page.num_rows for page in pages] == [700] * 7 + [100]
    with database.engine.begin() as connection:
        held = connector_of(sql_case(tmp_path, database, "table: orders, chunk_rows: 700"), "rows").pages(None, None)
        next(held)
        active = "SELECT query FROM pg_stat_activity WHERE state = 'idle in transaction' AND query LIKE '%%FETCH%%'"
        assert connection.exec_driver_sql(active).fetchall(), "there is no cursor on the server"
        held.close()  # type: ignore[attr-defined]


def test_a_server_that_goes_away_in_the_middle_may_come_back(database: Database, tmp_path: Path, memory: Store) -> None:
    database.run("CREATE TABLE orders AS SELECT n AS id, 1 AS y FROM generate_series(1, 5000) n")
    use_case = sql_case(tmp_path, database, "table: orders, chunk_rows: 100")
    pages = connector_of(use_case, "rows").pages(None, None)
    next(pages)
    database.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    with pytest.raises(TransientError, match="table `orders`: the server went away or is busy"):
        list(pages)
    assert memory.list() == []


def test_a_table_that_vanished_leaves_what_was_landed(database: Database, tmp_path: Path, memory: Store) -> None:
    database.run("CREATE TABLE orders (id int, y int)", "INSERT INTO orders VALUES (1, 1)")
    use_case = sql_case(tmp_path, database, more="    incremental: {column: id}\n")
    landed(memory, use_case)
    before = memory.list()
    database.run("ALTER TABLE orders RENAME TO order_items")
    with pytest.raises(UserError, match=r"^sources\.rows: .*table `orders`: there is no such table"):
        landed(memory, use_case)
    assert memory.list() == before


WRONG_QUERIES = [
    ("select idd from orders", "there is no such column"),
    ("select id from ordrs", "there is no such table"),
    ("select id frm orders", "can't be understood"),
    ("delete from orders", "must be one SELECT, and begins with `DELETE`"),
    ("truncate orders", "must be one SELECT"),
    ("explain select 1", "must be one SELECT"),
    (" -- select 1", "must be one SELECT. To read a whole table"),
    ("with x as (delete from orders returning *) select * from x", "holds `DELETE`"),
    ("select * into copies from orders", "holds `INTO`"),
    ("select * from orders for update", "holds `UPDATE`"),
    ("select 1; drop table orders", "more than one statement"),
    ("select 1 /* ; */; -- ;\n drop table orders", "more than one statement"),
    ("select nextval('numbers')", "the query writes"),
    ("select id, id from orders", "two columns called `id`"),
    ("select '0044-03-15 BC'::date as d", "a value that can't be read"),
    ("select pg_sleep(9)", "took too long"),
]


@pytest.mark.parametrize(("query", "said"), WRONG_QUERIES, ids=[said for _, said in WRONG_QUERIES])
def test_a_query_that_is_wrong_changes_nothing(
    database: Database, tmp_path: Path, memory: Store, query: str, said: str
) -> None:
    database.run(
        "CREATE TABLE orders (id int, y int)",
        "INSERT INTO orders VALUES (1, 1)",
        "CREATE SEQUENCE numbers",
        f"ALTER DATABASE {database.name} SET statement_timeout = '300ms'",
    )
    with pytest.raises(UserError, match=said):
        landed(memory, sql_case(tmp_path, database, query=json.dumps(query)))
    assert memory.list() == []
    assert database.rows("SELECT count(*), (SELECT is_called FROM numbers) FROM orders") == [(1, False)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("postgres:${DB_PASSWORD}", "postgres:${WRONG}"), "does not accept the user or the password"),
        (("postgres:${DB_PASSWORD}", "nobody:${WRONG}"), "does not accept the user or the password"),
        (("postgres:${DB_PASSWORD}", "poor:${WRONG}"), "has no right to read it"),
        (("postgres:${DB_PASSWORD}", "postgres:${NOT_SET}"), r"`\$\{NOT_SET\}` is not set: put NOT_SET into"),
        (("postgres:${DB_PASSWORD}", "${secret:shop}"), "is a Prefect Secret block, and they are read in a flow's run"),
        (("tests_", "no_tests_"), "there is no such database at 127.0.0.1"),
        (("127.0.0.1", "no-such-host.invalid"), "there is no host no-such-host.invalid"),
        (("127.0.0.1", "127.0.0.9"), r"nothing answers at 127.0.0.9:\d+: start the server, or mend host and port"),
        (("postgresql:", "postgres:"), r"no database `postgres` \(did you mean `postgresql`\?\)"),
        (("postgresql:", "postgresql+asyncpg:"), "is a driver for asyncio"),
        (("postgresql:", "mysql:"), "the driver `MySQLdb` is not installed: install `mysqlclient`"),
        (("127.0.0.1:", "127.0.0.1:x"), "is no URL of SQLAlchemy"),
        (("table: orders", "table: ordrs"), r"no such table \(did you mean `orders`\?\)"),
        (("table: orders", "table: shop.orders"), "no such table"),
    ],
)
def test_an_address_that_is_wrong_is_explained(
    database: Database,
    tmp_path: Path,
    memory: Store,
    monkeypatch: pytest.MonkeyPatch,
    change: tuple[str, str],
    said: str,
) -> None:
    monkeypatch.setenv("WRONG", "a-very-wrong-secret")
    database.run("CREATE TABLE orders (id int, y int)", "INSERT INTO orders VALUES (1, 1)")
    database.run("DROP ROLE IF EXISTS poor", "CREATE ROLE poor LOGIN PASSWORD 'a-very-wrong-secret'")
    use_case = sql_case(tmp_path, database, change=change)
    with pytest.raises(UserError, match=said) as caught:
        landed(memory, use_case)
    told = "".join(traceback.format_exception(caught.value))
    assert not any(secret in told for secret in ("a-very-wrong-secret", "a p@ss", "a%20p"))
    assert str(caught.value).startswith("sources.rows: ")
