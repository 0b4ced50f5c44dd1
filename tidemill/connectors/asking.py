"""Asking a JSON API politely: at a stated rate, again when it stumbles, and never telling another host our headers."""

from __future__ import annotations

import base64
import logging
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from tidemill.connectors.answers import Answer, NotJsonError, excerpt, json_of, next_link, phrase, wait_asked
from tidemill.errors import TransientError, UserError
from tidemill.progress import Note, emit
from tidemill.secrets import hidden, revealed, revealed_url
from tidemill.store import shown

if TYPE_CHECKING:
    import httpx

    from tidemill.connectors.paging import Step
    from tidemill.usecase.sources import Http

__all__ = ["WALL", "AbsentError", "Asker", "Clock"]

_TRANSIENT = (408, 425, 429)
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 60.0
_LONGEST_ASKED = 300.0
_WORTH_TELLING = 5.0
_MOST_REDIRECTS = 10
_LARGEST = 256 * 2**20


class Clock(Protocol):
    """What waiting and counting time go by."""

    def monotonic(self) -> float:
        """Seconds since some moment."""

    def sleep(self, seconds: float) -> None:
        """Wait."""

    def now(self) -> datetime:
        """The moment, in UTC."""


class _Wall:
    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def now(self) -> datetime:
        return datetime.now(UTC)


WALL: Clock = _Wall()


class AbsentError(UserError):
    """The address is not there (404 or 410): the end, when one asks past the last page by number."""


class _AgainError(Exception):
    """One try failed in a way that another may not. ``asked`` is how long the server wants to be left alone, in
    seconds; ``lasting`` is what to raise when no try goes better, if that is not a TransientError."""

    def __init__(self, what: str, asked: float | None = None, lasting: UserError | None = None) -> None:
        super().__init__(what)
        self.asked = asked
        self.lasting = lasting


