"""What an API's answers hold: rows out of whatever body comes, or an error in plain words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.misbehaving import Api, Clock, Reply
from tests.unit.connectors.scripts import VALUES, fetched, http, items, said, scripted
from tidemill.connectors.http import HttpConnector
from tidemill.errors import TidemillError, TransientError

pytestmark = pytest.mark.usefixtures("fresh")


@pytest.mark.parametrize(
    ("body", "records", "words"),
    [
        (b"<!doctype html><title>Sign in</title>", "", ["HTML", "sign in", "http.headers"]),
        (b"OK, all good", "", ["not JSON", "OK, all good"]),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "", ["not JSON"]),
        ({"data": {"items": [], "count": 0}}, "data.itmes", ["`data.itmes`", "did you mean `data.items`?"]),
        ({"data": {"items": []}}, "", ["an object, not a list", "`data.items`", "http.records"]),
        ({"data": {"items": {"a": 1}}}, "data.items", ["at `data.items` is an object", "no list"]),
        ({"error": "quota used up"}, "data", ["nothing at `data`", "quota used up"]),
        ({}, "data", ["nothing at `data`"]),
        ([], "data", ["nothing at `data`", "a list"]),
        ("hello", "", ["`hello`, not a list"]),
        (5, "", ["`5`, not a list"]),
        ([[1, 2]], "", ["1 of 1 records can't be read (page 1, record 1: it is no object: `[1, 2]`)"]),
        ([{"a": 1}, None, 7], "", ["2 of 3 records can't be read (page 1, record 2: it is no object: `null`)"]),
        ([{"a.b": 1, "a": {"b": 2}}], "", ["two values called `a.b`"]),
        (b'{"items": [}' + b" " * 20 + b"1]}", "items", ["JSON is broken", "line 1, character 12"]),
        (b'[{"a": "\xff\xfe"}]', "", ["not UTF-8"]),
        (b"[" * 100_000, "", ["nested too deeply"]),
        (b'[{"a":' + b"[" * 2000 + b"]" * 2000 + b"}]", "", ["nested too deeply"]),
    ],
)
def test_what_is_no_list_of_records_is_named(server: Api, body: Any, records: str, words: list[str]) -> None:
    server.answer = lambda _: Reply(body)
    message = said(http(server, records=records))
    for word in words:
        assert word in message
    assert message.startswith(f"{server.url}/orders")
    assert len(message) < 500


def test_json_that_breaks_off_every_time_is_transient(server: Api) -> None:
    server.answer = lambda _: Reply(b'[{"name": "x')
    with pytest.raises(TransientError, match="JSON that breaks off, at the last of 6 tries"):
        fetched(http(server))


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ('[{"a": "Zoë 🦆"}]'.encode(), {}),
        ('\ufeff[{"a": "Zoë 🦆"}]'.encode(), {}),
        ('[{"a": "Zoë 🦆"}]'.encode("utf-16"), {}),
        ('[{"a": "Zoë 🦆"}]'.encode(), {"Content-Encoding": "gzip"}),
        (b'[{"a": "Zo\\u00eb \\ud83e\\udd86"}]', {"Content-Type": "application/json; charset=ascii"}),
    ],
)
def test_text_is_text_however_it_is_encoded(server: Api, body: bytes, headers: dict[str, str]) -> None:
    server.answer = lambda _: Reply(body, headers=headers)
    assert fetched(http(server)) == [{"a": "Zoë 🦆"}]


def test_latin_1_is_read_where_the_answer_says_so(server: Api) -> None:
    server.answer = lambda _: Reply(
        '[{"a": "Zoë"}]'.encode("latin-1"), headers={"Content-Type": "application/json; charset=latin-1"}
    )
    assert fetched(http(server)) == [{"a": "Zoë"}]


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([1, 2.5], [1.0, 2.5]),
        ([1, None, ...], [1, None, None]),
        ([1, "x", 2.5, 5.0, True], ["1", "x", "2.5", "5", "true"]),
        ([None, True], [None, True]),
        ([True, 1], ["true", "1"]),
        ([2**60, None], [2**60, None]),
        ([2**53 + 1, 0.5], [str(2**53 + 1), "0.5"]),
        ([10**30, 1], [str(10**30), "1"]),
        ([[1, "é"], []], ['[1, "é"]', "[]"]),
        ([{"b": {"c": 1}}, {"b": None}], ['{"c": 1}', None]),
        (["0471", "12"], ["0471", "12"]),
        (["\ud800", "x\0y"], ["?", "x\0y"]),
        (["2026-01-02", ""], ["2026-01-02", ""]),
    ],
)
def test_a_column_is_what_holds_all_of_its_values(server: Api, values: list[Any], wanted: list[Any]) -> None:
    server.answer = lambda _: Reply([{"id": 1} if value is ... else {"id": 1, "a": value} for value in values])
    rows = fetched(http(server))
    assert [list(row.values())[1] for row in rows] == wanted


def test_columns_may_differ_from_table_to_table(server: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidemill.connectors.records._ROWS", 2)
    server.answer = lambda _: Reply([{"a": 1}, {"a": 2}, {"a": "x"}, {"b": {"c": 1}}, {"b": None}, {"b": None}, {}])
    tables = list(HttpConnector(http(server), None, clock=Clock()).pages(None, None))
    assert [table.to_pydict() for table in tables] == [
        {"a": [1, 2]},
        {"a": ["x", None], "b.c": [None, 1]},
        {"b": [None, None]},
        {"": [None]},
    ]


def test_objects_become_dotted_columns_and_null_ones_none(server: Api) -> None:
    server.answer = lambda _: Reply(
        [{"id": 1, "who": {"name": "Ann", "tags": ["x"]}}, {"id": 2, "who": None}, {"id": 3}]
    )
    assert fetched(http(server)) == [
        {"id": 1, "who.name": "Ann", "who.tags": '["x"]'},
        {"id": 2, "who.name": None, "who.tags": None},
        {"id": 3, "who.name": None, "who.tags": None},
    ]


def test_numbers_that_are_none_are_null_and_long_ones_text(server: Api) -> None:
    server.answer = lambda _: Reply(b'[{"a": NaN, "b": 1}, {"a": -Infinity, "b": ' + b"7" * 5000 + b"}]")
    assert fetched(http(server)) == [{"a": None, "b": "1"}, {"a": None, "b": "7" * 5000}]


def test_records_without_any_value_are_rows_all_the_same(server: Api) -> None:
    server.answer = lambda _: Reply([{}, {}, {"a": {}}])
    tables = list(HttpConnector(http(server), None, clock=Clock()).pages(None, None))
    assert sum(table.num_rows for table in tables) == 3


@pytest.mark.parametrize("reply", [Reply(b"", 204), Reply(b"null"), Reply([])])
def test_no_content_is_no_rows(server: Api, reply: Reply) -> None:
    server.answer = lambda _: reply
    assert fetched(http(server)) == []


def test_a_huge_page_is_read_and_one_beyond_measure_is_not(server: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    records = [{"id": number, "text": "x" * 100} for number in range(50_000)]
    server.answer = lambda _: Reply(records)
    assert len(fetched(http(server))) == 50_000
    monkeypatch.setattr("tidemill.connectors.asking._LARGEST", 2**20)
    assert "an answer of more than 1 MB" in said(http(server))


PIECES = st.one_of(
    st.binary(max_size=60),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
        max_leaves=12,
    ).map(lambda value: json.dumps(value).encode()),
    st.lists(st.dictionaries(st.sampled_from("ab"), VALUES, max_size=3), max_size=5).map(
        lambda value: json.dumps(value).encode("utf-8")
    ),
)


@settings(max_examples=150)
@given(body=PIECES, paging=st.sampled_from(["none", "page", "link"]), cut=st.integers(0, 60))
def test_any_body_gives_rows_or_one_of_our_errors(server: Api, body: bytes, paging: str, cut: int) -> None:
    server.answer = scripted(Reply(body), Reply(body[:cut]), then=lambda _: Reply([]))
    message = ""
    try:
        fetched(http(server, paging=paging, retries=1))
    except TidemillError as error:
        message = str(error)
    assert not message or message.startswith(server.url)


def test_a_record_that_is_none_is_put_aside(server: Api) -> None:
    server.answer = lambda _: items({"a": 1}, None, {"a": 2}, {"a.b": 1, "a": {"b": 2}}, {"a": 3})
    connector = HttpConnector(http(server, records="items"), None, clock=Clock())
    (table,) = connector.pages(None, None)
    assert table.to_pydict() == {"a": [1, 2, 3]}
    assert [(bad.rule, bad.reason, bad.raw) for bad in connector.refused] == [
        ("read:record", "page 1, record 2: it is no object", "null"),
        ("read:keys", "page 1, record 4: it has two values called `a.b`", '{"a.b": 1, "a": {"b": 2}}'),
    ]


def test_few_new_records_may_all_be_bad(server: Api) -> None:
    server.answer = lambda _: items(None)
    connector = HttpConnector(http(server, records="items", since_parameter="since"), None, clock=Clock())
    assert list(connector.pages(3, None)) == []
    assert len(connector.refused) == 1
