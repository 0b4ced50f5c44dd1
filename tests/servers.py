"""Real servers for the tests, each on a free port of this machine and stopped at the end.

`rclone serve s3` ignores conditional writes, `moto` honours them: what must hold on S3 is
tried on both kinds. PostgreSQL is Debian's.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool

__all__ = [
    "Database",
    "Postgres",
    "S3Server",
    "free_port",
    "moto",
    "new_database",
    "postgres",
    "rclone",
    "running",
]

_START_SECONDS = 60.0
_FOREIGN = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")


@dataclass(frozen=True)
class S3Server:
    """A running server with one bucket in it."""

    kind: str
    endpoint: str
    key: str
    secret: str
    bucket: str
    conditional: bool

    def environment(self) -> dict[str, str]:
        """What a process needs to use it; pass it on to subprocesses together with ``os.environ``."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def foreign(self) -> tuple[str, ...]:
        """Environment variables that must not be set beside these."""
        return _FOREIGN

    def lake(self) -> str:
        """The URL of a lake that nobody has used yet."""
        return f"s3://{self.bucket}/{uuid.uuid4().hex[:12]}"


@dataclass(frozen=True)
class Postgres:
    """A running PostgreSQL server with a superuser, `postgres`, and a password that every user has to give."""

    port: int
    password: str

    def url(self, database: str = "postgres", user: str = "postgres", password: str | None = None) -> str:
        """SQLAlchemy's URL of a database; ``password`` may be a reference."""
        return f"postgresql://{user}:{self.password if password is None else password}@127.0.0.1:{self.port}/{database}"


@contextmanager
def postgres(folder: Path) -> Iterator[Postgres]:
    """PostgreSQL over TCP, without caring for the disk. It does not run as root, so root lets `postgres` run it."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
    data, password, port = folder / "data", "a p@ss/word: of tests", free_port()
    user = "postgres" if os.getuid() == 0 else None
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "password").write_text(password)
    if user is not None:
        shutil.chown(folder, user)
        shutil.chown(folder / "password", user)
    initdb = [str(programs / "initdb"), "-D", str(data), "-U", "postgres", "-A", "scram-sha-256", "-E", "UTF8"]
    more = ["--no-locale", "--no-sync", "--pwfile", str(folder / "password")]
    subprocess.run([*initdb, *more], check=True, stdout=subprocess.DEVNULL, user=user, cwd="/", env={})
    settings = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "listen_addresses": "127.0.0.1"}
    settings |= {"unix_socket_directories": str(folder), "max_connections": "30", "shared_buffers": "32MB"}
    command = [str(programs / "postgres"), "-D", str(data), "-p", str(port)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    with running(command, port, folder / "postgres.log", {"TZ": "UTC"}, user=user, end=signal.SIGINT):
        yield Postgres(port, quote(password, safe=""))


@dataclass(frozen=True)
class Database:
    """One database of a server. ``url`` holds its password, ``engine`` is a superuser's."""

    server: Postgres
    name: str
    engine: Engine

    @property
    def url(self) -> str:
        """SQLAlchemy's URL, password and all."""
        return self.server.url(self.name)

    def run(self, *statements: str) -> None:
        """Run statements, each in a transaction of its own."""
        for statement in statements:
            with self.engine.begin() as connection:
                connection.exec_driver_sql(statement)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query gives."""
        with self.engine.begin() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]


@contextmanager
def new_database(server: Postgres) -> Iterator[Database]:
    """An empty database that nobody has used yet; gone, with whoever is connected, when the block is left."""
    name = f"tests_{uuid.uuid4().hex[:12]}"
    admin = create_engine(server.url(), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    try:
        yield Database(server, name, create_engine(server.url(name), poolclass=NullPool))
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


def free_port() -> int:
    """A TCP port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def rclone(folder: Path) -> Iterator[S3Server]:
    """``rclone serve s3`` over ``folder``: real, and without conditional writes."""
    (folder / "lake").mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [
        _tool("rclone"),
        "serve",
        "s3",
        str(folder),
        "--addr",
        f"127.0.0.1:{port}",
        "--auth-key",
        "tester,secret-1",
    ]
    environment = {**os.environ, "RCLONE_CONFIG": str(folder / "none.conf")}
    with running(command, port, folder.parent / "rclone.log", environment):
        yield S3Server("rclone", f"http://127.0.0.1:{port}", "tester", "secret-1", "lake", conditional=False)


# moto looks and writes in two steps, so two conditional writes can both be made: S3 takes them one by one.
_MOTO = """
import sys, threading
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

application, one_by_one = DomainDispatcherApplication(create_backend_app), threading.Lock()

def answer(environ, start_response):
    with one_by_one:
        return application(environ, start_response)

run_simple("127.0.0.1", int(sys.argv[1]), answer, threaded=True)
"""


@contextmanager
def moto(folder: Path) -> Iterator[S3Server]:
    """moto's server: a simulation in one process, with conditional writes."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    with running([sys.executable, "-c", _MOTO, str(port)], port, folder / "moto.log", dict(os.environ)):
        endpoint = f"http://127.0.0.1:{port}"
        with urllib.request.urlopen(urllib.request.Request(f"{endpoint}/lake", method="PUT"), timeout=30):
            yield S3Server("moto", endpoint, "tester", "secret-1", "lake", conditional=True)


@contextmanager
def running(
    command: list[str],
    port: int,
    log: Path,
    environment: Mapping[str, str],
    *,
    user: str | None = None,
    end: signal.Signals = signal.SIGTERM,
) -> Iterator[subprocess.Popen[bytes]]:
    """A server process that listens on ``port``; ended when the block is left, however that happens."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            user=user,
            cwd="/" if user else None,
        )
    try:
        _wait(process, port, log)
        yield process
    finally:
        process.send_signal(end)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended at once: {log.read_text(errors='replace')[-2000:]}")
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"{process.args!r} did not listen within {_START_SECONDS:.0f} s")


def _tool(name: str) -> str:
    """A program of this interpreter's environment."""
    return str(Path(sys.executable).with_name(name))
