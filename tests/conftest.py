"""What all tests share: lakes on every kind of storage, and a project with the `toy` use case."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.scheduling import Sharing
from tests.servers import Database, Postgres, S3Server, moto, new_database, postgres, rclone
from tests.toy import write_toy
from tidemill.store import Store

hypothesis.settings.register_profile("tidemill", deadline=None, derandomize=True, database=None, max_examples=50)
hypothesis.settings.load_profile("tidemill")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Sharing | None:
    """What `--dist loadfile` does, except for the files that share something."""
    return Sharing(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def rclone_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with rclone(tmp_path_factory.mktemp("rclone") / "buckets") as server:
        yield server


@pytest.fixture(scope="session")
def moto_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with moto(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """PostgreSQL, shared by the session. Its folder is one that another user may reach."""
    with tempfile.TemporaryDirectory(prefix="tidemill-postgres-") as folder:
        Path(folder).chmod(0o755)
        with postgres(Path(folder) / "server") as server:
            yield server


@pytest.fixture
def database(postgres_server: Postgres) -> Iterator[Database]:
    """A database of its own on that server, gone after the test."""
    with new_database(postgres_server) as made:
        yield made


def use(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """Point this process's environment at ``server`` for the length of a test."""
    for name in server.foreign():
        monkeypatch.delenv(name, raising=False)
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    return server


@pytest.fixture
def s3_environment(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``s3_environment(server, NAME=value)`` points the environment at a server, with changes; None takes a name away."""

    def point(server: S3Server, **changes: str | None) -> None:
        use(server, monkeypatch)
        for name, value in changes.items():
            if value is None:
                monkeypatch.delenv(name)
            else:
                monkeypatch.setenv(name, value)

    return point


@pytest.fixture(params=[pytest.param("rclone", marks=pytest.mark.s3), pytest.param("moto", marks=pytest.mark.s3)])
def s3(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """Each S3 server in turn, with the environment pointing at it."""
    return use(request.getfixturevalue(f"{request.param}_server"), monkeypatch)


@pytest.fixture(
    params=[
        "local",
        "memory",
        pytest.param("rclone", marks=pytest.mark.s3),
        pytest.param("moto", marks=pytest.mark.s3),
    ]
)
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """An empty lake, on each kind of storage in turn."""
    if request.param == "local":
        return Store(str(tmp_path / "lake"))
    if request.param == "memory":
        return Store(f"memory://{tmp_path}")
    server = use(request.getfixturevalue(f"{request.param}_server"), monkeypatch)
    return Store(server.lake())


@pytest.fixture
def memory(tmp_path: Path) -> Store:
    """An empty lake in memory: the fast one, where the kind of storage doesn't matter."""
    return Store(f"memory://{tmp_path}")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with the use case `toy` (tests/toy.py); the working folder and TIDEMILL_PROJECT are there.

    Its lake is ``project / "lake"`` by default, as for a user.
    """
    folder = tmp_path / "project"
    write_toy(folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("TIDEMILL_PROJECT", str(folder))
    monkeypatch.delenv("TIDEMILL_LAKE", raising=False)
    return folder
