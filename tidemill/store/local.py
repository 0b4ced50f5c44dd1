"""Objects as files of a local (or mounted) folder."""

from __future__ import annotations

import contextlib
import errno
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from tidemill.errors import UserError
from tidemill.store.failures import disk_failures
from tidemill.store.schemes import OWN

__all__ = ["LocalBackend", "written_whole"]

_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}
_STALE_SECONDS = 86_400.0


class LocalBackend:
    """A folder. Content is written to a temporary file below ``.tidemill/partial`` and then renamed."""

    conditional = True

    def __init__(self, root: Path) -> None:
        self._root = root
        self._partial = root / OWN / "partial"

    @property
    def address(self) -> str:
        """The folder."""
        return str(self._root)

    def check(self, writable: bool) -> None:
        """Make the folder if need be, write into it, and sweep what killed processes left behind."""
        if self._root.exists() and not self._root.is_dir():
            raise UserError(f"the lake {self._root} is a file: give a folder")
        with disk_failures(self._root):
            if not writable:
                if self._root.exists():
                    next(self._root.iterdir(), None)
                return
            path = self._temporary(b"tidemill")
            path.unlink()
            for left in self._partial.iterdir():
                with contextlib.suppress(FileNotFoundError):
                    if time.time() - left.stat().st_mtime > _STALE_SECONDS:
                        left.unlink()

    def exists(self, key: str) -> bool:
        """Whether there is a file."""
        with disk_failures(self._root / key):
            return (self._root / key).is_file()

    def list(self, prefix: str) -> Iterator[str]:
        """Walk the folder; what vanishes meanwhile is left out."""
        top = self._root / prefix
        if prefix and top.is_file():
            yield prefix
            return
        with disk_failures(top):
            for folder, folders, files in os.walk(top, onerror=_only_missing):
                below = Path(folder).relative_to(self._root)
                if below == Path():
                    folders[:] = [name for name in folders if name != OWN]
                for name in files:
                    yield (below / name).as_posix()

    def get(self, key: str) -> bytes:
        """The file's bytes."""
        with disk_failures(self._root / key), _missing(self._root / key, key):
            return (self._root / key).read_bytes()

    def put(self, key: str, data: bytes) -> None:
        """A temporary file, on disk, then renamed."""
        with self.writer(key) as file:
            file.write(data)

    def create(self, key: str, data: bytes) -> bool:
        """Link the finished temporary file to its name: whole and exclusive in one step."""
        final = self._root / key
        with disk_failures(final):
            if final.exists():
                return False
            final.parent.mkdir(parents=True, exist_ok=True)
            path = self._temporary(data)
            try:
                os.link(path, final)
            except FileExistsError:
                return False
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                return _create_exclusively(final, data)
            finally:
                path.unlink()
        return True

    def delete(self, key: str) -> None:
        """Remove the file; its folder stays."""
        with disk_failures(self._root / key):
            (self._root / key).unlink(missing_ok=True)

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        """The file itself."""
        with disk_failures(self._root / key), _missing(self._root / key, key):
            file = (self._root / key).open("rb")
        with file:
            yield file

    @contextmanager
    def writer(self, key: str) -> Iterator[BinaryIO]:
        """A temporary file that is renamed at the end."""
        with disk_failures(self._root):
            self._partial.mkdir(parents=True, exist_ok=True)
        with written_whole(self._root / key, self._partial / uuid.uuid4().hex) as file:
            yield file

    @contextmanager
    def local_copy(self, key: str) -> Iterator[Path]:
        """The file's own path: it is already here."""
        if not self.exists(key):
            raise KeyError(key)
        yield self._root / key

    def _temporary(self, data: bytes) -> Path:
        self._partial.mkdir(parents=True, exist_ok=True)
        path = self._partial / uuid.uuid4().hex
        try:
            with path.open("xb") as file:
                file.write(data)
                _to_disk(file)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path


@contextmanager
def written_whole(final: Path, temporary: Path) -> Iterator[BinaryIO]:
    """A file at ``temporary`` that becomes ``final`` when the block ends well, and vanishes otherwise.

    Both must be on one disk. Raises UserError when the disk is full or the folder can't be written.
    """
    with disk_failures(final):
        file = temporary.open("xb")
    try:
        try:
            yield cast(BinaryIO, file)
            with disk_failures(final):
                _to_disk(file)
        finally:
            with disk_failures(final):
                file.close()
        with disk_failures(final):
            final.parent.mkdir(parents=True, exist_ok=True)
            temporary.replace(final)
    except OSError as error:
        with disk_failures(final, only_full=True):
            raise error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _create_exclusively(final: Path, data: bytes) -> bool:
    """Where the disk knows no links: exclusive, but a reader may meet the file while it is written."""
    try:
        file = final.open("xb")
    except FileExistsError:
        return False
    try:
        with file:
            file.write(data)
            _to_disk(file)
    except BaseException:
        final.unlink(missing_ok=True)
        raise
    return True


def _only_missing(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error


@contextmanager
def _missing(path: Path, key: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise KeyError(key) from None
