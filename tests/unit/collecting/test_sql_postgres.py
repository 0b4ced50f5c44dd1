"""SQL sources on a real PostgreSQL: types, limits, and what each error says."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.servers import Database
from tests.unit.data.cases import case
from tidemill.collecting import land
from tidemill.collecting.landed import Landed
from tidemill.store import Store
from tidemill.usecase import UseCase

START = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def password(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PASSWORD", "a p@ss/word: of tests")


def sql_case(folder: Path, database: Database, what: str = "table: orders", more: str = "", text: str = "") -> UseCase:
    url = database.server.url(database.name, password="${DB_PASSWORD}")
    return case(folder, f"sources:\n  rows:\n    sql: {{url: '{url}', {what}}}\n{more}{text}", target="{column: y}")


def landed(store: Store, use_case: UseCase, **limits: datetime | None) -> Landed:
    return land(store, use_case, **limits)["rows"]


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
