"""Reading what a JSON API answers: its JSON or what came instead, how long it wants to be left alone, its links."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tidemill.secrets import hidden

if TYPE_CHECKING:
    import httpx

__all__ = ["Answer", "NotJsonError", "excerpt", "json_of", "next_link", "phrase", "wait_asked"]

_EXCERPT, _MOST_SAID = 200, 2**20
_ESCAPED = re.compile(r"\\(?:u([0-9a-fA-F]{4})|([/\"\\]))")
_AROUND = "\ufeff \t\r\n"


@dataclass(frozen=True)
class Answer:
    """A page: where it came from in the end, what its JSON says (None of no content), and the address that
    ``Link: rel=next`` names."""

    url: str
    body: Any
    following: str | None


class NotJsonError(Exception):
    """What a body is instead of JSON. ``again``: another try may mend it; ``cut_off``: right as far as it goes."""

    def __init__(self, what: str, mend: str = "", *, again: bool = False, cut_off: bool = False) -> None:
        super().__init__(what)
        self.mend = mend
        self.again = again
        self.cut_off = cut_off


def json_of(body: bytes, charset: str | None) -> Any:
    """The JSON that ``body`` is; NaN and the infinities, which are none, are null. Raises :exc:`NotJsonError`."""
    text, whole = _decoded(body, charset)
    if not text:
        raise NotJsonError("sent an empty answer", again=True, cut_off=True)
    if not _begins_as_json(text):
        what = "HTML or XML, a page to sign in perhaps" if text.startswith("<") else "something else"
        raise NotJsonError(f"the answer is not JSON, but {what}", "Check `http.url` and `http.headers`")
    if not whole:
        raise NotJsonError("the answer has bytes that are not UTF-8 text", "Tell whoever runs the API")
    try:
        return _loads(text)
    except RecursionError:
        raise NotJsonError("its JSON is nested too deeply to be read", "Ask for less of it") from None
    except json.JSONDecodeError as error:
        if error.pos >= len(text) - 5 or error.msg.startswith("Unterminated string"):
            raise NotJsonError("sent JSON that breaks off", again=True, cut_off=True) from None
        where = f"line {error.lineno}, character {error.colno}: {error.msg}"
        raise NotJsonError(f"its JSON is broken ({where})", "Tell whoever runs the API", again=True) from None


def wait_asked(header: str | None, now: datetime) -> float | None:
    """``Retry-After`` in seconds: it is a number of them, or a date. None when it says nothing that can be read."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (aware - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def next_link(response: httpx.Response, url: httpx.URL) -> str | None:
    """The address of ``Link: <…>; rel="next"``, made whole."""
    for link in response.links.values():
        if "next" in str(link.get("rel", "")).lower().split() and link.get("url") is not None:
            return str(url.join(link["url"]))
    return None


def excerpt(text: str, secrets: tuple[str, ...] = ()) -> str:
    """The beginning of what a server said, on one line, without secrets that it may repeat, escaped or not."""
    plain = _ESCAPED.sub(lambda found: chr(int(found[1], 16)) if found[1] else found[2], text[:_MOST_SAID])
    text = hidden(html.unescape(plain))
    for secret in {part for value in secrets for part in (value, value.rpartition(" ")[2]) if len(part) >= 4}:
        text = text.replace(secret, "***")
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return line if len(line) <= _EXCERPT else f"{line[:_EXCERPT]}…"


def phrase(status: int) -> str:
    """What a status is called, after a space; nothing for one that has no name."""
    try:
        return f" {HTTPStatus(status).phrase}"
    except ValueError:
        return ""


def _decoded(body: bytes, charset: str | None) -> tuple[str, bool]:
    """The text, without what may stand around JSON, and whether it is whole. JSON is UTF-8, begins like UTF-16, or is
    what ``charset`` says. A last letter that breaks off is left out.
    """
    encodings = [json.detect_encoding(body), *([charset] if charset else [])]
    for encoding in encodings:
        try:
            return body.decode(encoding).strip(_AROUND), True
        except UnicodeDecodeError as error:
            if error.start >= len(body) - 3:
                return body[: error.start].decode(encoding).strip(_AROUND), True
        except LookupError:
            continue
    return body.decode(encodings[0], "replace").strip(_AROUND), False


def _loads(text: str) -> Any:
    """JSON, with null for what is no number, and whole numbers of any length."""
    try:
        return json.loads(text, parse_constant=lambda _: None)
    except json.JSONDecodeError:
        raise
    except ValueError:
        return json.loads(text, parse_constant=lambda _: None, parse_int=_whole)


def _whole(digits: str) -> int | str:
    """Thousands of digits are text: Python takes them for an attack."""
    return digits if len(digits) > 20 else int(digits)


def _begins_as_json(text: str) -> bool:
    return text[0] in '{["-0123456789' or text.startswith(("true", "false", "null"))
