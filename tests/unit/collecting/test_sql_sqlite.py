"""SQL sources on SQLite: what its loose types become, and errors of its own."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.collecting.shops import Shop, frame_of, landed
from tidemill.connectors.selecting import one_select
from tidemill.errors import UserError
from tidemill.store import Store


def test_values_say_what_a_column_is(tmp_path: Path, memory: Store) -> None:
    shop = Shop(tmp_path / "shop", "a, b, c, d, e, f, at")
    big = 2**62 + 1
    shop.insert([(1, 1.5, "x", b"\x00\xff", None, big, None)])
    shop.insert([(2, 2, "y", b"", None, 3, "2024-01-01")] * 2)
    shop.insert([(3, 9, 7, b"x", None, 4, "2024-01-02T10:00:00Z")] * 2)
    found = landed(memory, shop.use_case(""))
    frame = frame_of(found)
    assert frame["a"].tolist() == [1, 2, 2, 3, 3]
    assert frame["b"].tolist() == [1.5, 2.0, 2.0, 9.0, 9.0]
    assert frame["c"].tolist() == ["x", "y", "y", "7", "7"]
    assert frame["d"].tolist() == ["00ff", "", "", "78", "78"]
    assert frame["e"].isna().all()
    assert frame["f"].tolist() == [big, 3, 3, 4, 4]
    assert found.notes == ("5 rows fetched", "`c` holds values of more than one type: read as text")


@pytest.mark.parametrize(
    "written",
    ["{:%Y-%m-%d %H:%M:%S}", "{:%Y-%m-%dT%H:%M:%SZ}", "{:%Y-%m-%dT%H:%M:%S+00:00}", "{:%Y-%m-%d %H:%M:%S.%f}"],
)
def test_times_in_any_spelling_are_compared_as_times(tmp_path: Path, memory: Store, written: str) -> None:
    shop = Shop(tmp_path / "shop")
    shop.insert([(hour, written.format(datetime(2024, 1, 1, hour)), 1.0) for hour in range(20)])
    use_case = shop.use_case("{column: at, overlap: 1h}")
    found = landed(memory, use_case, datetime(2024, 1, 1, 5, tzinfo=UTC), datetime(2024, 1, 1, 9, tzinfo=UTC))
    assert frame_of(found)["id"].tolist() == [5, 6, 7, 8]
    assert landed(memory, use_case).notes[0].split()[0] in ("22", "18"), "the older rows, and all from 7 h on"


def test_a_source_can_not_write(tmp_path: Path, memory: Store) -> None:
    shop = Shop(tmp_path / "shop")
    shop.insert([(1, "2024-01-01", 1.0)])
    before = shop.file.read_bytes()
    landed(memory, shop.use_case())
    assert shop.file.read_bytes() == before
    with pytest.raises(UserError, match="must be one SELECT, and begins with `PRAGMA`"):
        landed(memory, shop.use_case(what="query: 'pragma user_version = 3'"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("shop.db", r"^sources\.rows: there is no SQLite database .*/shoop\.db \(did you mean `shop\.db`\?\)"),
        ("/shop.db", "an SQLite database in memory is empty"),
        ("/shop.db', table: orders", r"no such table \(did you mean `orders`\?\)"),
    ],
)
def test_a_place_that_is_wrong(tmp_path: Path, memory: Store, change: str, said: str) -> None:
    shop = Shop(tmp_path / "shop")
    shop.insert([(1, "2024-01-01", 1.0)])
    shop.use_case()
    file = shop.folder / "usecase.yaml"
    better = {"shop.db": "shoop.db", "/shop.db": "", "/shop.db', table: orders": "/shop.db', table: order"}
    file.write_text(file.read_text().replace(change, better[change], 1))
    from tidemill.usecase import read_usecase

    with pytest.raises(UserError, match=said):
        landed(memory, read_usecase(file))


def test_junk_is_no_database_and_a_bad_text_is_named(tmp_path: Path, memory: Store) -> None:
    shop = Shop(tmp_path / "shop")
    with closing(sqlite3.connect(shop.file)) as connection, connection:
        connection.execute("insert into orders values (1, cast(x'ff41' as text), 1.0)")
    with pytest.raises(UserError, match=r"a text that is not UTF-8: read that column as `hex\(column\)`"):
        landed(memory, shop.use_case())
    shop.file.write_bytes(b"junk" * 1000)
    with pytest.raises(UserError, match="it is no SQLite database, or a damaged one"):
        landed(memory, shop.use_case())


PIECES = st.lists(
    st.sampled_from(
        ["select", "with", "delete", "insert", "x", "1", ",", "(", ")", ";", "'", '"', "--", "\n", "/*", "*/", "$$",
         "$a$", "from", "as", "[", "]", "`", " ", "'a;b'", "é", "\0", "E'\\'"]
    ),
    max_size=25,
)  # fmt: skip


@given(PIECES)
def test_any_text_is_taken_or_refused_and_never_runs_two_statements(pieces: list[str]) -> None:
    text = " ".join(pieces)
    with suppress(UserError), closing(sqlite3.connect(":memory:")) as connection:
        query = one_select(text, "the query")
        assert query.strip()
        connection.set_authorizer(_only_reading)
        with suppress(sqlite3.Error, ValueError):
            connection.execute(query).fetchall()


def _only_reading(action: int, *_: object) -> int:
    assert action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE)
    return sqlite3.SQLITE_OK
