from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import certifi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.misbehaving import Api, Asked, Clock, Reply, api, paged
from tidemill.connectors.http import HttpConnector
from tidemill.errors import TidemillError, TransientError, UserError
from tidemill.usecase.sources import Http, Incremental

RECORDS = [{"id": number, "name": f"n{number}"} for number in range(7)]
PLACES = {"none": "data.items", "page": "data.items", "offset": "data.items", "cursor": "data.items", "link": ""}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server of this module, and one authority to trust: reading them all takes longer than a test."""
    whole = Path(certifi.where()).read_text(encoding="utf-8")
    one = tmp_path_factory.mktemp("trust") / "one.pem"
    one.write_text(whole.partition("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch, api() as served:
        patch.setenv("SSL_CERT_FILE", str(one))
        yield served


@pytest.fixture(autouse=True)
def fresh(server: Api) -> None:
    server.asked.clear()


def http(server: Api, **fields: Any) -> Http:
    return Http.model_validate({"url": f"{server.url}/orders", **fields})


def fetched(source: Http, clock: Clock | None = None, **more: Any) -> list[dict[str, Any]]:
    tables = list(HttpConnector(source, None, clock=clock or Clock(), **more).pages(None, None))
    return [row for table in tables for row in table.to_pylist()]


def scripted(*replies: Reply, then: Callable[[Asked], Reply] | None = None) -> Callable[[Asked], Reply]:
    """The replies one after the other, then what ``then`` says."""
    left = list(replies)

    def answer(asked: Asked) -> Reply:
        if left:
            return left.pop(0)
        assert then is not None, "asked once too often"
        return then(asked)

    return answer


def said(source: Http, **more: Any) -> str:
    with pytest.raises(UserError) as caught:
        fetched(source, **more)
    return str(caught.value)


def paging(kind: str) -> dict[str, Any]:
    return {"paging": kind, "records": PLACES[kind], **({"cursor": "next"} if kind == "cursor" else {})}


@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize("size", [1, 3, 7, 10])
def test_every_kind_of_paging_gives_each_record_once_in_order(server: Api, kind: str, size: int) -> None:
    server.answer = paged(RECORDS, kind, size, server.url)
    assert fetched(http(server, **paging(kind))) == RECORDS


FAULTS = {
    "429": lambda honest: Reply({"error": "slow down"}, 429),
    "429 for 2 s": lambda honest: Reply("", 429, {"Retry-After": "2"}),
    "500": lambda honest: Reply(b"<h1>oops</h1>", 500),
    "503": lambda honest: Reply({}, 503),
    "408": lambda honest: Reply({}, 408),
    "drop": lambda honest: Reply(honest.body, headers=honest.headers, fault="drop"),
    "hang up": lambda honest: Reply(fault="hang up"),
    "half of the JSON": lambda honest: Reply(json.dumps(honest.body).encode()[:-2], headers=honest.headers),
    "empty": lambda honest: Reply(b"", headers=honest.headers),
    "half of the gzip": lambda honest: Reply(b"\x1f\x8b\x08junk", headers={"Content-Encoding": "gzip"}, fault="junk"),
    "the page before": None,
}
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**25), 10**25),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
)


@settings(max_examples=150)
@given(
    values=st.lists(st.one_of(st.integers(), st.text(max_size=4), st.none()), max_size=25),
    kind=st.sampled_from(sorted(set(PLACES) - {"none"})),
    size=st.integers(1, 8),
    faults=st.lists(st.lists(st.sampled_from(sorted(FAULTS)), max_size=3), max_size=30),
)
def test_records_come_once_each_whatever_goes_wrong_on_the_way(
    server: Api, values: list[Any], kind: str, size: int, faults: list[list[str]]
) -> None:
    records = [{"id": number, "value": value} for number, value in enumerate(values)]
    honest = paged(records, kind, size, server.url)
    script = [fault for page in faults for fault in [*page, "fine"]]
    served: list[Reply] = []

    def answer(asked: Asked) -> Reply:
        right = honest(asked)
        fault = script.pop(0) if script else "fine"
        if fault == "the page before":
            # One that asks again gets the right page: the next fault of the script is left out.
            if script:
                script[0] = "fine"
            return served[-1] if served else right
        if fault != "fine":
            return FAULTS[fault](right)
        served.append(right)
        return right

    server.answer = answer
    rows = fetched(http(server, **paging(kind)))
    assert [row["id"] for row in rows] == [record["id"] for record in records]
    for row, record in zip(rows, records, strict=True):
        assert row.get("value") == record["value"] or row["value"] == str(record["value"])


def items(*records: Any, **more: Any) -> Reply:
    return Reply({"items": list(records), **more})


@pytest.mark.parametrize(
    ("wait", "seconds"),
    [("7", 7.0), (format_datetime(Clock.start + timedelta(seconds=42), usegmt=True), 42.0), ("0", 0.0), ("soon", 0.0)],
)
def test_retry_after_is_waited_for(server: Api, wait: str, seconds: float) -> None:
    server.answer = scripted(Reply("", 429, {"Retry-After": wait}), items({"a": 1}))
    clock = Clock()
    assert fetched(http(server, records="items"), clock) == [{"a": 1}]
    assert len(clock.slept) == 1
    assert seconds <= clock.slept[0] <= max(1.0, seconds)


def test_a_server_that_wants_an_hour_of_peace_is_left_alone(server: Api) -> None:
    server.answer = scripted(Reply("", 503, {"Retry-After": "3600"}))
    clock = Clock()
    with pytest.raises(TransientError, match=r"answered 503 Service Unavailable.*left alone for 3,600 s"):
        fetched(http(server), clock)
    assert clock.slept == []


def test_waits_grow_and_tries_end(server: Api) -> None:
    server.answer = lambda _: Reply({"error": "database down"}, 500)
    clock = Clock()
    with pytest.raises(TransientError) as caught:
        fetched(http(server, retries=4), clock)
    assert f'{server.url}/orders, page 1: answered 500 Internal Server Error ({{"error": "database down"}})' in str(
        caught.value
    )
    assert "at the last of 5 tries in" in str(caught.value)
    assert len(server.asked) == 5
    for before, after in zip([0.5, 1, 2, 4], clock.slept, strict=True):
        assert before <= after <= 2 * before


def test_no_retry_is_none(server: Api) -> None:
    server.answer = lambda _: Reply("", 500)
    with pytest.raises(TransientError, match=r"answered 500 Internal Server Error"):
        fetched(http(server, retries=0))
    assert len(server.asked) == 1


def test_a_slow_answer_is_given_up_and_asked_for_again(server: Api) -> None:
    server.late.clear()
    server.answer = scripted(Reply([], fault="slow"), Reply([{"a": 1}]))
    assert fetched(http(server, timeout="0.2s")) == [{"a": 1}]
    server.answer = lambda _: Reply([], fault="slow")
    with pytest.raises(TransientError, match=r"did not answer within 0\.2 s, at the last of 2 tries"):
        fetched(http(server, timeout="0.2s", retries=1))
    server.late.set()


def test_nobody_there_is_transient() -> None:
    with api() as gone:
        url = f"{gone.url}/orders"
    with pytest.raises(TransientError, match="can't be reached"):
        fetched(Http(url=url, retries=1))


def test_the_rate_is_kept(server: Api) -> None:
    server.answer = paged(RECORDS, "page", 2, server.url)
    clock = Clock()
    assert fetched(http(server, **paging("page"), rate=4), clock) == RECORDS
    assert clock.slept == [0.25] * 4


@pytest.mark.parametrize(
    ("status", "mend"),
    [
        (400, "parameters"),
        (401, "token"),
        (403, "token"),
        (404, "http.url"),
        (410, "http.url"),
        (422, "parameters"),
        (304, "parameters"),
    ],
)
def test_what_asking_again_cant_mend_is_said_at_once(server: Api, status: int, mend: str) -> None:
    server.answer = lambda _: Reply(b"" if status == 304 else b"no such\nshop\x00" + b"x" * 999, status)
    message = said(http(server, parameters={"shop": "7"}))
    assert f"{server.url}/orders" in message
    assert str(status) in message
    assert mend in message
    assert status == 304 or "no such shop xx" in message
    assert len(message) < 450
    assert "shop=7" not in message
    assert len(server.asked) == 1


def test_paging_by_number_ends_at_a_page_that_is_not_there(server: Api) -> None:
    honest = paged(RECORDS, "page", 3, server.url)
    server.answer = lambda asked: (
        Reply({"detail": "Invalid page."}, 404) if asked.query["page"] == "4" else honest(asked)
    )
    assert fetched(http(server, **paging("page"))) == RECORDS


def test_an_empty_page_ends_paging_by_number_but_not_by_cursor(server: Api) -> None:
    replies = [items({"a": 1}, next="x"), items(next="y"), items({"a": 2})]
    server.answer = scripted(*replies)
    assert fetched(http(server, records="items", paging="page")) == [{"a": 1}]
    server.answer = scripted(*replies)
    assert fetched(http(server, records="items", paging="cursor", cursor="next")) == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("end", [None, "", False, ...])
def test_a_cursor_that_is_nothing_is_the_end(server: Api, end: object) -> None:
    server.answer = scripted(items({"a": 1}, **({} if end is ... else {"next": end})))
    assert fetched(http(server, records="items", paging="cursor", cursor="next")) == [{"a": 1}]


def test_a_last_page_that_names_itself_is_the_last(server: Api) -> None:
    pages = {None: items({"a": 1}, next=5), "5": items({"a": 2}, next=5)}
    server.answer = lambda asked: pages[asked.query.get("cursor")]
    assert fetched(http(server, records="items", paging="cursor", cursor="next")) == [{"a": 1}, {"a": 2}]
    pages["5"] = items(next=5)
    assert fetched(http(server, records="items", paging="cursor", cursor="next")) == [{"a": 1}]


def test_cursors_that_go_round_in_circles_are_an_error(server: Api) -> None:
    pages = {None: items({"a": 1}, next="x"), "x": items({"a": 2}, next="y"), "y": items({"a": 3}, next="x")}
    server.answer = lambda asked: pages[asked.query.get("cursor")]
    assert "round in circles" in said(http(server, records="items", paging="cursor", cursor="next"))


def test_a_cursor_that_never_moves_on_is_an_error_that_names_the_parameter(server: Api) -> None:
    server.answer = lambda _: items({"a": 1}, next=f"cursor-{len(server.asked)}")
    message = said(http(server, records="items", paging="cursor", cursor="next", page_parameter="from"))
    assert "`from`" in message
    assert len(server.asked) == 3


def test_pages_without_end_stop_somewhere(server: Api) -> None:
    server.answer = lambda _: items({"a": len(server.asked)}, next=len(server.asked))
    message = said(http(server, records="items", paging="cursor", cursor="next"), most_pages=20)
    assert "more than 20 pages" in message


def test_a_server_that_does_not_know_the_page_parameter_is_not_believed(server: Api) -> None:
    server.answer = lambda _: items(*RECORDS)
    message = said(http(server, records="items", paging="page", page_parameter="p"))
    assert "page 2 is page 1 again" in message
    assert "`p`" in message
    # A page that was not full was the last, whatever comes after it.
    assert fetched(http(server, records="items", paging="page", page_size=10, size_parameter="per")) == RECORDS


def test_a_last_page_that_comes_again_for_ever_is_taken_once(server: Api) -> None:
    server.answer = lambda asked: items({"a": min(int(asked.query["page"]), 3)})
    assert fetched(http(server, records="items", paging="page")) == [{"a": 1}, {"a": 2}, {"a": 3}]
    server.answer = lambda asked: items({"a": int(asked.query["page"]) % 3})
    assert fetched(http(server, records="items", paging="page")) == [{"a": 1}, {"a": 2}, {"a": 0}]


def test_the_address_of_the_next_page_may_be_in_the_body(server: Api) -> None:
    pages = {
        "1": items({"a": 1}, **{"@odata.nextLink": "?page=2"}),
        "2": items({"a": 2}, **{"@odata.nextLink": f"{server.url}/other?page=3"}),
        "3": items({"a": 3}),
    }
    server.answer = lambda asked: pages[asked.query.get("page", "1")]
    source = http(server, records="items", paging="link", cursor="@odata.nextLink", parameters={"shop": "7"})
    assert [row["a"] for row in fetched(source)] == [1, 2, 3]
    assert [asked.path for asked in server.asked] == ["/orders", "/orders", "/other"]
    assert all(asked.query["shop"] == "7" for asked in server.asked)
    server.answer = scripted(items({"a": 1}, next=f"{server.url}/orders?page=2"))
    assert "say `paging: link`" in said(http(server, records="items", paging="cursor", cursor="next"))


def test_a_link_that_is_no_web_address_is_not_followed(server: Api) -> None:
    server.answer = lambda _: Reply([{"a": 1}], headers={"Link": '<file:///etc/passwd>; rel="next"'})
    assert "not one of http:// or https://" in said(http(server, paging="link"))


def test_parameters_sizes_and_numbers_are_sent(server: Api) -> None:
    server.answer = scripted(items(), items(), items())
    fetched(
        http(
            server,
            records="items",
            paging="page",
            first_page=0,
            page_size=50,
            size_parameter="per",
            parameters={"shop": "ü 7"},
        )
    )
    source = Http(url=f"{server.url}/orders?tag=a&page=9", records="items", paging="offset", page_parameter="page")
    fetched(source)
    assert [asked.query for asked in server.asked] == [
        {"page": "0", "per": "50", "shop": "ü 7"},
        {"tag": "a", "page": "0"},
    ]


@pytest.mark.parametrize(
    ("since", "until", "wanted"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), None, {"from": "2026-01-02T03:04:05Z"}),
        (
            datetime(2026, 1, 2, 0, 0, 0, 250_000, tzinfo=UTC),
            datetime(2026, 2, 1, tzinfo=UTC),
            {"from": "2026-01-02T00:00:00.250000Z", "to": "2026-02-01T00:00:00Z"},
        ),
        (17, 20.0, {"from": "17", "to": "20"}),
        (2**60 + 1, 0.1, {"from": str(2**60 + 1), "to": "0.1"}),
        (None, None, {"from": "start"}),
    ],
)
def test_since_and_until_are_asked_for(server: Api, since: Any, until: Any, wanted: dict[str, str]) -> None:
    server.answer = lambda _: items()
    source = http(server, records="items", since_parameter="from", until_parameter="to", parameters={"from": "start"})
    assert list(HttpConnector(source, Incremental(column="at"), clock=Clock()).pages(since, until)) == []
    assert server.asked[0].query == wanted


def test_an_api_that_can_only_give_everything_says_so(server: Api, caplog: pytest.LogCaptureFixture) -> None:
    server.answer = lambda _: items({"id": 1})
    caplog.set_level(logging.INFO, "tidemill.progress")
    connector = HttpConnector(http(server, records="items"), Incremental(column="id"), clock=Clock())
    assert len(list(connector.pages(5, None))) == 1
    assert "no `http.since_parameter`" in caplog.text
    assert "`id`" in caplog.text


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


SECRET = "s3cret-t0ken/with+signs"


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_TOKEN", SECRET)


@pytest.mark.usefixtures("token")
def test_the_token_is_sent_to_its_own_host_and_no_other(server: Api) -> None:
    with api() as other:
        abroad = other.url.replace("127.0.0.1", "localhost")
        other.answer = lambda asked: Reply([{"a": 2}], headers={"Link": f'<{server.url}/orders?page=3>; rel="next"'})
        pages = {
            None: Reply([{"a": 1}], headers={"Link": f'<{server.url}/away>; rel="next"'}),
            "3": Reply([{"a": 3}], headers={"Link": f'<{abroad}/orders?page=4>; rel="next"'}),
        }
        server.answer = lambda asked: (
            Reply("", 302, {"Location": f"{abroad}/x"}) if asked.path == "/away" else pages[asked.query.get("page")]
        )
        secret = {"headers": {"X-Api-Key": "${API_TOKEN}"}, "parameters": {"key": "${API_TOKEN}"}}
        message = said(
            http(server, paging="link", **secret)
        )  # the last page comes twice: the other host gives {"a": 2} again
        assert "page 4" in message
        assert [asked.headers.get("x-api-key") for asked in server.asked] == [SECRET] * 3
        assert [asked.query["key"] for asked in server.asked] == [SECRET] * 3
        assert other.asked
        assert not any(SECRET in str(asked) for asked in other.asked)


@pytest.mark.usefixtures("token")
def test_a_password_in_the_address_is_sent_as_a_header_and_stays_at_home(server: Api) -> None:
    url = f"{server.url.replace('://', '://me:${API_TOKEN}@')}/orders"
    pages = {None: Reply("", 307, {"Location": f"{server.url}/orders?page=2"}), "2": Reply([{"a": 1}])}
    server.answer = lambda asked: pages[asked.query.get("page")]
    assert fetched(Http(url=url)) == [{"a": 1}]
    assert len({asked.headers["authorization"] for asked in server.asked}) == 1
    assert server.asked[0].headers["authorization"].startswith("Basic ")


def test_redirects_end(server: Api) -> None:
    server.answer = lambda asked: Reply("", 301, {"Location": "/orders"})
    assert "redirects for ever" in said(http(server))


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 500])
def test_no_secret_is_in_an_error_or_a_log(server: Api, status: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.answer = lambda asked: Reply(
        f"<p>{asked.query['key']} {asked.headers['authorization']} {SECRET}".encode(), status
    )
    source = http(
        server, headers={"Authorization": "Bearer ${API_TOKEN}"}, parameters={"key": "${API_TOKEN}"}, retries=6
    )
    connector = HttpConnector(source, None, clock=Clock())
    with pytest.raises(TidemillError) as caught:
        list(connector.pages(None, None))
    assert server.asked[0].headers["authorization"] == f"Bearer {SECRET}"
    assert "HTTP Request" in caplog.text
    for text in (str(caught.value), caplog.text, connector.where):
        assert SECRET not in text
        assert "s3cret" not in text
    assert not logging.getLogger("httpx").filters


@pytest.mark.parametrize("value", ["abc\nd", "tökén", " abcd", "abcd "])
def test_a_header_that_cant_be_sent_is_named_without_its_value(
    server: Api, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_TOKEN", value)
    message = said(http(server, headers={"X-Key": "${API_TOKEN}"}))
    assert "`X-Key`" in message
    assert value not in message
    assert server.asked == []


def test_an_address_out_of_the_environment_must_be_one(server: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    for value in ("shop.example/orders", "ftp://x/y", "https://"):
        monkeypatch.setenv("SHOP", value)
        assert "not one of http:// or https://" in said(Http(url="${SHOP}"))
    monkeypatch.delenv("SHOP")
    assert "`${SHOP}` is not set" in said(Http(url="${SHOP}"))


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
