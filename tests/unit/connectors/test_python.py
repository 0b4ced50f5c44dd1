from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tidemill.connectors.python import PythonConnector
from tidemill.errors import TransientError, UserError

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "usecases" / "shop"
    made.mkdir(parents=True)
    return made


def tables(folder: Path, text: str, since: Any = None, until: Any = None) -> list[pa.Table]:
    (folder.parent.parent / "orders.py").write_text(text)
    return list(PythonConnector("orders:rows", folder, None).pages(since, until))


def rows(folder: Path, text: str, since: Any = None, until: Any = None) -> list[dict[str, Any]]:
    return [row for table in tables(folder, text, since, until) for row in table.to_pylist()]


HEAD = "import pandas as pd, numpy as np, pyarrow as pa, datetime as dt, decimal, uuid, enum\n"
TWO = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]


@pytest.mark.parametrize(
    "body",
    [
        "return pd.DataFrame({'a': [1, 2], 'b': ['x', 'y']})",
        "return pd.DataFrame({'b': ['x', 'y']}, index=pd.Index([1, 2], name='a'))[['b']]",
        "return pa.table({'a': [1, 2], 'b': ['x', 'y']})",
        "return pa.RecordBatch.from_pydict({'a': [1, 2], 'b': ['x', 'y']})",
        "return pa.table({'a': [1, 2], 'b': ['x', 'y']}).to_reader(1)",
        "return [{'a': 1, 'b': 'x'}, {'a': 2, 'b': 'y'}]",
        "return iter([{'a': 1, 'b': 'x'}, {'a': 2, 'b': 'y'}])",
        "return ({'a': a, 'b': b} for a, b in [(1, 'x'), (2, 'y')])",
        "return [pd.DataFrame({'a': [1], 'b': ['x']}), [{'a': 2, 'b': 'y'}]]",
        "yield {'a': 1, 'b': 'x'}\n    yield pa.table({'a': [2], 'b': ['y']})",
        "yield [{'a': 1, 'b': 'x'}, {'a': 2, 'b': 'y'}]\n    yield []",
        "yield pd.DataFrame({'a': [], 'b': []})\n    yield pd.DataFrame({'a': [1, 2], 'b': ['x', 'y']})",
    ],
)
def test_frames_tables_and_records_are_rows(folder: Path, body: str) -> None:
    assert rows(folder, f"{HEAD}def rows():\n    {body}\n") == TWO


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("np.int64(3)", 3),
        ("np.float32(0.5)", 0.5),
        ("np.bool_(True)", True),
        ("np.str_('x')", "x"),
        ("np.datetime64('2026-01-02T03:04:05.123456789')", datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=UTC)),
        ("pd.Timestamp('2026-01-02 03:04', tz='Asia/Jakarta')", datetime(2026, 1, 1, 20, 4, tzinfo=UTC)),
        ("pd.NaT", None),
        ("pd.NA", None),
        ("np.nan", None),
        ("decimal.Decimal('1.5')", 1.5),
        ("dt.date(2026, 1, 2)", datetime(2026, 1, 2, tzinfo=UTC)),
        ("dt.datetime(2026, 1, 2)", datetime(2026, 1, 2, tzinfo=UTC)),
        ("dt.time(3, 4)", "03:04:00"),
        ("b'\\xff'", "ff"),
        ("uuid.UUID(int=1)", "00000000-0000-0000-0000-000000000001"),
        ("enum.Enum('E', {'X': 'x'}, type=str).X", "x"),
        ("[1, dt.date(2026, 1, 2)]", '[1, "2026-01-02"]'),
        ("10**30", str(10**30)),
    ],
)
@pytest.mark.parametrize("frame", [False, True])
def test_values_of_every_library_are_read(folder: Path, value: str, wanted: Any, frame: bool) -> None:
    given = (
        f"pd.DataFrame({{'id': [1], 'a': pd.Series([{value}], dtype=object)}})"
        if frame
        else f"[{{'id': 1, 'a': {value}}}]"
    )
    assert rows(folder, f"{HEAD}def rows():\n    return {given}\n") == [{"id": 1, "a": wanted}]


