"""Connections to object stores: the file system of a scheme, by what the environment says now."""

from __future__ import annotations

import functools
import hashlib
import os
import re
from typing import Any

import fsspec

from tidemill.errors import UserError
from tidemill.store.failures import shown
from tidemill.store.schemes import S3

__all__ = ["connection_identity", "endpoint_of", "filesystem"]

_ATTEMPTS = 3
_REPEATS = 2
_READ_SECONDS = 20
_CHECK_SECONDS = 5


def endpoint_of(url: str) -> str:
    """The server that ``url`` is read from, as the user knows it."""
    scheme = url.split("://", 1)[0]
    if scheme in S3:
        return _s3_endpoint() or "AWS S3"
    return url.split("/")[2].rpartition("@")[2] if "://" in url else url


def _s3_endpoint() -> str | None:
    """The server's address from the environment. Raises UserError when it is no address."""
    name = "AWS_ENDPOINT_URL_S3" if "AWS_ENDPOINT_URL_S3" in os.environ else "AWS_ENDPOINT_URL"
    address = os.environ.get(name, "").strip()
    if address and not re.match(r"https?://[^/\s]+", address):
        raise UserError(f"{name} is `{shown(address)}`: write the server's address, such as http://127.0.0.1:9000")
    return address or None


def filesystem(scheme: str, *, patient: bool = True) -> Any:
    """The fsspec file system of ``scheme``, for the environment as it is now.

    A ``patient`` one tries again and waits long; the other tells soon whether the server answers.
    """
    return _filesystem(scheme, connection_identity(), patient)


def connection_identity() -> str:
    """A digest of what the connection depends on: credentials, endpoint, process. Never shown."""
    said = sorted((name, value) for name, value in os.environ.items() if name.startswith("AWS_"))
    return hashlib.sha256(repr((os.getpid(), said)).encode()).hexdigest()


@functools.lru_cache(maxsize=16)
def _filesystem(scheme: str, identity: str, patient: bool) -> Any:
    options: dict[str, Any] = {"use_listings_cache": False, "skip_instance_cache": True}
    if scheme in S3:
        options["session"] = _s3_session(identity)
        options["config_kwargs"] = {
            "connect_timeout": 5,
            "read_timeout": _READ_SECONDS if patient else _CHECK_SECONDS,
            "retries": {"total_max_attempts": _ATTEMPTS if patient else 1, "mode": "standard"},
        }
        if _s3_endpoint():
            # Servers that speak like S3 send a whole object's checksum with a part of it, or know none.
            options["config_kwargs"] |= dict.fromkeys(
                ("request_checksum_calculation", "response_checksum_validation"), "when_required"
            )
    made = fsspec.filesystem(scheme, **options)
    if scheme in S3:
        made.retries = _REPEATS if patient else 1
    return made


@functools.lru_cache(maxsize=16)
def _s3_session(identity: str) -> Any:
    """One session a connection: it reads the service's description, which is long, once for all its clients.

    Its writes send no ``Expect: 100-continue``: no time limit holds while that is waited for.
    """
    from aiobotocore.session import AioSession

    session = AioSession()
    session.register("before-call.s3", _without_expect)
    return session


def _without_expect(params: dict[str, Any], **_: object) -> None:
    params["headers"].pop("Expect", None)
