"""Objects in this process's memory, for tests and trials: lost when it ends."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from fsspec.implementations.memory import MemoryFile, MemoryFileSystem

from tidemill.store.schemes import OWN

__all__ = ["MemoryBackend"]


class MemoryBackend:
    """fsspec's own memory file system, so ``memory://name`` is one place for every Store of the process."""

    conditional = True

    def __init__(self, url: str) -> None:
        self._fs = MemoryFileSystem()
        self._root = "/" + url.removeprefix("memory://").strip("/")
        self.address = url

    def check(self, writable: bool) -> None:
        """Memory is always there."""

    def exists(self, key: str) -> bool:
        """Whether there is an object."""
        return self._path(key) in self._fs.store

    def list(self, prefix: str) -> list[str]:
        """Keys at or below ``prefix``."""
        start = self._path("")
        keys = (path.removeprefix(start) for path in list(self._fs.store) if path.startswith(start))
        below = f"{prefix}/" if prefix else ""
        return [key for key in keys if (key == prefix or key.startswith(below)) and not key.startswith(f"{OWN}/")]

    def get(self, key: str) -> bytes:
        """The object."""
        try:
            return bytes(self._fs.store[self._path(key)].getbuffer())
        except KeyError:
            raise KeyError(key) from None

    def put(self, key: str, data: bytes) -> None:
        """One assignment: readers see the old object or the new one."""
        self._fs.store[self._path(key)] = self._object(key, data)

    def create(self, key: str, data: bytes) -> bool:
        """``dict.setdefault`` is atomic between threads."""
        mine = self._object(key, data)
        return self._fs.store.setdefault(self._path(key), mine) is mine

    def delete(self, key: str) -> None:
        """Forget the object."""
        self._fs.store.pop(self._path(key), None)

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        """A file over the bytes as they are now."""
        with io.BytesIO(self.get(key)) as file:
            yield file

    @contextmanager
    def writer(self, key: str) -> Iterator[BinaryIO]:
        """A buffer that is put at the end."""
        with io.BytesIO() as file:
            yield file
            self.put(key, file.getvalue())

    @contextmanager
    def local_copy(self, key: str) -> Iterator[Path]:
        """A temporary file with the object's last name part."""
        data = self.get(key)
        with tempfile.TemporaryDirectory(prefix="tidemill-") as folder:
            path = Path(folder) / key.rsplit("/", 1)[-1]
            path.write_bytes(data)
            yield path

    def _path(self, key: str) -> str:
        return f"{self._root.rstrip('/')}/{key}"

    def _object(self, key: str, data: bytes) -> MemoryFile:
        return cast(MemoryFile, MemoryFile(self._fs, self._path(key), data))
