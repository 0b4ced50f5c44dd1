"""Objects behind an fsspec URL: S3 and what speaks like it, and any other scheme."""

from __future__ import annotations

import contextlib
import errno
import functools
import io
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from tidemill.errors import TransientError
from tidemill.store.connecting import connection_identity, endpoint_of, filesystem
from tidemill.store.failures import disk_failures, remote_failures
from tidemill.store.schemes import OBJECT_STORES, OWN, S3

__all__ = ["RangeReader", "RemoteBackend", "files_below"]

_CHUNK = 16 * 2**20
_CHUNKS_AT_ONCE = 4
_MOST_CHUNKS = 10_000
_READ_AHEAD = 4 * 2**20
_CREATE_ROUNDS = 5
_NOT_UNDERSTOOD = {errno.ENOSYS, errno.EINVAL, errno.EPERM}


class RemoteBackend:
    """Objects below an fsspec URL. Object stores write whole objects; elsewhere a finished file is moved in place."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._scheme = url.split("://", 1)[0]
        self._whole = self._scheme in OBJECT_STORES
        self._endpoint = endpoint_of(url)
        with remote_failures(url, self._endpoint, None):
            self._root = str(self._fs._strip_protocol(url)).rstrip("/")

    @property
    def _fs(self) -> Any:
        """Asked for each time: a forked process or new credentials need a new connection."""
        return filesystem(self._scheme)

    @property
    def address(self) -> str:
        """The server's address and where it comes from."""
        return f"AWS_ENDPOINT_URL ({self._endpoint})" if self._scheme in S3 else self._url

    @functools.cached_property
    def conditional(self) -> bool:
        """Probed: a second conditional write of one object is refused by a store that knows them."""
        if not self._whole:
            return False
        return _honours_create(self._root, self._scheme, self._endpoint, connection_identity())

    def check(self, writable: bool) -> None:
        """Write and read back one small object, or only ask for it."""
        fs = filesystem(self._scheme, patient=False)
        path = self._path(f"{OWN}/check")
        if not writable:
            with contextlib.suppress(KeyError), self._failures(OWN):
                fs.ls(self._path(OWN), detail=False)
            return
        with self._failures():
            if not self._whole:
                fs.makedirs(self._path(OWN), exist_ok=True)
            fs.pipe_file(path, b"tidemill\n")
            fs.cat_file(path)

    def exists(self, key: str) -> bool:
        """Whether there is an object (a folder is none)."""
        try:
            with self._failures(key):
                return bool(self._fs.info(self._path(key))["type"] == "file")
        except KeyError:
            return False

    def list(self, prefix: str) -> list[str]:
        """Keys at or below ``prefix``."""
        try:
            with self._failures(prefix):
                found = files_below(self._fs, self._path(prefix) if prefix else self._root)
        except KeyError:
            return []
        keys = (str(path).removeprefix(self._root).lstrip("/") for path in found)
        return [key for key in keys if not key.startswith(f"{OWN}/") or prefix.startswith(OWN)]

    def get(self, key: str) -> bytes:
        """The object, in one read."""
        with self._failures(key):
            return bytes(self._fs.cat_file(self._path(key)))

    def put(self, key: str, data: bytes) -> None:
        """One PUT (several when it is large, finished together)."""
        with self._failures():
            if self._scheme in S3:
                self._fs.pipe_file(self._path(key), data, **_in_parts(len(data)))
            elif self._whole:
                self._fs.pipe_file(self._path(key), data)
            else:
                temporary = self._temporary()
                self._fs.pipe_file(temporary, data)
                self._move(temporary, key)

    def create(self, key: str, data: bytes) -> bool:
        """A conditional PUT where the store honours it; else look first, which is not atomic."""
        if not self.conditional:
            if self.exists(key):
                return False
            self.put(key, data)
            return True
        for _ in range(_CREATE_ROUNDS):
            with self._failures():
                outcome = _put_if_absent(self._fs, self._path(key), data)
            if outcome is not None:
                return outcome
        raise TransientError(f"{self._url}/{key} is being written by others: try again")

    def delete(self, key: str) -> None:
        """Remove the object."""
        try:
            with self._failures(key):
                self._fs.rm_file(self._path(key))
        except KeyError:
            return

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        """Range reads where the store knows them, else a local copy."""
        if not self._whole:
            with self.local_copy(key) as path, path.open("rb") as file:
                yield file
            return
        with self._failures(key):
            raw = RangeReader(self._fs, self._path(key), f"{self._url}/{key}", self._endpoint)
        with io.BufferedReader(raw, _READ_AHEAD) as buffered:
            yield cast(BinaryIO, buffered)

    @contextmanager
    def writer(self, key: str) -> Iterator[BinaryIO]:
        """A temporary file here, sent when the block ends well: a broken-off upload leaves nothing."""
        with tempfile.TemporaryDirectory(prefix="tidemill-") as folder:
            path = Path(folder) / "part"
            with disk_failures(path, only_full=True), path.open("wb") as file:
                yield cast(BinaryIO, file)
            with self._failures():
                if self._scheme in S3:
                    self._fs.put_file(str(path), self._path(key), **_in_parts(path.stat().st_size))
                elif self._whole:
                    self._fs.put_file(str(path), self._path(key))
                else:
                    temporary = self._temporary()
                    self._fs.put_file(str(path), temporary)
                    self._move(temporary, key)

    @contextmanager
    def local_copy(self, key: str) -> Iterator[Path]:
        """A temporary file with the object's last name part."""
        with tempfile.TemporaryDirectory(prefix="tidemill-") as folder:
            path = Path(folder) / key.rsplit("/", 1)[-1]
            with self._failures(key), disk_failures(path, only_full=True):
                self._fs.get_file(self._path(key), str(path))
            yield path

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}"

    def _failures(self, key: str | None = None) -> AbstractContextManager[None]:
        """Errors of one call; without a ``key`` (when writing) a place that is not there is the user's error."""
        return remote_failures(f"{self._url}/{key}" if key else self._url, self._endpoint, key)

    def _temporary(self) -> str:
        path = self._path(f"{OWN}/partial/{uuid.uuid4().hex}")
        self._fs.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
        return path

    def _move(self, temporary: str, key: str) -> None:
        self._fs.makedirs(self._path(key).rsplit("/", 1)[0], exist_ok=True)
        self._fs.mv(temporary, self._path(key))


