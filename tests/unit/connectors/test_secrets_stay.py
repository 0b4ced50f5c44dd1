"""Secrets of a JSON API: in clear they are refused, and what a server repeats of them is taken out."""

from __future__ import annotations

import base64
import html
import json
import logging
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from pydantic import ValidationError

from tests.misbehaving import Clock, Reply, api
from tidemill.connectors.http import HttpConnector
from tidemill.errors import TidemillError
from tidemill.secrets import blocks
from tidemill.usecase.sources import Http

SECRET = 'v+7/"k&<9 z'
FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "quoted": lambda text: quote(text, safe=""),
    "quoted with +": quote_plus,
    "JSON": json.dumps,
    "JSON as PHP writes it": lambda text: json.dumps(text).replace("/", "\\/"),
    "HTML": html.escape,
    "JSON as Go writes it": lambda text: json.dumps(text).replace("<", "\\u003c").replace("&", "\\u0026"),
    "Python": repr,
}


def failed(http: Http) -> str:
    """What is said when the fetch fails."""
    with pytest.raises(TidemillError) as caught:
        list(HttpConnector(http, None, clock=Clock()).pages(None, None))
    return str(caught.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"url": "https://sk_live_abc:@api.example/o"},
        {"url": "https://tok_abc@api.example/o"},
        {"url": "https://me:pass@api.example/o"},
        {"url": "https://api.example/o?subscription-key=abc"},
        {"url": "https://api.example/o?X-Amz-Signature=abc"},
        {"headers": {"Ocp-Apim-Subscription-Key": "abc"}},
        {"headers": {"X-Auth-Key": "abc"}},
        {"headers": {"X-Auth": "abc"}},
        {"headers": {"Private-Token": "abc"}},
        {"headers": {"Cookie": "session=abc"}},
        {"parameters": {"client_secret": "abc"}},
        {"parameters": {"app_key": "abc"}},
    ],
)
def test_what_is_a_secret_by_its_place_or_name_is_refused_in_clear(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="in clear"):
        Http.model_validate({"url": "https://api.example/o", **fields})


@pytest.mark.parametrize(
    "fields",
    [
        {"url": "https://${KEY}:@api.example/o"},
        {"url": "https://me:${KEY}@api.example/o?key=${KEY}"},
        {"url": "https://api.example/users/me@home/orders"},
        {"headers": {"Authorization": "Bearer ${secret:orders}", "Accept": "text/json"}},
        {"parameters": {"sort_key": "id", "keyword": "a", "author": "b"}},
    ],
)
def test_references_and_what_is_none_are_taken(fields: dict[str, object]) -> None:
    Http.model_validate({"url": "https://api.example/o", **fields})


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("status", [200, 401, 500])
def test_a_secret_that_the_server_repeats_is_taken_out(
    form: str, status: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("API_KEY", SECRET)
    caplog.set_level(logging.DEBUG)
    said = f"no access for {FORMS[form](SECRET)}, sorry"
    with api(lambda _: Reply(said.encode(), status, {"Retry-After": "9"})) as server:
        text = failed(Http(url=f"{server.url}/o", parameters={"key": "${API_KEY}"}, retries=1))
    assert server.asked[0].query["key"] == SECRET
    assert "sorry" in text
    for said in (text, caplog.text):
        for written in FORMS.values():
            assert written(SECRET).strip("\"'") not in said
    assert status != 500 or "trying again in 9 s" in caplog.text


def test_a_password_is_taken_out_of_what_the_server_says_in_base64_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", "open-sesame")
    with api(lambda asked: Reply(asked.headers["authorization"], 403)) as server:
        text = failed(Http(url=server.url.replace("://", "://me:${PASSWORD}@")))
    pair = base64.b64encode(b"me:open-sesame").decode()
    assert server.asked[0].headers["authorization"] == f"Basic {pair}"
    assert pair not in text
    assert "***" in text


def test_a_block_is_as_secret_as_a_variable() -> None:
    def lookup(name: str) -> str:
        return {"orders": "of-a-block"}[name]

    with api(lambda asked: Reply(asked.headers["x-token"], 403)) as server, blocks(lookup):
        http = Http(url=server.url, headers={"X-Token": "${secret:orders}"})
        assert "***" in failed(http)
        assert server.asked[0].headers["x-token"] == "of-a-block"
        absent = Http(url=server.url, headers={"X-Token": "${secret:order}"})
        assert "no Prefect Secret block `order`" in failed(absent)
