"""A JSON API on this machine that pages in every way, and misbehaves on a script."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

__all__ = ["Api", "Asked", "Clock", "Page", "Reply", "api", "paged"]


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]


@dataclass
class Reply:
    """What to send back. ``fault`` breaks it: `drop` sends half of it and closes, `slow` waits until ``late`` is set,
    `hang up` closes at once."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    fault: str | None = None


@dataclass
class Api:
    """A running server. ``answer`` says what it replies; ``asked`` is every request so far."""

    url: str
    answer: Callable[[Asked], Reply]
    asked: list[Asked] = field(default_factory=list)
    late: threading.Event = field(default_factory=threading.Event)


@dataclass
class Clock:
    """Time that passes by sleeping only."""

    slept: list[float] = field(default_factory=list)
    start: datetime = datetime(2026, 11, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.monotonic())


@contextmanager
def api(answer: Callable[[Asked], Reply] | None = None) -> Iterator[Api]:
    """Serve on a free port of the loopback until the block is left."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
            asked = Asked(parts.path, query, {name.lower(): value for name, value in self.headers.items()})
            served.asked.append(asked)
            self.reply(served.answer(asked))

        def reply(self, reply: Reply) -> None:
            body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            if reply.fault == "slow":
                served.late.wait(30)
            if reply.fault in ("hang up", "slow"):
                self.close_connection = True
                return
            if reply.headers.get("Content-Encoding") == "gzip" and reply.fault != "junk":
                body = gzip.compress(body)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if reply.fault == "drop":
                self.wfile.write(body[: len(body) // 2])
                self.close_connection = True
                return
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        served = Api(f"http://127.0.0.1:{server.server_address[1]}", answer or (lambda _: Reply([])))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield served
        finally:
            served.late.set()
            server.shutdown()
            thread.join(10)


Page = Callable[[Asked], Reply]


def paged(records: list[Any], paging: str, size: int, url: str) -> Page:
    """An honest API over ``records``: `{"data": {"items": […]}, "next": cursor}`, or a bare list with a Link header."""

    def answer(asked: Asked) -> Reply:
        place = asked.query.get(paging if paging != "link" else "after", "")
        at = {"none": 0, "page": (int(place or 1) - 1) * size}.get(paging, int(place or 0))
        items = records if paging == "none" else records[at : at + size]
        more = at + size < len(records) and paging in ("cursor", "link")
        if paging == "link":
            query = urlencode({**asked.query, "after": at + size})
            return Reply(items, headers={"Link": f'<{asked.path}?{query}>; rel="next"'} if more else {})
        return Reply({"data": {"items": items}, "next": str(at + size) if more else None})

    return answer
