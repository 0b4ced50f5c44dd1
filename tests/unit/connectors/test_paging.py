"""From one page of an API to the next: each record once, in order, and an end."""

from __future__ import annotations

import pytest

from tests.misbehaving import Api, Reply, paged
from tests.unit.connectors.scripts import PLACES, RECORDS, fetched, http, items, paging, said, scripted

pytestmark = pytest.mark.usefixtures("fresh")


@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize("size", [1, 3, 7, 10])
def test_every_kind_of_paging_gives_each_record_once_in_order(server: Api, kind: str, size: int) -> None:
    server.answer = paged(RECORDS, kind, size, server.url)
    assert fetched(http(server, **paging(kind))) == RECORDS


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
