"""A :class:`Store` is a URL (a local folder, ``s3://bucket/prefix``, ``memory://name``, any fsspec
scheme) and keys below it. Its promises, on every backend:

* a reader never sees a half-written object under its final name;
* :meth:`Store.create_bytes` writes only where nothing is yet, atomically where the backend can;
* a listing is never served from a cache.

Keys are relative, with ``/`` between parts. What Tidemill keeps for itself (temporary files, the
probe) is below ``.tidemill/`` and never listed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from tidemill.errors import TransientError, UserError
from tidemill.store.backend import Backend, backend_for, normalised

__all__ = ["DEFAULT_LAKE", "Json", "Store", "json_bytes"]

Json = Any
DEFAULT_LAKE = "./lake"


class Store:
    """A place for objects, by key. Cheap to make; opens its connection when first used; picklable.

    Safe in threads. Every method raises TransientError when the storage does not answer or breaks
    off (the same call may succeed later), and UserError when a bucket, a right or a credential is
    missing or the disk is full.
    """

    def __init__(self, url: str = DEFAULT_LAKE) -> None:
        """``url`` is a path, a ``file:``, ``s3:``, ``memory:`` or other fsspec URL; a relative path is resolved now."""
        self.url = normalised(url)
        self._backend: Backend | None = None

    def __repr__(self) -> str:
        return f"Store({self.url!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Store) and other.url == self.url

    def __hash__(self) -> int:
        return hash(self.url)

    def __getstate__(self) -> dict[str, str]:
        return {"url": self.url}

    def __setstate__(self, state: dict[str, str]) -> None:
        self.url = state["url"]
        self._backend = None

    @property
    def _objects(self) -> Backend:
        if self._backend is None:
            self._backend = backend_for(self.url)
        return self._backend

    def url_of(self, key: str) -> str:
        """Where the object is, as a person or another tool would write it."""
        return f"{self.url}/{_checked(key)}"

    def check(self, *, writable: bool = True) -> None:
        """Prove that the lake can be written and read (only read, when not ``writable``).

        Run once at the start of a command: a server that does not answer becomes a UserError that
        names it, instead of one TransientError after another.
        """
        try:
            self._objects.check(writable)
        except TransientError as error:
            raise UserError(
                f"the lake {self.url} can't be reached: {error}. "
                f"Check that the server runs and that {self._objects.address} is right"
            ) from None

    @property
    def conditional(self) -> bool:
        """Whether :meth:`create_bytes` is atomic between processes here; probed once a process."""
        return self._objects.conditional

    def exists(self, key: str) -> bool:
        """Whether there is an object under ``key``."""
        return self._objects.exists(_checked(key))

    def list(self, prefix: str = "") -> list[str]:
        """Every key at or below ``prefix``, sorted, read anew each time."""
        folder = prefix.rstrip("/")
        return sorted(self._objects.list(_checked(folder) if folder else ""))

    def read_bytes(self, key: str) -> bytes:
        """The object. Raises KeyError when there is none."""
        return self._objects.get(_checked(key))

    def write_bytes(self, key: str, data: bytes) -> None:
        """Put ``data`` under ``key``, in place of what was there."""
        self._objects.put(_checked(key), data)

    def create_bytes(self, key: str, data: bytes) -> bool:
        """Write only if there is nothing under ``key``. Returns whether this call wrote it.

        Where :attr:`conditional` is False, two writers at the same moment may both be told True. Where
        it is True, False may also mean that an earlier, unanswered try of this very call wrote it.
        """
        return self._objects.create(_checked(key), data)

    def delete(self, key: str) -> None:
        """Remove the object. No error when there is none."""
        self._objects.delete(_checked(key))

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        """Read an object as a seekable binary file. Raises KeyError when there is none."""
        with self._objects.open(_checked(key)) as file:
            yield file

    @contextmanager
    def writer(self, key: str) -> Iterator[BinaryIO]:
        """A binary file that appears under ``key`` when the block ends well, and never otherwise."""
        with self._objects.writer(_checked(key)) as file:
            yield file

    @contextmanager
    def local_copy(self, key: str) -> Iterator[Path]:
        """The object as a file on this machine, to read, for libraries that want a path."""
        with self._objects.local_copy(_checked(key)) as path:
            yield path

    def read_json(self, key: str) -> Json:
        """The object, parsed. Raises KeyError when there is none, UserError when it is not JSON."""
        try:
            return json.loads(self.read_bytes(key))
        except ValueError as error:
            raise UserError(
                f"{self.url_of(key)} is damaged: it is not JSON ({error}). Restore it from a backup, or remove it"
            ) from None

    def write_json(self, key: str, value: Json) -> None:
        """Sorted keys, indented, UTF-8: the same value gives the same bytes."""
        self.write_bytes(key, json_bytes(value))

    def create_json(self, key: str, value: Json) -> bool:
        """:meth:`create_bytes` of the bytes that :meth:`write_json` would write."""
        return self.create_bytes(key, json_bytes(value))


def json_bytes(value: Json) -> bytes:
    """How the lake writes JSON: sorted keys, indented, UTF-8, and never NaN."""
    return (json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _checked(key: str) -> str:
    """The key itself, if it stays inside the lake. A bad key is a programming error or a hostile name."""
    parts = key.split("/")
    if any(part in ("", ".", "..") for part in parts) or any(char in key for char in "\0\n\r\\"):
        raise UserError(f"`{key}` can't name an object of the lake: use parts without `.` and `..`, joined by `/`")
    return key
