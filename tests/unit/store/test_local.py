"""What can go wrong with a disk."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tidemill.errors import UserError
from tidemill.store import Store, create_url


@pytest.fixture
def lake(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "lake"))


def refusing(code: int) -> Callable[..., Any]:
    def refuse(*_: Any, **__: Any) -> Any:
        raise OSError(code, os.strerror(code))

    return refuse


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_full_disk_is_told_and_leaves_nothing(lake: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.write_bytes("old", b"old")
    monkeypatch.setattr(os, "fsync", refusing(errno.ENOSPC))
    for attempt in (lambda: lake.write_bytes("old", b"new"), lambda: lake.create_bytes("new", b"x"), lake.check):
        with pytest.raises(UserError, match="disk is full"):
            attempt()
    with pytest.raises(UserError, match="disk is full"), create_url(str(tmp_path / "out.parquet")) as file:
        file.write(b"x")
    assert files(tmp_path) == ["lake/old"]
    assert lake.read_bytes("old") == b"old"


def test_a_disk_that_fills_while_a_block_writes(lake: Store, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="disk is full"), lake.writer("table"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert files(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_real_full_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = Store(str(tmp_path / "lake"))
    opened = Path.open
    monkeypatch.setattr(
        Path, "open", lambda self, mode="r", *rest: opened(Path("/dev/full"), mode.replace("x", "w"), *rest)
    )
    for size in (10, 1_000_000):
        with pytest.raises(UserError, match="disk is full"):
            lake.write_bytes("table", b"x" * size)
        with pytest.raises(UserError, match="disk is full"):
            lake.create_bytes("table", b"x" * size)
    monkeypatch.undo()
    assert lake.list() == []


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (errno.EACCES, "no permission"),
        (errno.EROFS, "read-only"),
        (errno.ENAMETOOLONG, "too long"),
        (errno.EDQUOT, "full"),
    ],
)
def test_what_a_disk_refuses(lake: Store, monkeypatch: pytest.MonkeyPatch, code: int, says: str) -> None:
    monkeypatch.setattr(Path, "mkdir", refusing(code))
    for attempt in (lake.check, lambda: lake.write_bytes("a", b""), lambda: lake.create_bytes("a", b"")):
        with pytest.raises(UserError, match=says):
            attempt()


def test_a_lake_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("x")
    with pytest.raises(UserError, match="is a file: give a folder"):
        Store(str(tmp_path / "lake")).check()
    with pytest.raises(UserError, match="is a file: give a folder"):
        Store(str(tmp_path / "lake")).check(writable=False)
    with pytest.raises(UserError, match="a file is where a folder should be"):
        Store(str(tmp_path / "lake" / "below")).check()


def test_reading_alone_makes_no_folder(tmp_path: Path) -> None:
    lake = Store(str(tmp_path / "lake"))
    lake.check(writable=False)
    assert lake.list() == []
    assert not lake.exists("a")
    assert not (tmp_path / "lake").exists()


def test_without_links_creating_is_still_exclusive(
    lake: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", refusing(errno.EPERM))
    assert lake.create_bytes("a/b", b"x")
    assert not lake.create_bytes("a/b", b"y")
    assert lake.read_bytes("a/b") == b"x"
    assert files(tmp_path) == ["lake/a/b"]


def test_what_a_killed_process_left_is_swept_after_a_day(lake: Store, tmp_path: Path) -> None:
    lake.check()
    partial = tmp_path / "lake" / ".tidemill" / "partial"
    for name, age in {"old": 2 * 86_400, "young": 60}.items():
        (partial / name).write_bytes(b"half")
        os.utime(partial / name, (time.time() - age,) * 2)
    lake.check()
    assert [path.name for path in partial.iterdir()] == ["young"]
    assert lake.list() == []
