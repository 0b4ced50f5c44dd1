"""Asking an API: tries, waits, rates, and what is asked for."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.misbehaving import Api, Asked, Clock, Reply, api, paged
from tests.unit.connectors.scripts import PLACES, RECORDS, fetched, http, items, paging, said, scripted
from tidemill.connectors.http import HttpConnector
from tidemill.errors import TransientError
from tidemill.usecase.sources import Http, Incremental

pytestmark = pytest.mark.usefixtures("fresh")

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
