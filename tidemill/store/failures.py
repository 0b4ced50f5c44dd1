"""What goes wrong with disks and servers, told in Tidemill's own errors.

No message repeats what a server or a library said word for word: such texts may hold credentials
or signed addresses.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tidemill.errors import TidemillError, TransientError, UserError

__all__ = ["disk_failures", "remote_failures", "shown"]

_FULL = {errno.ENOSPC, errno.EDQUOT}
_BUSY = {errno.EBUSY, errno.EREMOTEIO, errno.EAGAIN, errno.ETIMEDOUT, errno.ECONNRESET, errno.EPIPE, errno.ESTALE}
_WRONG_CREDENTIALS = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "AuthorizationHeaderMalformed"}
_EXPIRED = {"ExpiredToken", "TokenRefreshRequired", "ExpiredTokenException"}
_NO_CREDENTIALS = {"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "ProfileNotFound"}
_WRONG_ADDRESS = {"InvalidEndpointURL", "UnknownEndpointError", "InvalidURL", "InvalidRegionError"}
_TRANSIENT = {
    "ClientConnectionError",
    "ClientConnectorError",
    "ClientOSError",
    "ClientPayloadError",
    "ConnectTimeoutError",
    "ConnectionClosedError",
    "ConnectionError",
    "EndpointConnectionError",
    "FSTimeoutError",
    "FlexibleChecksumError",
    "HTTPClientError",
    "IncompleteRead",
    "IncompleteReadError",
    "ProxyConnectionError",
    "ReadTimeoutError",
    "ResponseParserError",
    "ResponseStreamingError",
    "ServerDisconnectedError",
    "ServerTimeoutError",
    "TimeoutError",
    "gaierror",
}


def shown(url: str) -> str:
    """``url`` as a message may show it: without user, password and query (which may hold a signature)."""
    if "://" not in url:
        return url
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


@contextmanager
def disk_failures(path: Path, *, only_full: bool = False) -> Iterator[None]:
    """Turn what a disk refuses into a UserError with the mend. A missing file stays as it is."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise UserError(f"the disk is full: {path} was not written. Free some space and run it again") from None
        if only_full:
            raise
        if error.errno in (errno.EACCES, errno.EPERM):
            raise UserError(f"no permission for {path}: give this user the right, or use another folder") from None
        if error.errno == errno.EROFS:
            raise UserError(f"{path} is on a read-only disk: use another folder") from None
        if error.errno == errno.ENAMETOOLONG:
            raise UserError(f"{path} is too long a name for this disk: use a shorter folder") from None
        if error.errno in (errno.ENOTDIR, errno.EEXIST):
            raise UserError(f"{path} can't be made: a file is where a folder should be. Use another folder") from None
        if error.errno in _BUSY:
            raise TransientError(f"{path} did not answer ({error.strerror})") from None
        raise


@contextmanager
def remote_failures(url: str, endpoint: str, missing: str | None) -> Iterator[None]:
    """Turn what an fsspec backend raises into KeyError(``missing``), TransientError or UserError.

    ``endpoint`` is the server's address as the user gave it. With ``missing`` None an absent object
    is a UserError too (a source that isn't there).
    """
    try:
        yield
    except (TidemillError, KeyError):
        raise
    except Exception as error:
        raise _told(error, shown(url), shown(endpoint), missing) from None


def _told(error: Exception, url: str, endpoint: str, missing: str | None) -> Exception:
    code, status = _said_by_server(error)
    kinds = _kinds(error)
    bucket = "/".join(url.split("/")[:3])
    if code == "NoSuchBucket":
        return UserError(f"the bucket {bucket} does not exist at {endpoint}: make it, or mend the URL")
    if code in _WRONG_CREDENTIALS:
        return UserError(
            f"{endpoint} does not accept the credentials for {bucket}: "
            "mend AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or the profile that AWS_PROFILE names)"
        )
    if code in _EXPIRED:
        return UserError(f"the credentials for {bucket} have expired: get new ones and run it again")
    if code == "RequestTimeTooSkewed":
        return UserError(f"{endpoint} refuses the request because this machine's clock is wrong: set the clock")
    if kinds & _NO_CREDENTIALS:
        return UserError(
            f"there are no credentials for {bucket}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY "
            "(and AWS_ENDPOINT_URL for a server that is not AWS)"
        )
    if kinds & _WRONG_ADDRESS:
        return UserError(f"{endpoint} is not the address of a server: mend it (AWS_ENDPOINT_URL, AWS_DEFAULT_REGION)")
    if isinstance(error, FileNotFoundError) or status == 404:
        return KeyError(missing) if missing is not None else UserError(f"{url} does not exist: mend the URL")
    if isinstance(error, PermissionError) or status in (401, 403):
        return UserError(f"{endpoint} allows no access to {url}: check the credentials and their rights")
    if (isinstance(error, OSError) and error.errno in _FULL) or code in ("XMinioStorageFull", "InsufficientStorage"):
        return UserError(f"no space is left: {url} was not written. Free some space and run it again")
    if _passes(error, status, kinds):
        return TransientError(f"{endpoint} did not answer ({code or type(error).__name__}) when asked for {url}")
    said = code or (str(status) if status else type(error).__name__)
    return UserError(f"{url} can't be used: {endpoint} answered `{said}`. Check the URL and what the server is")


def _passes(error: Exception, status: int | None, kinds: set[str]) -> bool:
    """Whether the same call may succeed later."""
    if status is not None and (status >= 500 or status in (408, 409, 425, 429)):
        return True
    return bool(kinds & _TRANSIENT) or (isinstance(error, OSError) and error.errno in _BUSY)


def _kinds(error: BaseException) -> set[str]:
    """Names of the error's classes and of those of what caused it: libraries wrap each other's errors."""
    names: set[str] = set()
    seen: BaseException | None = error
    while seen is not None:
        names |= {kind.__name__ for kind in type(seen).__mro__}
        seen = seen.__cause__
    return names


def _said_by_server(error: BaseException) -> tuple[str | None, int | None]:
    """The server's error code and HTTP status, from botocore's ClientError or aiohttp's response error."""
    seen: BaseException | None = error
    while seen is not None:
        response: Any = getattr(seen, "response", None)
        if isinstance(response, dict):
            code = response.get("Error", {}).get("Code")
            status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            return code, status
        status = getattr(seen, "status", None)
        if isinstance(status, int):
            return None, status
        seen = seen.__cause__
    return None, None
