"""How a lake is named, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidemill.errors import UserError
from tidemill.store import DEFAULT_LAKE, Store


def test_a_relative_path_is_resolved_when_the_store_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = Store(DEFAULT_LAKE)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    store.write_bytes("a", b"x")
    assert (tmp_path / "lake" / "a").read_bytes() == b"x"
    assert store.url == str(tmp_path / "lake")
    assert store.url_of("a/b.json") == str(tmp_path / "lake" / "a" / "b.json")


@pytest.mark.parametrize(
    ("url", "path"),
    [("file:///data/a%20lake/", "/data/a lake"), ("file:/data/lake", "/data/lake"), ("/data/x/", "/data/x")],
)
def test_file_urls_and_paths_are_one(url: str, path: str) -> None:
    assert Store(url) == Store(path)
    assert Store(url).url == path


def test_home_is_understood(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Store("~/lake").url == str(tmp_path / "lake")


def test_memory_is_shared_by_url() -> None:
    Store("memory:shared-1").write_bytes("a", b"x")
    assert Store("memory://shared-1").read_bytes("a") == b"x"
    assert Store("memory://shared-1/").url == "memory://shared-1"
    assert not Store("memory://shared").exists("a")
    assert Store("memory://shared").list() == []


def test_making_a_store_touches_nothing(tmp_path: Path) -> None:
    Store(str(tmp_path / "lake"))
    Store("s3://no-such-bucket-anywhere/x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "empty"),
        ("s3:///prefix", "names no bucket"),
        ("s3://key:very-secret@bucket/x", "holds a credential"),
        ("s3://bucket/x?token=very-secret", "holds a credential"),
    ],
)
def test_wrong_urls_are_refused_at_once_and_tell_no_secret(url: str, says: str) -> None:
    with pytest.raises(UserError, match=says) as caught:
        Store(url)
    assert "very-secret" not in str(caught.value)


def test_an_unknown_scheme_is_named_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"`s33:`.*did you mean `s3`"):
        Store("s33://bucket").check()


def test_a_bad_endpoint_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "localhost:9000")
    with pytest.raises(UserError, match="AWS_ENDPOINT_URL is `localhost:9000`"):
        Store("s3://bucket/x").check()
