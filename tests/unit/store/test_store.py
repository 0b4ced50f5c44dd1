"""What a Store promises, on every kind of storage."""

from __future__ import annotations

import os
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import pytest

from tidemill.errors import UserError
from tidemill.store import Store


def broken_off(file: BinaryIO) -> None:
    """Write something, and fail."""
    file.write(b"half" * 1000)
    raise RuntimeError("on purpose")


def test_bytes_come_back(store: Store) -> None:
    store.check()
    store.write_bytes("a/b.bin", b"\x00one")
    assert store.read_bytes("a/b.bin") == b"\x00one"
    store.write_bytes("a/b.bin", b"two")
    assert store.read_bytes("a/b.bin") == b"two"
    store.write_bytes("empty", b"")
    assert store.read_bytes("empty") == b""
    assert store.exists("empty")


def test_a_missing_object_is_a_key_error(store: Store) -> None:
    store.write_bytes("folder/object", b"x")
    for key in ("none", "folder", "folder/object/deeper"):
        with pytest.raises(KeyError):
            store.read_bytes(key)
        with pytest.raises(KeyError), store.open(key):
            pass
        with pytest.raises(KeyError), store.local_copy(key):
            pass
        assert not store.exists(key)
    store.delete("none")


def test_listing_is_sorted_whole_and_never_stale(store: Store) -> None:
    assert store.list() == []
    assert store.list("a") == []
    for key in ("b", "a/2", "a/1/x", "ab/1", "a.json"):
        store.write_bytes(key, b"x")
    other = Store(store.url)
    assert other.list() == ["a.json", "a/1/x", "a/2", "ab/1", "b"]
    assert other.list("a") == other.list("a/") == ["a/1/x", "a/2"]
    assert other.list("b") == ["b"]
    store.delete("a/2")
    assert other.list("a") == ["a/1/x"]
    store.write_bytes("a/3", b"x")
    assert other.list("a") == ["a/1/x", "a/3"]


def test_what_the_store_keeps_for_itself_is_not_listed(store: Store) -> None:
    store.check()
    assert store.conditional in (True, False)
    store.create_bytes("a", b"x")
    assert store.list() == ["a"]


def test_create_writes_once(store: Store) -> None:
    assert store.create_bytes("a/ledger/1", b"mine")
    assert not store.create_bytes("a/ledger/1", b"yours")
    assert store.read_bytes("a/ledger/1") == b"mine"
    store.delete("a/ledger/1")
    assert store.create_bytes("a/ledger/1", b"yours")


def test_one_of_many_creators_wins_where_create_is_atomic(store: Store) -> None:
    if not store.conditional:
        pytest.skip("this server ignores conditional writes")
    for turn in range(5):
        with ThreadPoolExecutor(6) as pool:
            won = list(pool.map(lambda me: store.create_bytes(f"turn/{turn}", b"%d" % me), range(6)))  # noqa: B023
        assert won.count(True) == 1
        assert store.read_bytes(f"turn/{turn}") == b"%d" % won.index(True)


def test_a_writer_that_ends_well_is_seen_whole(store: Store) -> None:
    with store.writer("deep/er/file") as file:
        file.write(b"abc")
        file.write(b"def")
        assert not store.exists("deep/er/file")
    assert store.read_bytes("deep/er/file") == b"abcdef"
    assert store.list() == ["deep/er/file"]


def test_a_writer_that_fails_leaves_what_was_there(store: Store) -> None:
    store.write_bytes("file", b"old")
    for key in ("file", "new"):
        with pytest.raises(RuntimeError, match="on purpose"), store.writer(key) as file:
            broken_off(file)
    assert store.read_bytes("file") == b"old"
    assert store.list() == ["file"]


