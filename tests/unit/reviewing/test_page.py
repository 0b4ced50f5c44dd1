from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.unit.learning.world import make_use_case
from tests.unit.reviewing.test_session import sitting
from tidemill.errors import TransientError
from tidemill.reviewing.app import create_app
from tidemill.reviewing.session import Session
from tidemill.store import Store

TOKEN = "t0ken"
ADDRESS = "http://127.0.0.1:8777"


@pytest.fixture
def made(memory: Store) -> Session:
    return sitting(memory)


class Client:
    """Asks the app without a network."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def get(self, path: str, **more: Any) -> httpx.Response:
        return asyncio.run(self._asked("GET", path, **more))

    def post(self, path: str, **more: Any) -> httpx.Response:
        return asyncio.run(self._asked("POST", path, **more))

    async def _asked(self, method: str, path: str, **more: Any) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self._app), base_url=ADDRESS) as asking:
            return await asking.request(method, path, **more)


def client(made: Session, *, title: str = "", finish: Callable[[], None] = lambda: None) -> Client:
    app = create_app(made, make_use_case(title=title), task="binary", token=TOKEN, address=ADDRESS, finish=finish)
    return Client(app)


def test_the_page_is_whole_and_its_own(made: Session) -> None:
    answer = client(made).get(f"/{TOKEN}/")
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    nonce = re.search(r"script-src 'nonce-([^']+)'", policy)
    assert nonce is not None
    assert answer.text.count(f'nonce="{nonce[1]}"') == 2
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", answer.text)
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    again = client(made).get(f"/{TOKEN}/")
    assert nonce[1] not in again.text


def test_rows_are_answered_and_undone(made: Session, memory: Store) -> None:
    page = client(made)
    assert page.get(f"/{TOKEN}/state").json()["progress"]["total"] == 4
    row = page.get(f"/{TOKEN}/rows/0").json()
    assert row["label"] == "no"
    assert row["chances"] == [["yes", 0.9], ["no", 0.1]]
    said = page.post(f"/{TOKEN}/rows/0", json={"action": "answer", "value": "yes"}).json()
    assert said["progress"]["states"] == ["changed", "", "", ""]
    assert page.get(f"/{TOKEN}/rows/0").json()["given"] == {
        "action": "answer", "value": "yes", "who": "ayu", "mine": True,
    }  # fmt: skip
    assert page.post(f"/{TOKEN}/undo", json={}).json()["index"] == 0
    assert page.post(f"/{TOKEN}/undo", json={}).json()["index"] is None
    assert len(memory.list("toy/answers")) == 2


def test_finishing_ends_it(made: Session) -> None:
    ended = []
    assert client(made, finish=lambda: ended.append(1)).post(f"/{TOKEN}/finish", json={}).status_code == 200
    assert ended == [1]


BODY = '{"action": "answer", "value": "yes"}'


@pytest.mark.parametrize(
    ("path", "heads", "status"),
    [
        ("/rows/0", {}, 404),
        ("/wrong/rows/0", {}, 404),
        (f"/{TOKEN}x/rows/0", {}, 404),
        (f"/{TOKEN}/rows/0", {"host": "evil.example:8777"}, 403),
        (f"/{TOKEN}/rows/0", {"host": "127.0.0.1:9"}, 403),
        (f"/{TOKEN}/rows/0", {"origin": "http://127.0.0.1:9"}, 403),
        (f"/{TOKEN}/rows/0", {"origin": "null"}, 403),
        (f"/{TOKEN}/rows/0", {"sec-fetch-site": "same-site"}, 403),
        (f"/{TOKEN}/rows/0", {"sec-fetch-site": "cross-site"}, 403),
        (f"/{TOKEN}/rows/0", {"content-type": "text/plain"}, 415),
        (f"/{TOKEN}/rows/0", {"content-type": "application/x-www-form-urlencoded"}, 415),
        (f"/{TOKEN}/rows/0", {"content-length": "99999"}, 413),
        (f"/{TOKEN}/rows/0", {"content-length": "-1"}, 413),
        (f"/{TOKEN}/rows/0", {"transfer-encoding": "chunked"}, 413),
    ],
)
def test_nobody_else_gets_in(made: Session, memory: Store, path: str, heads: dict[str, str], status: int) -> None:
    sent = {"content-type": "application/json", **heads}
    answer = client(made).post(path, content=BODY, headers=sent)
    assert answer.status_code == status, answer.text
    assert "yes" not in answer.text
    assert memory.list() == []
    assert client(made).get(f"/{TOKEN}/", headers={"host": "localhost:8777"}).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        "", "{", "[]", '{"action": "drop"}', '{"action": "answer", "value": {"a": 1}}', '{"action": "answer", "value": [1]}',
        '{"action": "answer", "value": "maybe"}', '{"action": "answer"}', '{"action": "unsure", "who": "root"}',
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused(made: Session, memory: Store, body: str) -> None:
    answer = client(made).post(f"/{TOKEN}/rows/0", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert memory.list() == []


@pytest.mark.parametrize("path", ["rows/4", "rows/-1", "rows/x", "docs", "openapi.json", "../toy/answers"])
def test_there_is_nothing_else(made: Session, path: str) -> None:
    assert client(made).get(f"/{TOKEN}/{path}").status_code in (404, 422)


def test_a_lake_that_does_not_answer_loses_nothing_and_is_told(made: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: Any) -> None:
        raise TransientError("the lake does not answer")

    page = client(made)
    with monkeypatch.context() as patch:
        patch.setattr(Store, "write_bytes", silent)
        answer = page.post(f"/{TOKEN}/rows/0", content=BODY, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.json()) == (503, {"error": "the lake does not answer"})
    assert made.progress().answered == 0


def test_a_hostile_title_is_text(made: Session) -> None:
    text = client(made, title="</title><script>alert(1)</script>").get(f"/{TOKEN}/").text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text
