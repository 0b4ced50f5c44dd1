"""What a place for objects must do, and which one a URL asks for."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import unquote, urlsplit

from tidemill.errors import UserError, did_you_mean
from tidemill.store.schemes import OBJECT_STORES

__all__ = ["Backend", "backend_for", "local_path", "normalised"]


class Backend(Protocol):
    """Objects by key, in one place. Keys were checked by the Store."""

    @property
    def address(self) -> str:
        """What to look at when the place does not answer, in words for a message."""
        ...

    @property
    def conditional(self) -> bool:
        """Whether ``create`` is atomic between processes."""
        ...

    def check(self, writable: bool) -> None:
        """Raise UserError when the place can't be read (or written)."""
        ...

    def exists(self, key: str) -> bool:
        """Whether there is an object."""
        ...

    def list(self, prefix: str) -> Iterable[str]:
        """Keys at or below ``prefix``, in any order."""
        ...

    def get(self, key: str) -> bytes:
        """The object, or KeyError."""
        ...

    def put(self, key: str, data: bytes) -> None:
        """Write, whole or not at all."""
        ...

    def create(self, key: str, data: bytes) -> bool:
        """Write where nothing is."""
        ...

    def delete(self, key: str) -> None:
        """Remove, if there."""
        ...

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Read as a seekable file, or KeyError."""
        ...

    def writer(self, key: str) -> AbstractContextManager[BinaryIO]:
        """A file that becomes the object when the block ends well."""
        ...

    def local_copy(self, key: str) -> AbstractContextManager[Path]:
        """The object as a local file."""
        ...


def local_path(url: str) -> Path | None:
    """The absolute path that a plain path or a ``file:`` URL means, or None for any other URL."""
    if url.startswith("file:"):
        rest = url.removeprefix("file:")
        return Path(unquote(rest.removeprefix("//"))).expanduser().absolute()
    if "://" in url or url.startswith("memory:"):
        return None
    return Path(url).expanduser().absolute()


def normalised(url: str) -> str:
    """One way to write each lake: an absolute path, or a URL without a slash at its end."""
    if not url.strip():
        raise UserError("the lake's URL is empty: give a folder, or a URL such as s3://bucket/prefix")
    path = local_path(url)
    if path is not None:
        return str(path.resolve())
    if url.startswith("memory:"):
        return "memory://" + url.removeprefix("memory:").strip("/")
    parts = urlsplit(url)
    if "@" in parts.netloc or parts.query:
        raise UserError(
            f"the lake's {parts.scheme}: URL holds a credential or options: put credentials into the environment, "
            "such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and leave them out of the URL"
        )
    if not parts.netloc and parts.scheme in OBJECT_STORES:
        raise UserError(f"`{url}` names no bucket: write {parts.scheme}://bucket/prefix")
    return url.rstrip("/")


def backend_for(url: str) -> Backend:
    """The backend of a normalised URL. Raises UserError for a scheme that nothing here can read."""
    from tidemill.store.local import LocalBackend

    if "://" not in url:
        return LocalBackend(Path(url))
    from tidemill.store.memory import MemoryBackend
    from tidemill.store.remote import RemoteBackend

    if url.startswith("memory://"):
        return MemoryBackend(url)
    scheme = url.split("://", 1)[0]
    from fsspec import available_protocols

    if scheme not in available_protocols():
        raise UserError(
            f"no storage is known by `{scheme}:`{did_you_mean(scheme, available_protocols())}: "
            "use a folder, s3://bucket/prefix, or another scheme that fsspec reads"
        )
    return RemoteBackend(url)
