"""Files outside the lake: listing, reading, writing, and what to say when that fails."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

import fsspec
import pytest

from tidemill.errors import UserError
from tidemill.store import Store, create_url, list_objects, open_url, shown


def broken_off(file: BinaryIO) -> None:
    """Write something, and fail."""
    file.write(b"half" * 1000)
    raise RuntimeError("on purpose")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    (data / "2024").mkdir(parents=True)
    for name in ("b.csv", "a.csv", "2024/c.csv", ".hidden.csv", "_SUCCESS"):
        (data / name).write_text(name)
    return data


def test_a_folder_is_every_file_below_it(folder: Path) -> None:
    for url in (str(folder), f"file://{folder}", f"{folder}/"):
        found = list_objects(url)
        assert [item.name for item in found] == ["2024/c.csv", "a.csv", "b.csv"]
        assert found[1].url == str(folder / "a.csv")
        assert found[1].size == 5


def test_a_glob_is_what_it_matches(folder: Path) -> None:
    assert [item.name for item in list_objects(f"{folder}/*.csv")] == ["a.csv", "b.csv"]
    assert [item.name for item in list_objects(f"{folder}/**/*.csv")] == ["2024/c.csv", "a.csv", "b.csv"]
    assert [item.name for item in list_objects(f"{folder}/202?/c.csv")] == ["2024/c.csv"]


def test_a_name_with_brackets_is_a_name_when_it_is_there(folder: Path) -> None:
    (folder / "a[1].csv").write_text("x")
    assert [item.name for item in list_objects(str(folder / "a[1].csv"))] == ["a[1].csv"]


def test_the_version_changes_with_the_content(folder: Path) -> None:
    before = list_objects(str(folder / "a.csv"))[0]
    assert list_objects(str(folder / "a.csv"))[0] == before
    (folder / "a.csv").write_text("other")
    os.utime(folder / "a.csv", ns=(1, 1))
    assert list_objects(str(folder / "a.csv"))[0].version != before.version


def test_nothing_there_is_told(folder: Path) -> None:
    with pytest.raises(UserError, match=r"does not exist \(did you mean `a\.csv`\?\)"):
        list_objects(str(folder / "aa.csv"))
    with pytest.raises(UserError, match="does not exist"):
        list_objects(str(folder / "none" / "a.csv"))
    with pytest.raises(UserError, match="holds no files"):
        list_objects(f"{folder}/*.parquet")
    (folder.parent / "empty").mkdir()
    with pytest.raises(UserError, match="holds no files"):
        list_objects(str(folder.parent / "empty"))
    with pytest.raises(UserError, match="does not exist"), open_url(str(folder / "none.csv")):
        pass
    with pytest.raises(UserError, match="is a folder"), open_url(str(folder)):
        pass


def test_no_permission_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UserError, match=r"no permission for .*a\.csv"), open_url(str(folder / "a.csv")):
        pass


def test_reading_is_seekable_and_passes_errors_through(folder: Path) -> None:
    with open_url(str(folder / "a.csv")) as file:
        file.seek(2)
        assert file.read() == b"csv"
    with pytest.raises(FileNotFoundError, match="of the block"), open_url(str(folder / "a.csv")):
        raise FileNotFoundError("of the block")


def test_other_schemes_are_read_and_written(tmp_path: Path) -> None:
    url = f"memory://sources-{tmp_path.name}"
    fsspec.filesystem("memory").pipe_file(f"{url}/in/a.csv", b"one")
    assert [(item.name, item.size) for item in list_objects(f"{url}/in")] == [("a.csv", 3)]
    with open_url(list_objects(f"{url}/in/a.csv")[0].url) as file:
        assert file.read() == b"one"
    with create_url(f"{url}/out/b.parquet") as file:
        file.write(b"two")
    with open_url(f"{url}/out/b.parquet") as file:
        assert file.read() == b"two"
    with pytest.raises(UserError, match="does not exist"), open_url(f"{url}/none"):
        pass
    with pytest.raises(UserError, match="does not exist"):
        list_objects(f"{url}/none")


def test_an_output_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out.parquet"
    with pytest.raises(RuntimeError), create_url(str(out)) as file:
        broken_off(file)
    assert list(out.parent.iterdir()) == []
    with create_url(str(out)) as file:
        file.write(b"whole")
        assert not out.exists()
    assert out.read_bytes() == b"whole"
    with pytest.raises(UserError, match="is a folder"), create_url(str(out.parent)):
        pass
    with pytest.raises(UserError, match="names no file"), create_url("memory://only"):
        pass


def test_an_unknown_scheme_is_told() -> None:
    with pytest.raises(UserError, match=r"no storage is known by `htp:`.*did you mean `http`"):
        list_objects("htp://example.org/a.csv?token=very-secret")
    with pytest.raises(UserError) as caught, open_url("htp://me:very-secret@example.org/a.csv?token=very-secret"):
        pass
    assert "very-secret" not in str(caught.value)


def test_a_web_address_is_read(tmp_path: Path) -> None:
    import functools
    import http.server
    import threading

    (tmp_path / "a.csv").write_bytes(b"x,y\n1,2\n")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        base = f"http://127.0.0.1:{server.server_port}"
        found = list_objects(f"{base}/a.csv")
        assert [(item.url, item.name) for item in found] == [(f"{base}/a.csv", "a.csv")]
        (signed,) = list_objects(f"{base}/a.csv?token=very-secret/1")
        assert signed.url.endswith("?token=very-secret/1")
        assert signed.name == "a.csv"
        assert shown(signed.url) == f"{base}/a.csv"
        with open_url(f"{base}/a.csv") as file:
            assert file.read() == b"x,y\n1,2\n"
        with pytest.raises(UserError, match="does not exist"), open_url(f"{base}/none.csv?token=very-secret"):
            pass
    finally:
        server.shutdown()
        server.server_close()


def test_a_lake_can_be_a_source(store: Store) -> None:
    store.write_bytes("in/part 1.csv", b"one")
    store.write_bytes("in/part 2.csv", b"two!")
    found = list_objects(store.url_of("in"))
    assert [(item.name, item.size) for item in found] == [("part 1.csv", 3), ("part 2.csv", 4)]
    for item, content in zip(found, (b"one", b"two!"), strict=True):
        with open_url(item.url) as file:
            assert file.read() == content