def test_errors_of_the_block_pass_through_untouched(store: Store) -> None:
    store.write_bytes("file", b"x")
    for error in (KeyError("k"), FileNotFoundError(2, "f"), PermissionError(13, "p"), KeyboardInterrupt()):
        with pytest.raises(type(error)) as caught, store.open("file"):
            raise error
        assert caught.value is error
        with pytest.raises(type(error)) as caught, store.writer("other"):
            raise error
        assert caught.value is error
        with pytest.raises(type(error)) as caught, store.local_copy("file"):
            raise error
        assert caught.value is error
    assert store.list() == ["file"]


def test_open_is_seekable(store: Store) -> None:
    data = bytes(range(256)) * 100
    store.write_bytes("file", data)
    with store.open("file") as file:
        assert file.read(3) == data[:3]
        assert file.seek(-5, os.SEEK_END) == len(data) - 5
        assert file.read() == data[-5:]
        assert file.read() == b""
        file.seek(1000)
        assert file.read(10) == data[1000:1010]
        assert file.tell() == 1010


def test_a_local_copy_keeps_the_name(store: Store) -> None:
    store.write_bytes("models/booster-0.ubj", b"trees")
    with store.local_copy("models/booster-0.ubj") as path:
        assert path.name == "booster-0.ubj"
        assert path.read_bytes() == b"trees"


def test_json_is_the_same_bytes_for_the_same_value(store: Store) -> None:
    store.write_json("a.json", {"b": [1, 2.5, None], "a": "ü"})
    first = store.read_bytes("a.json")
    store.write_json("a.json", {"a": "ü", "b": [1, 2.5, None]})
    assert store.read_bytes("a.json") == first
    assert "ü".encode() in first
    assert store.read_json("a.json") == {"a": "ü", "b": [1, 2.5, None]}
    assert not store.create_json("a.json", {})


def test_damaged_json_names_the_object(store: Store) -> None:
    store.write_bytes("a/b.json", b'{"x": ')
    with pytest.raises(UserError, match=r"a/b\.json is damaged"):
        store.read_json("a/b.json")


@pytest.mark.parametrize("key", ["", "/a", "a/", "a//b", "../a", "a/../b", "a/./b", "a\\b", "a\nb"])
def test_a_key_stays_inside_the_lake(memory: Store, key: str) -> None:
    with pytest.raises(UserError, match="can't name an object"):
        memory.write_bytes(key, b"")


def test_it_travels_between_processes(store: Store) -> None:
    store.write_bytes("a", b"x")
    again = pickle.loads(pickle.dumps(store))  # noqa: S301
    assert again == store
    assert hash(again) == hash(store)
    assert again.read_bytes("a") == b"x"


def test_readers_never_meet_half_an_object(store: Store) -> None:
    sizes = (10, 300_000)
    contents = [bytes([65 + number]) * size for number, size in enumerate(sizes)]
    store.write_bytes("object", contents[0])
    stop = threading.Event()

    def write() -> None:
        for turn in range(20):
            store.write_bytes("object", contents[turn % 2])
        stop.set()

    with ThreadPoolExecutor(2) as pool:
        writing = pool.submit(write)
        while not stop.is_set() and not writing.done():
            assert store.read_bytes("object") in contents
        writing.result()


def test_unicode_and_spaces_in_keys(store: Store) -> None:
    store.write_bytes("häuser/a b+c%20.txt", b"x")
    assert store.list() == ["häuser/a b+c%20.txt"]
    assert store.read_bytes("häuser/a b+c%20.txt") == b"x"


def test_any_fsspec_scheme_is_a_lake(tmp_path: Path) -> None:
    """`local:` is fsspec's own local file system: here it stands for every scheme that is no object store."""
    store = Store(f"local://{tmp_path}/lake")
    test_bytes_come_back(store)
    test_a_writer_that_fails_leaves_what_was_there(Store(f"local://{tmp_path}/lake2"))
    test_listing_is_sorted_whole_and_never_stale(Store(f"local://{tmp_path}/lake3"))
    assert not store.conditional
