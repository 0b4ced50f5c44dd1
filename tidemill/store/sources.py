"""Files outside the lake, at any URL: what ``collect`` reads, and what ``predict`` writes."""

from __future__ import annotations

import io
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, cast

from tidemill.errors import UserError, did_you_mean
from tidemill.store.backend import local_path
from tidemill.store.failures import disk_failures, remote_failures, shown
from tidemill.store.local import written_whole
from tidemill.store.schemes import OBJECT_STORES

__all__ = ["SourceObject", "create_url", "list_objects", "open_url"]

_MAGIC = "*?["
_WEB = ("http:", "https:")
_MARKS = ("ETag", "etag", "LastModified", "mtime", "created")


@dataclass(frozen=True)
class SourceObject:
    """One file of a source. ``version`` changes when the content does: an ETag, or size and time of change.

    ``size`` is -1 where a web server does not tell it."""

    url: str
    name: str
    size: int
    version: str


def list_objects(url: str) -> list[SourceObject]:
    """The files that ``url`` means, sorted by name: a file, every file below a folder, or a glob's matches.

    Hidden files (names that start with ``.`` or ``_``) of folders and globs are left out. ``name`` is the path
    below the folder or the glob's fixed part. Raises UserError when there are none.
    """
    path = local_path(url)
    found = _local_objects(path) if path is not None else _remote_objects(url)
    if not found:
        raise UserError(f"{shown(url)} holds no files: mend the URL, or put the data there")
    return sorted(found, key=lambda item: item.name)


@contextmanager
def open_url(url: str) -> Iterator[BinaryIO]:
    """Read one file at any URL, seekable. Raises UserError when it is missing or may not be read."""
    path = local_path(url)
    if path is not None:
        with _readable(path):
            file = path.open("rb")
        with file:
            yield file
        return
    with _remote_file(url) as remote:
        yield remote


@contextmanager
def create_url(url: str) -> Iterator[BinaryIO]:
    """A file that appears at ``url`` when the block ends well, in place of what was there, and never otherwise."""
    path = local_path(url)
    if path is not None:
        if path.is_dir():
            raise UserError(f"{path} is a folder: give the name of a file to write")
        with disk_failures(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(path, path.parent / f".{path.name}.{uuid.uuid4().hex}.partial") as file:
            yield file
        return
    from tidemill.store.backend import backend_for, normalised

    folder, _, name = url.rpartition("/")
    if not name or not folder.partition("://")[2]:
        raise UserError(f"{shown(url)} names no file to write: give one, such as {shown(url).rstrip('/')}/out.parquet")
    with backend_for(normalised(folder)).writer(name) as remote:
        yield remote


def _local_objects(path: Path) -> list[SourceObject]:
    if any(char in str(path) for char in _MAGIC) and not path.exists():
        fixed = _until_magic(path.parts)
        folder = Path(*fixed)
        matches = folder.glob("/".join(path.parts[len(fixed) :]))
        files = (match for match in matches if match.is_file())
        return [_local_object(match, folder) for match in files if not _hidden(match.relative_to(folder).as_posix())]
    with _readable(path):
        if path.is_dir():
            below = (file for file in path.rglob("*") if file.is_file())
            return [_local_object(file, path) for file in below if not _hidden(file.relative_to(path).as_posix())]
        return [_local_object(path, path.parent)]


def _local_object(path: Path, folder: Path) -> SourceObject:
    with _readable(path):
        about = path.stat()
    return SourceObject(
        str(path), path.relative_to(folder).as_posix(), about.st_size, f"{about.st_size}-{about.st_mtime_ns}"
    )


def _remote_objects(url: str) -> list[SourceObject]:
    if url.startswith(_WEB):
        from tidemill.store.web import size_and_version

        size, version = size_and_version(url)
        return [SourceObject(url, shown(url).rpartition("/")[2], size, version)]
    from tidemill.store.remote import files_below

    fs, endpoint = _connected(url)
    with remote_failures(url, endpoint, None):
        path = str(fs._strip_protocol(url))
        if any(char in path for char in _MAGIC):
            found = fs.glob(path, detail=True)
            folder = "/".join(_until_magic(tuple(path.split("/"))))
            files = (name for name in found if found[name]["type"] == "file")
            keep = {name: found[name] for name in files if not _hidden(_relative(name, folder))}
        else:
            about = fs.info(path)
            if about["type"] == "file":
                item = _remote_object(fs, path, about, "")
                return [replace(item, url=url, name=shown(url).rpartition("/")[2])]
            folder = path.rstrip("/")
            below = files_below(fs, path)
            keep = {name: about for name, about in below.items() if not _hidden(_relative(name, folder))}
        return [_remote_object(fs, name, about, folder) for name, about in keep.items()]


def _remote_object(fs: Any, path: str, about: dict[str, Any], folder: str) -> SourceObject:
    size = int(about.get("size") or 0)
    mark = next((about[name] for name in _MARKS if about.get(name)), "")
    version = f"{size}-{mark}".replace('"', "")
    return SourceObject(str(fs.unstrip_protocol(path)), _relative(path, folder), size, version)


@contextmanager
def _remote_file(url: str) -> Iterator[BinaryIO]:
    if url.startswith(_WEB):
        from tidemill.store.web import fetch

        with tempfile.TemporaryDirectory(prefix="tidemill-") as folder:
            copy = Path(folder) / "source"
            fetch(url, copy)
            with copy.open("rb") as file:
                yield cast(BinaryIO, file)
        return
    from tidemill.store.remote import RangeReader

    fs, endpoint = _connected(url)
    path = str(fs._strip_protocol(url))
    if url.split("://", 1)[0] in OBJECT_STORES:
        with remote_failures(url, endpoint, None):
            raw = RangeReader(fs, path, url, endpoint)
        with io.BufferedReader(raw, 4 * 2**20) as buffered:
            yield cast(BinaryIO, buffered)
        return
    with tempfile.TemporaryDirectory(prefix="tidemill-") as folder:
        copy = Path(folder) / "source"
        with remote_failures(url, endpoint, None), disk_failures(copy, only_full=True):
            fs.get_file(path, str(copy))
        with copy.open("rb") as file:
            yield cast(BinaryIO, file)


def _connected(url: str) -> tuple[Any, str]:
    from fsspec import available_protocols

    from tidemill.store.connecting import endpoint_of, filesystem

    scheme = url.split(":", 1)[0]
    if scheme not in available_protocols():
        known = available_protocols()
        raise UserError(f"no storage is known by `{scheme}:` of {shown(url)}{did_you_mean(scheme, known)}")
    endpoint = endpoint_of(url)
    with remote_failures(url, endpoint, None):
        return filesystem(scheme), endpoint


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        with disk_failures(path):
            yield
    except (FileNotFoundError, NotADirectoryError):
        near = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        raise UserError(f"{path} does not exist{did_you_mean(path.name, near)}: mend the path") from None
    except IsADirectoryError:
        raise UserError(f"{path} is a folder: give a file") from None


def _until_magic(parts: tuple[str, ...]) -> list[str]:
    fixed: list[str] = []
    for part in parts:
        if any(char in part for char in _MAGIC):
            break
        fixed.append(part)
    return fixed


def _relative(path: str, folder: str) -> str:
    return path.removeprefix(folder).lstrip("/")


def _hidden(name: str) -> bool:
    return any(part.startswith((".", "_")) for part in name.split("/"))
