"""Files behind HTTP(S): what a server says of one, and fetching it whole, in one go or in several."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tidemill.errors import TidemillError, TransientError, UserError
from tidemill.store.failures import disk_failures, shown

if TYPE_CHECKING:
    import httpx

__all__ = ["UNKNOWN", "fetch", "size_and_version"]

UNKNOWN = -1
"""The size of a file whose server does not tell."""
_ATTEMPTS = 4
_PAUSE = 0.2
_CONNECT_SECONDS = 10.0
_READ_SECONDS = 60.0
_NO_HEAD = (400, 403, 404, 405, 501)
_PASSING = (408, 409, 425, 429)


def size_and_version(url: str) -> tuple[int, str]:
    """A file's size (or UNKNOWN), and what changes when the file does: its ETag, else when it was changed.

    For a server that says neither the version is a new one each time. Raises UserError for a file that is not
    there or may not be read, TransientError for a server that does not answer.
    """
    with _client() as client, _told(url):
        answer = client.head(url)
        if answer.status_code in _NO_HEAD:  # some servers, and signed addresses, allow GET alone
            with client.stream("GET", url) as answer:
                _check(url, answer.status_code)
        _check(url, answer.status_code)
        headers = answer.headers
    packed = headers.get("Content-Encoding", "identity") != "identity"
    length = headers.get("Content-Length", "")
    size = int(length) if length.isdigit() and not packed else UNKNOWN
    mark = headers.get("ETag") or headers.get("Last-Modified") or f"asked at {time.time_ns()}"
    return size, f"{size}-{mark}".replace('"', "")


def fetch(url: str, copy: Path) -> None:
    """Write the file to ``copy``. After a connection that broke off the rest is asked for, or all where that can't be.

    Raises as :func:`size_and_version`, and TransientError when the file does not come whole.
    """
    with _client() as client, copy.open("wb") as file:
        mark = ""
        packed = shown(url).endswith((".gz", ".zst"))  # what it is packed in is the file's, not the server's
        for attempt in range(_ATTEMPTS):
            try:
                with _told(url):
                    have = file.tell() if mark else 0
                    headers = {"Range": f"bytes={have}-", "If-Range": mark} if have else {}
                    with client.stream("GET", url, headers=headers) as answer:
                        _check(url, answer.status_code)
                        if answer.status_code != 206:
                            file.seek(0)
                            file.truncate()
                        mark = _strong_mark(answer)
                        with disk_failures(copy, only_full=True):
                            for piece in answer.iter_raw() if packed else answer.iter_bytes():
                                file.write(piece)
                return
            except TransientError:
                if attempt == _ATTEMPTS - 1:
                    raise
                time.sleep(_PAUSE * 2**attempt)


def _strong_mark(answer: httpx.Response) -> str:
    """The ETag by which the rest of the same content can be asked for; empty where that can't be."""
    mark = str(answer.headers.get("ETag", ""))
    packed = answer.headers.get("Content-Encoding", "identity") != "identity"
    return "" if packed or mark.startswith("W/") else mark


def _client() -> httpx.Client:
    import httpx

    limits = httpx.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS)
    return httpx.Client(follow_redirects=True, timeout=limits, headers={"Accept-Encoding": "identity"})


def _check(url: str, status: int) -> None:
    host = urlsplit(shown(url)).netloc
    if status in (404, 410):
        raise UserError(f"{shown(url)} does not exist ({host} answered {status}): mend the URL")
    if status in (401, 403, 407):
        raise UserError(
            f"{host} allows no access to {shown(url)} (it answered {status}): check the address and its token"
        )
    if status >= 500 or status in _PASSING:
        raise TransientError(f"{host} answered {status} when asked for {shown(url)}")
    if status >= 300:
        raise UserError(f"{shown(url)} can't be used: {host} answered {status}. Check the URL and what the server is")


@contextmanager
def _told(url: str) -> Iterator[None]:
    """Turn what httpx raises into Tidemill's errors, without the address's query."""
    import httpx

    host = urlsplit(shown(url)).netloc
    try:
        yield
    except TidemillError:
        raise
    except httpx.TooManyRedirects:
        raise UserError(f"{shown(url)} can't be used: {host} sends from one address to the next without end") from None
    except httpx.TimeoutException:
        raise TransientError(f"{host} did not answer in time when asked for {shown(url)}") from None
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.DecodingError) as error:
        raise UserError(f"{shown(url)} can't be used ({type(error).__name__}): mend the URL") from None
    except httpx.TransportError as error:
        raise TransientError(f"{host} broke off when asked for {shown(url)} ({type(error).__name__})") from None