def _in_parts(size: int) -> dict[str, int]:
    """How s3fs is to cut an upload of ``size`` bytes: in one from 32 MB down, else in parts, few in memory at once."""
    return {"chunksize": max(_CHUNK, -(-size // _MOST_CHUNKS)), "max_concurrency": _CHUNKS_AT_ONCE}


def files_below(fs: Any, path: str) -> dict[str, dict[str, Any]]:
    """What fsspec says of every file at or below ``path``, by its path; marks of empty folders are none."""
    found: dict[str, dict[str, Any]] = fs.find(path, detail=True)
    return {name: about for name, about in found.items() if about["type"] == "file" and not name.endswith("/")}


class RangeReader(io.RawIOBase):
    """A seekable file over range requests; each failed request says what happened in Tidemill's errors."""

    def __init__(self, fs: Any, path: str, url: str, endpoint: str) -> None:
        self._fs, self._path, self._url, self._endpoint = fs, path, url, endpoint
        about = fs.info(path)
        if about["type"] != "file":
            raise FileNotFoundError(path)
        self._size = int(about["size"])
        self._at = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """Bytes from the start."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As for any file."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        """One range request."""
        view = memoryview(buffer).cast("B")
        end = min(self._at + len(view), self._size)
        if end <= self._at:
            return 0
        with remote_failures(self._url, self._endpoint, self._path):
            data = self._fs.cat_file(self._path, start=self._at, end=end)
            if len(data) != end - self._at:
                raise ConnectionError("fewer bytes than asked for")
        view[: len(data)] = data
        self._at += len(data)
        return len(data)


@functools.lru_cache(maxsize=64)
def _honours_create(root: str, scheme: str, endpoint: str, identity: str) -> bool:
    """Whether a second conditional write is refused; asked once for each connection, which ``identity`` tells apart."""
    fs = filesystem(scheme)
    path = f"{root}/{OWN}/probe-{uuid.uuid4().hex}"
    with remote_failures(f"{scheme}://{path}", endpoint, None):
        try:
            return _put_if_absent(fs, path, b"1") is True and _put_if_absent(fs, path, b"2") is False
        except OSError as error:
            if error.errno in _NOT_UNDERSTOOD:
                return False
            raise
        finally:
            with contextlib.suppress(OSError):
                fs.rm_file(path)


def _put_if_absent(fs: Any, path: str, data: bytes) -> bool | None:
    """Whether the conditional write was made; None when the store asks to try again."""
    try:
        fs.pipe_file(path, data, mode="create")
    except FileExistsError:
        return False
    except Exception as error:
        code = getattr(error.__cause__, "response", {}).get("Error", {}).get("Code", "")
        if code in ("PreconditionFailed", "412"):
            return False
        if code in ("ConditionalRequestConflict", "409"):
            return None
        raise
    return True
