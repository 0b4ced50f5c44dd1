"""Files behind a real web server, in good order and in bad."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.unit.data.cases import case
from tidemill.collecting import collect, source_state
from tidemill.errors import TransientError, UserError
from tidemill.reading import open_dataset
from tidemill.store import Store, web

TEXT = b"a,y\n" + b"".join(b"%d,x\n" % number for number in range(3_000))
STATUSES = {"/404.csv": 404, "/403.csv": 403, "/418.csv": 418, "/429.csv": 429, "/500.csv": 500}


class Server(ThreadingHTTPServer):
    """Answers by the path that is asked for. ``asked`` are the requests, ``mark`` is the ETag, ``gate`` what slow ones wait for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str, str | None]] = []
        self.mark = '"one"'
        self.gate = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, format: str, *args: object) -> None: ...

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def answer(self) -> None:
        path, wanted = self.path.partition("?")[0], self.headers.get("Range")
        self.server.asked.append((self.command, path, wanted))
        if path in STATUSES:
            return self.send(STATUSES[path], b"no")
        if path == "/get-only.csv" and self.command == "HEAD":
            return self.send(405, b"")
        if path == "/moved.csv":
            return self.send(302, b"", Location="/plain.csv")
        if path == "/circle.csv":
            return self.send(302, b"", Location="/circle.csv")
        if path == "/login.csv":
            return self.send(200, b"<html>sign in</html>")
        if path == "/slow.csv":
            self.server.gate.wait(30)
        if path == "/chunked.csv":
            return self.send_chunked()
        if path == "/packed.csv.gz":
            return self.send(200, gzip.compress(TEXT), **{"Content-Encoding": "gzip"})
        if path == "/encoded.csv":
            return self.send(200, gzip.compress(TEXT), **{"Content-Encoding": "gzip"})
        broken = path in ("/breaks-once.csv", "/breaks-always.csv", "/breaks-without-ranges.csv")
        mark = {} if path in ("/breaks-without-ranges.csv", "/unmarked.csv") else {"ETag": self.server.mark}
        if wanted and mark:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            body = TEXT[start:]
            return self.send(206, body, len(body) + (path == "/breaks-always.csv"), **mark)
        first = [one[:2] for one in self.server.asked].count(("GET", path)) == 1
        cut = broken and (first or path == "/breaks-always.csv") and self.command == "GET"
        return self.send(200, TEXT[:9_000] if cut else TEXT, len(TEXT), **mark)

    def send(self, status: int, body: bytes, length: int | None = None, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.close_connection = length is not None and length != len(body)

    def send_chunked(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if self.command != "HEAD":
            for start in range(0, len(TEXT), 5_000):
                piece = TEXT[start : start + 5_000]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(web, "_PAUSE", 0.0)
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.gate.set()
        running.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "path",
    ["plain.csv", "plain.csv?token=very-secret", "get-only.csv", "moved.csv", "chunked.csv", "packed.csv.gz", "encoded.csv",
     "unmarked.csv", "breaks-once.csv", "breaks-without-ranges.csv"],
)  # fmt: skip
def test_a_file_is_read_whole_however_it_comes(server: Server, path: str) -> None:
    data = open_dataset(f"{server.url}/{path}")
    frames = list(data.frames(1_000))
    assert (data.rows, [frame["a"].iloc[0] for frame in frames]) == (3_000, [0, 1_000, 2_000])
    assert data.url == f"{server.url}/{path.partition('?')[0]}"


def test_what_broke_off_goes_on_where_it_stopped(server: Server) -> None:
    open_dataset(f"{server.url}/breaks-once.csv")
    assert ("GET", "/breaks-once.csv", "bytes=9000-") in server.asked
    open_dataset(f"{server.url}/breaks-without-ranges.csv")
    assert [one[2] for one in server.asked if one[1] == "/breaks-without-ranges.csv"] == [None, None, None]


@pytest.mark.parametrize(
    ("path", "error", "said"),
    [
        ("404.csv", UserError, r"404\.csv does not exist \(127.* answered 404\): mend the URL"),
        ("403.csv", UserError, "allows no access to .*answered 403"),
        ("418.csv", UserError, "can't be used: .* answered 418"),
        ("429.csv", TransientError, "answered 429"),
        ("500.csv", TransientError, "answered 500"),
        ("circle.csv", UserError, "from one address to the next without end"),
        ("login.csv", UserError, "is not CSV, but HTML or XML"),
        ("breaks-always.csv", TransientError, "broke off"),
        ("slow.csv", TransientError, "did not answer in time"),
    ],
)
def test_what_goes_wrong_is_said_without_the_token(
    server: Server, monkeypatch: pytest.MonkeyPatch, path: str, error: type[Exception], said: str
) -> None:
    if path == "slow.csv":
        monkeypatch.setattr(web, "_READ_SECONDS", 0.2)
    with pytest.raises(error, match=said) as caught:
        open_dataset(f"{server.url}/{path}?token=very-secret")
    assert "very-secret" not in str(caught.value)


def test_nobody_there_may_be_there_later() -> None:
    with Server() as gone:
        url = f"{gone.url}/plain.csv"
    with pytest.raises(TransientError, match="broke off when asked for"):
        open_dataset(url)


def test_a_new_file_of_the_same_size_is_not_taken_for_the_old_one(
    server: Server, tmp_path: Path, memory: Store
) -> None:
    use_case = case(tmp_path, url=f"{server.url}/plain.csv")
    before = source_state(use_case)
    assert source_state(use_case) == before
    assert collect(memory, use_case).snapshot.rows == 3_000
    server.mark = '"two"'
    assert source_state(use_case) != before
