"""The lake on real S3 servers: what is refused, what breaks off, what must never be seen."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import traceback
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from tests.servers import S3Server, free_port
from tidemill.errors import TransientError, UserError
from tidemill.store import Store, create_url, list_objects, open_url

pytestmark = pytest.mark.s3


def broken_off(file: BinaryIO) -> None:
    """Write something, and fail."""
    file.write(b"half" * 1000)
    raise RuntimeError("on purpose")


def refused(call: Callable[[], object], says: str, *secrets: str) -> None:
    """``call`` raises a UserError that ``says`` so, and tells none of the ``secrets``, not even in its traceback."""
    with pytest.raises(UserError, match=says) as caught:
        call()
    told = "".join(traceback.format_exception(caught.value))
    assert not any(secret in told for secret in secrets)


def every_way(store: Store) -> list[Callable[[], object]]:
    return [
        store.check,
        lambda: store.check(writable=False),
        store.list,
        lambda: store.read_bytes("a"),
        lambda: store.write_bytes("a", b"x"),
        lambda: store.create_bytes("a", b"x"),
        lambda: store.exists("a"),
        lambda: store.delete("a"),
    ]


def test_the_probe_tells_which_server_honours_conditional_writes(s3: S3Server) -> None:
    store = Store(s3.lake())
    assert store.conditional is s3.conditional
    assert store.list() == []


def test_a_bucket_that_does_not_exist(s3: S3Server) -> None:
    store = Store("s3://no-such-bucket/x")
    for call in every_way(store)[:6]:
        refused(call, "the bucket s3://no-such-bucket does not exist at http://127.0.0.1")
    refused(lambda: list_objects("s3://no-such-bucket/data"), "bucket s3://no-such-bucket does not exist")
    refused(lambda: open_url("s3://no-such-bucket/a.csv").__enter__(), "bucket s3://no-such-bucket does not exist")

    def write() -> None:
        with create_url("s3://no-such-bucket/out.parquet") as file:
            file.write(b"x")

    refused(write, "bucket s3://no-such-bucket does not exist")


def test_a_source_that_does_not_exist(s3: S3Server) -> None:
    lake = s3.lake()
    refused(lambda: list_objects(f"{lake}/none"), "none does not exist")
    refused(lambda: list_objects(f"{lake}/*.csv"), "holds no files")
    refused(lambda: open_url(f"{lake}/none.csv").__enter__(), "does not exist")


@pytest.mark.parametrize(
    ("key", "secret"), [("tester", "wrong-and-very-secret"), ("nobody-very-secret", "wrong-and-very-secret")]
)
def test_wrong_credentials(rclone_server: S3Server, key: str, secret: str, s3_environment: Callable[..., None]) -> None:
    s3_environment(rclone_server, AWS_ACCESS_KEY_ID=key, AWS_SECRET_ACCESS_KEY=secret)
    store = Store(rclone_server.lake())
    for call in every_way(store):
        refused(call, "does not accept the credentials|allows no access", secret)
    refused(lambda: list_objects(store.url), "does not accept the credentials|allows no access", secret)


def test_no_credentials(rclone_server: S3Server, s3_environment: Callable[..., None]) -> None:
    s3_environment(rclone_server, AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)
    for call in every_way(Store(rclone_server.lake()))[:3]:
        refused(call, "no credentials for s3://lake: set AWS_ACCESS_KEY_ID")


def test_mended_credentials_work_in_the_same_process(
    rclone_server: S3Server, s3_environment: Callable[..., None]
) -> None:
    lake = rclone_server.lake()
    s3_environment(rclone_server, AWS_SECRET_ACCESS_KEY="wrong")
    refused(Store(lake).check, "does not accept")
    s3_environment(rclone_server)
    Store(lake).check()


def test_a_server_that_is_not_there(
    rclone_server: S3Server, s3_environment: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = f"http://127.0.0.1:{free_port()}"
    s3_environment(rclone_server, AWS_ENDPOINT_URL=endpoint)
    monkeypatch.setattr("tidemill.store.connecting._ATTEMPTS", 1)
    store = Store(rclone_server.lake())
    started = time.monotonic()
    refused(
        store.check, rf"can't be reached: {endpoint} did not answer.*AWS_ENDPOINT_URL .* is right", rclone_server.secret
    )
    assert time.monotonic() - started < 5
    with pytest.raises(TransientError, match=f"{endpoint} did not answer"):
        store.read_bytes("a")


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes connections and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(64)
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_server_that_says_nothing(
    silent: str, moto_server: S3Server, s3_environment: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    s3_environment(moto_server, AWS_ENDPOINT_URL=silent)
    monkeypatch.setattr("tidemill.store.connecting._CHECK_SECONDS", 1)
    started = time.monotonic()
    refused(Store(moto_server.lake()).check, f"can't be reached: {silent} did not answer")
    assert time.monotonic() - started < 5


@pytest.fixture
def answering(
    moto_server: S3Server, s3_environment: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[bytes], None]]:
    """A server whose every answer is what it was told last; the environment points at it."""
    monkeypatch.setattr("tidemill.store.connecting._ATTEMPTS", 1)
    monkeypatch.setattr("tidemill.store.connecting._REPEATS", 1)
    answer = [b""]
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen(64)
    s3_environment(moto_server, AWS_ENDPOINT_URL=f"http://127.0.0.1:{server.getsockname()[1]}")

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.recv(65_536)
                connection.sendall(answer[0])

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()

    def say(text: bytes) -> None:
        answer[0] = text

    yield say
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(5)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\nConnection: close\r\n\r\nonly a part",
        b"HTTP/1.1 20",
        b"",
    ],
    ids=["503", "500", "broken off in the middle", "broken off in the head", "closed at once"],
)
def test_what_may_pass_is_transient(answering: Callable[[bytes], None], answer: bytes) -> None:
    answering(answer)
    with pytest.raises(TransientError, match="did not answer"):
        Store("s3://lake/x").read_bytes("a")


def test_a_server_that_is_no_s3(answering: Callable[[bytes], None]) -> None:
    answering(b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\nConnection: close\r\n\r\nnope!")
    refused(Store("s3://lake/x").check, "s3://lake/x does not exist|can't be used")
    answering(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    refused(Store("s3://lake/x").check, "allows no access")


def test_a_large_object_is_whole_or_absent(rclone_server: S3Server, s3_environment: Callable[..., None]) -> None:
    s3_environment(rclone_server)
    store = Store(rclone_server.lake())
    block = os.urandom(2**20)
    with pytest.raises(RuntimeError), store.writer("large") as file:
        broken_off(file)
    assert store.list() == []
    with store.writer("large") as file:
        for _ in range(40):
            file.write(block)
    with store.open("large") as file:
        assert file.seek(0, os.SEEK_END) == 40 * 2**20
        file.seek(39 * 2**20)
        assert file.read() == block
    with store.local_copy("large") as path:
        assert path.stat().st_size == 40 * 2**20


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_store_survives_a_fork(rclone_server: S3Server, s3_environment: Callable[..., None]) -> None:
    s3_environment(rclone_server)
    store = Store(rclone_server.lake())
    store.write_bytes("a", b"parent")
    child = os.fork()
    if child == 0:
        try:
            store.write_bytes("b", store.read_bytes("a") + b" and child")
        finally:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert store.read_bytes("b") == b"parent and child"


def test_marks_of_empty_folders_are_no_objects(moto_server: S3Server, s3_environment: Callable[..., None]) -> None:
    """Consoles and some servers make a folder by an empty object whose name ends in `/`."""
    s3_environment(moto_server)
    store = Store(moto_server.lake())
    for name in ("", "data/", "empty/"):
        url = f"{moto_server.endpoint}{store.url.removeprefix('s3:/')}/{name}"
        with urllib.request.urlopen(urllib.request.Request(url, method="PUT", data=b""), timeout=10):
            pass
    store.write_bytes("data/a.csv", b"x")
    assert store.list() == store.list("data") == ["data/a.csv"]
    assert store.list("empty") == []
    assert [item.name for item in list_objects(store.url)] == ["data/a.csv"]
    with pytest.raises(UserError, match="holds no files"):
        list_objects(store.url_of("empty"))


def test_nothing_secret_is_logged(
    rclone_server: S3Server, s3_environment: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    s3_environment(rclone_server)
    with caplog.at_level(logging.INFO):
        Store(rclone_server.lake()).check()
    assert rclone_server.secret not in caplog.text


def test_temporary_files_do_not_pile_up(s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    store = Store(s3.lake())
    with store.writer("a") as file:
        file.write(b"x")
    with store.local_copy("a"), store.open("a"):
        pass
    with pytest.raises(RuntimeError), store.writer("b"):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
