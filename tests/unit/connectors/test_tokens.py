"""Tokens and passwords of an API: they go to its own host, and into no error and no log."""

from __future__ import annotations

import logging

import pytest

from tests.misbehaving import Api, Clock, Reply, api
from tests.unit.connectors.scripts import fetched, http, said
from tidemill.connectors.http import HttpConnector
from tidemill.errors import TidemillError
from tidemill.usecase.sources import Http

pytestmark = pytest.mark.usefixtures("fresh")

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
