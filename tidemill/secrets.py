"""References to secrets in a use case: ``${NAME}`` of the environment, ``${secret:name}`` of a block store.

A use case's text is stored with every version, so it may hold references only. They are resolved where a
source is opened, and nowhere else; what was resolved is taken out of every message by :func:`hidden`.

Tidemill does not know what keeps blocks (Prefect does): whoever runs a stage says how to look one up,
with :func:`blocks`, for as long as the stage runs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from urllib.parse import parse_qsl, quote, quote_plus

from tidemill.errors import UserError

__all__ = [
    "IN_CLEAR",
    "blocks",
    "hidden",
    "hiding",
    "is_reference",
    "literal_in_fields",
    "literal_in_url",
    "revealed",
    "revealed_url",
]

_REFERENCE = re.compile(r"\$\{(?:(secret):([^{}\s]+)|([A-Za-z_][A-Za-z0-9_]*))\}")
_BROKEN = re.compile(r"\$\{[^}]*\}?")
_TELLING = re.compile(
    r"authori[sz]ation|token|passw|secret|signature|credential|^(x-)?(sig|auth|pwd|key|cookie)$"
    r"|(access|admin|api|app|auth|client|functions|license|master|private|subscription)[-_]?key",
    re.IGNORECASE,
)
IN_CLEAR = (
    "{} stands there in clear, and a use case is stored with every version. Put a reference in its place: "
    "`${{NAME}}` of the environment, or `${{secret:block-name}}` of a Prefect Secret block"
)
"""What to say of :func:`literal_in_url`'s and :func:`literal_in_fields`' findings."""

_MASK = "***"
_SHORT = 4

Lookup = Callable[[str], str]

_lookup: ContextVar[Lookup | None] = ContextVar("tidemill_secret_lookup", default=None)
_seen: ContextVar[frozenset[str]] = ContextVar("tidemill_secrets_seen", default=frozenset())


@contextmanager
def blocks(lookup: Lookup) -> Iterator[None]:
    """While the block runs, ``${secret:name}`` is what ``lookup(name)`` gives; it raises LookupError for none."""
    token = _lookup.set(lookup)
    try:
        yield
    finally:
        _lookup.reset(token)


def revealed(text: str) -> str:
    """``text`` with every reference replaced by its secret. Raises UserError naming a reference that leads nowhere."""
    return _replaced(text, lambda value: value)


def revealed_url(url: str) -> str:
    """A URL with its references resolved, percent-encoded where a URL needs it: before the `@`, and after the `?`.

    A reference at the very start stands for the whole beginning of the URL, and is taken as it is.
    """
    scheme, found, rest = url.partition("://")
    if not found:
        return revealed(url)
    ahead, question, query = rest.partition("?")
    user, at, place = ahead.rpartition("@")
    before = f"{revealed(scheme)}://{_replaced(user, _quoted)}{at}"
    return f"{before}{revealed(place)}{question}{_replaced(query, _quoted_plus)}"


def hidden(text: str) -> str:
    """``text`` with ``***`` for every secret that was revealed in this context, as it is and percent-encoded."""
    for value in sorted(_seen.get(), key=len, reverse=True):
        for form in dict.fromkeys((value, _quoted(value), _quoted_plus(value), repr(value)[1:-1])):
            if len(form) >= _SHORT:
                text = text.replace(form, _MASK)
            else:
                text = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", _MASK, text)
    return text


@contextmanager
def hiding() -> Iterator[None]:
    """What is raised within says ``***`` in place of secrets."""
    try:
        yield
    except Exception as error:
        error.args = tuple(hidden(said) if isinstance(said, str) else said for said in error.args)
        raise


def is_reference(text: str) -> bool:
    """Whether there is a reference in ``text``."""
    return _REFERENCE.search(text) is not None


def literal_in_url(url: str) -> str | None:
    """What is a secret in ``url`` and stands there in clear, in words; None when nothing does."""
    scheme, found, rest = url.partition("://")
    if not found:
        return None
    ahead, _, query = rest.partition("?")
    user, at, _ = ahead.rpartition("@")
    # A reference may hold a `:`, and an `@` in a path has a port before it rather than a password.
    name, _, password = _REFERENCE.sub("\0", user).partition(":")
    if at and password and "\0" not in password and not password.partition("/")[0].isdigit():
        return "a password"
    if scheme in ("http", "https") and name and not password and not {"/", "\0"} & set(name):
        return "a user without a password, which is a token,"
    telling = literal_in_fields(dict(parse_qsl(query)))
    return None if telling is None else f"the value of `{telling}`"


def literal_in_fields(fields: Mapping[str, str]) -> str | None:
    """The first header or parameter whose name says that it is a secret, and which holds no reference."""
    for name, value in fields.items():
        if value and _TELLING.search(name) and not is_reference(value):
            return name
    return None


def _replaced(text: str, written: Callable[[str], str]) -> str:
    left = _REFERENCE.sub("", text)
    broken = _BROKEN.search(left)
    if broken is not None:
        raise UserError(f"`{broken[0]}` is no reference: write `${{NAME}}` (environment) or `${{secret:block-name}}`")
    return _REFERENCE.sub(lambda found: written(_value(found)), text)


def _value(found: re.Match[str]) -> str:
    value = _of_block(found[2]) if found[1] else _of_environment(found[3])
    if value:
        _seen.set(_seen.get() | {value})
    return value


def _of_environment(name: str) -> str:
    value = os.environ.get(name)
    if value is None:
        raise UserError(
            f"`${{{name}}}` is not set: put {name} into the environment of what runs this (the worker, if deployed)"
        )
    return value


def _of_block(name: str) -> str:
    lookup = _lookup.get()
    if lookup is None:
        raise UserError(f"`${{secret:{name}}}` is a Prefect Secret block, and they are read in a flow's run only")
    try:
        return lookup(name)
    except LookupError:
        raise UserError(
            f"`${{secret:{name}}}`: there is no Prefect Secret block `{name}`. Make it (Blocks, in Prefect's UI), "
            "or refer to a variable of the environment, `${NAME}`"
        ) from None


def _quoted(value: str) -> str:
    return quote(value, safe="")


def _quoted_plus(value: str) -> str:
    return quote_plus(value, safe="")