class Asker:
    """Asks one API, with one client, until closed.

    Headers (and a user and password in the address) go to the host of ``http.url`` alone, wherever a redirect or a
    link leads. References to secrets are resolved when it is opened.
    """

    def __init__(self, http: Http, clock: Clock = WALL) -> None:
        self._http = http
        self._clock = clock
        self._random = random.Random()
        self._last: float | None = None

    def __enter__(self) -> Self:
        import httpx

        address = _address(revealed_url(self._http.url))
        self.home = address.copy_with(username=None, password=None)
        self.where = hidden(shown(str(self.home)))
        self._headers = self._own_headers(address)
        self._quiet = _QuietLog()
        logging.getLogger("httpx").addFilter(self._quiet)
        seconds = self._http.timeout.total_seconds()
        self._client = httpx.Client(timeout=seconds, follow_redirects=False, headers=_public_headers())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
        logging.getLogger("httpx").removeFilter(self._quiet)

    def ask(self, step: Step, name: str) -> Answer:
        """The answer to ``step``, tried again as often as the source's `retries` say. ``name`` is what errors call it.

        Raises :exc:`UserError` for what asking again can't mend (:exc:`AbsentError` for 404 and 410), and
        :exc:`TransientError` when the tries are used up.
        """
        started, url = self._clock.monotonic(), self._asked_for(step)
        tries = self._http.retries + 1
        for attempt in range(tries):
            try:
                return self._once(url, name)
            except _AgainError as again:
                if attempt + 1 < tries and (again.asked or 0.0) <= _LONGEST_ASKED:
                    wait = max(self._pause(attempt), again.asked or 0.0)
                    if wait >= _WORTH_TELLING:
                        emit(Note(f"{self.where}, {name}: {again}; trying again in {wait:.0f} s"))
                    self._clock.sleep(wait)
                    continue
                if again.lasting is not None:
                    raise again.lasting from None
                often = _often(attempt + 1, self._clock.monotonic() - started, again.asked)
                raise TransientError(f"{self.where}, {name}: {again}{often}") from None
        raise AssertionError("there is always a first try")

    def _asked_for(self, step: Step) -> httpx.URL:
        """The whole address. One that a page named keeps its own parameters, and on another host gets none of ours."""
        if step.url is None:
            return self.home.copy_merge_params(step.parameters)
        url = _address(step.url, self.where)
        if not self._is_home(url):
            return url
        return url.copy_merge_params({name: text for name, text in step.parameters.items() if name not in url.params})

    def _once(self, url: httpx.URL, name: str) -> Answer:
        for _ in range(_MOST_REDIRECTS):
            with self._sent(url, name) as response:
                target = response.headers.get("location") if 300 <= response.status_code < 400 else None
                if target is None:
                    return self._answer(response, url, name)
                url = _address(str(url.join(target)), self.where)
        raise UserError(f"{self.where}, {name}: it redirects for ever. Check the address")

    @contextmanager
    def _sent(self, url: httpx.URL, name: str) -> Iterator[httpx.Response]:
        """The start of an answer; what goes wrong on the way, here or while it is read, told in our errors."""
        import httpx

        self._keep_rate()
        headers = self._headers if self._is_home(url) else {}
        try:
            with self._client.stream("GET", url, headers=headers) as response:
                yield response
        except httpx.TimeoutException:
            raise _AgainError(self._late()) from None
        except httpx.DecodingError:
            raise _AgainError("sent compressed data that is not whole") from None
        except httpx.ConnectError as error:
            if "CERTIFICATE" in str(error):
                raise UserError(
                    f"{self.where}: its certificate is not one that this machine trusts. Check the address, or make "
                    "the authority known (SSL_CERT_FILE)"
                ) from None
            raise _AgainError("can't be reached (is the address right, and the server running?)") from None
        except (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL):
            raise UserError(f"{self.where}, {name}: the address or a header can't be sent: check them") from None
        except httpx.TransportError:
            raise _AgainError("broke the connection off") from None

    def _answer(self, response: httpx.Response, url: httpx.URL, name: str) -> Answer:
        body = self._read(response)
        status = response.status_code
        if status >= 400 or status in (304, 300):
            self._refuse(response, body, url, name)
        if status == HTTPStatus.NO_CONTENT:
            return Answer(str(url), None, next_link(response, url))
        return Answer(str(url), self._parsed(body, response, name), next_link(response, url))

    def _read(self, response: httpx.Response) -> bytes:
        """The whole body, in the time that one answer may take."""
        until = self._clock.monotonic() + self._http.timeout.total_seconds()
        pieces, held = [], 0
        for piece in response.iter_bytes():
            pieces.append(piece)
            held += len(piece)
            if held > _LARGEST:
                mend = "Ask for smaller pages (`paging`, `page_size`), or fetch it as a file by the source's `url`"
                raise UserError(f"{self.where}: an answer of more than {_LARGEST // 2**20} MB. {mend}")
            if self._clock.monotonic() > until:
                raise _AgainError(self._late())
        return b"".join(pieces)

    def _refuse(self, response: httpx.Response, body: bytes, url: httpx.URL, name: str) -> None:
        status = response.status_code
        said = f"answered {status}{phrase(status)}{self._said(body)}"
        if status in _TRANSIENT or status >= 500:
            raise _AgainError(said, wait_asked(response.headers.get("retry-after"), self._clock.now()))
        where = self.where if self._is_home(url) else f"{self.where} (which leads to {hidden(shown(str(url)))})"
        if status in (401, 403):
            abroad = "" if self._is_home(url) else "; another host is not sent the source's `headers`"
            raise UserError(f"{where} {said}: check the token in `headers`, and what it may read{abroad}")
        if status in (404, 410):
            raise AbsentError(f"{where} {said}: check the address, `http.url`")
        raise UserError(f"{where}, {name}: {said}. Check the address and its `parameters`")

    def _parsed(self, body: bytes, response: httpx.Response, name: str) -> Any:
        """The body's JSON. Half of it is worth another try; something else entirely is not."""
        try:
            return json_of(body, response.charset_encoding)
        except NotJsonError as error:
            lasting = UserError(f"{self.where}, {name}: {error}{self._said(body)}. {error.mend}")
            if error.again:
                raise _AgainError(str(error), lasting=None if error.cut_off else lasting) from None
            raise lasting from None

    def _own_headers(self, address: httpx.URL) -> dict[str, str]:
        """What goes to the API's own host only, in the clear: a user and password in the address are a header too."""
        headers = {name: revealed(value) for name, value in self._http.headers.items()}
        if address.userinfo and not any(name.lower() == "authorization" for name in headers):
            pair = f"{address.username}:{address.password}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        for name, value in headers.items():
            if not value.isprintable() or not value.isascii() or value != value.strip():
                raise UserError(
                    f"{self.where}: the header `{name}` holds a line break, space at its ends or letters that no "
                    "header may hold: mend its value"
                )
        return headers

    def _is_home(self, url: httpx.URL) -> bool:
        """Whether ``url`` is on the API's own host; the same host by TLS is."""
        home = self.home
        if url.host != home.host:
            return False
        safer = home.scheme == "http" and url.scheme == "https" and home.port is None and url.port is None
        return safer or (url.scheme == home.scheme and url.port == home.port)

    def _keep_rate(self) -> None:
        now = self._clock.monotonic()
        if self._http.rate is not None and self._last is not None:
            wait = self._last + 1 / self._http.rate - now
            if wait > 0:
                self._clock.sleep(wait)
                now = self._clock.monotonic()
        self._last = now

    def _pause(self, attempt: int) -> float:
        """How long to wait before the next try, in seconds: twice as long each time, and not in step with others."""
        return float(min(_FIRST_WAIT * 2**attempt, _LONGEST_WAIT) * self._random.uniform(0.5, 1.0))

    def _late(self) -> str:
        return f"did not answer within {self._http.timeout.total_seconds():g} s"

    def _said(self, body: bytes) -> str:
        text = excerpt(body.decode("utf-8", "replace"), tuple(self._headers.values()))
        return f" ({text})" if text else ""


class _QuietLog(logging.Filter):
    """Addresses in httpx's log lose their query, which may hold a token."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record, with its addresses shortened."""
        if isinstance(record.args, tuple):
            record.args = tuple(hidden(shown(str(one))) if _is_url(one) else one for one in record.args)
        return True


def _often(tries: int, seconds: float, asked: float | None) -> str:
    """How often it was tried, and how long the server wants to be left alone when that is longer than we wait."""
    long = f"; it wants to be left alone for {asked:,.0f} s" if asked is not None and asked > _LONGEST_ASKED else ""
    return (f", at the last of {tries} tries in {seconds:.0f} s" if tries > 1 else "") + long


def _is_url(value: object) -> bool:
    import httpx

    return isinstance(value, httpx.URL)


def _public_headers() -> dict[str, str]:
    from tidemill import __version__

    return {"Accept": "application/json", "User-Agent": f"tidemill/{__version__}"}


def _address(url: str, before: str = "") -> httpx.URL:
    import httpx

    try:
        address = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        address = httpx.URL("")
    if address.scheme not in ("http", "https") or not address.host:
        leads = f"{before} leads to" if before else "there is"
        raise UserError(f"{leads} an address that is not one of http:// or https://: {hidden(shown(url))[:200]!r}")
    return address