def test_objects_in_records_and_structs_in_tables_become_dotted_columns(folder: Path) -> None:
    assert rows(folder, "def rows():\n    yield {'who': {'name': 'Ann'}}\n") == [{"who.name": "Ann"}]
    assert rows(folder, f"{HEAD}def rows():\n    return pa.table({{'who': [{{'name': 'Ann'}}]}})\n") == [
        {"who.name": "Ann"}
    ]


@pytest.mark.parametrize(
    ("takes", "gets"),
    [
        ("", {}),
        ("since=None", {"since": SINCE}),
        ("until, since", {"since": SINCE, "until": 5}),
        ("**more", {"since": SINCE, "until": 5}),
        ("*, until", {"until": 5}),
        ("limit=3", {}),
    ],
)
def test_it_is_given_the_limits_that_it_takes(folder: Path, takes: str, gets: dict[str, Any]) -> None:
    text = f"def rows({takes}):\n    found = dict(locals())\n    found.update(found.pop('more', {{}}))\n    yield {{'got': sorted(f'{{k}}={{v}}' for k, v in found.items() if k != 'limit')}}\n"
    (row,) = rows(folder, text, SINCE, 5)
    assert row["got"] == str(sorted(f"{name}={value}" for name, value in gets.items())).replace("'", '"')


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("pass", "gives nothing (does it `return` or `yield`?)"),
        ("return 5", "gives a int"),
        ("return 'rows.csv'", "gives text"),
        ("return {'a': [1, 2]}", "gives a dict"),
        ("yield 1", "gives a int among its rows"),
        ("yield None", "gives nothing"),
        ("yield {'a': 1}\n    yield 'x'", "gives text among its rows"),
        ("return [[1, 2]]", "gives a int among its rows"),
        ("yield {'a': 1}\n    raise KeyError('b')", "orders.py, line 3): KeyError: 'b'"),
        ("return open('nowhere.csv')", "orders.py, line 2): FileNotFoundError"),
        ("exit(3)", "orders.py, line 2): SystemExit: 3"),
        ("yield {'a.b': 1, 'a': {'b': 2}}", "two values called `a.b`"),
    ],
)
def test_what_is_no_table_and_no_record_is_named(folder: Path, body: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        rows(folder, f"def rows():\n    {body}\n")
    assert said in str(caught.value)
    assert "orders:rows" in str(caught.value)


def test_async_functions_and_ones_that_ask_for_more_are_refused(folder: Path) -> None:
    for text in ("async def rows():\n    return []\n", "async def rows():\n    yield {}\n"):
        with pytest.raises(UserError, match="is `async`, and a source can't be"):
            rows(folder, text)
    with pytest.raises(UserError, match=r"asks for `shop`, and it is given `since` and `until` at most"):
        rows(folder, "def rows(shop, since=None):\n    return []\n")


def test_what_it_raises_to_be_tried_again_is(folder: Path) -> None:
    with pytest.raises(TransientError, match=r"orders\.py, line 2"):
        rows(folder, "def rows():\n    raise ConnectionRefusedError('shut')\n")


def test_a_frame_without_rows_says_nothing_of_types(folder: Path) -> None:
    (table,) = tables(folder, f"{HEAD}def rows():\n    return pd.DataFrame({{'a': [], 'b': []}})\n")
    assert table.schema == pa.schema({"a": pa.null(), "b": pa.null()})


def test_records_come_in_tables_of_bounded_size(folder: Path) -> None:
    found = tables(folder, "def rows():\n    for number in range(50_000):\n        yield {'a': number}\n")
    assert [table.num_rows for table in found] == [20_000, 20_000, 10_000]


def test_nothing_runs_before_the_first_page_is_asked_for(folder: Path) -> None:
    pages = PythonConnector("nowhere:rows", folder, None).pages(None, None)
    with pytest.raises(UserError, match=r"there is no nowhere\.py in"):
        next(pages)
