"""The embedded server: starts fast on a fresh home, keeps what ran, and never outlives who started it."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from deployments import marker, template
from deployments.embedded import EmbeddedServer
from deployments.template import open_home, template_path
from tidemill.errors import TidemillError, UserError

FLOW = """
import json, os, sys, time
from pathlib import Path
from deployments import engine

with engine.session(quiet=True, home=Path(sys.argv[1])) as session:
    inside = os.environ["PREFECT_API_URL"]
    from prefect import flow, task
    from prefect.runtime import flow_run

    @task
    def one(number: int) -> int:
        return number + 1

    @flow
    def trial() -> dict:
        return {"sum": sum(one(number) for number in range(11)), "tags": flow_run.tags}

    session.wait()
    said = trial()
    pid = session.server.process.pid
print(json.dumps({**said, "inside": inside, "after": os.environ.get("PREFECT_API_URL"), "pid": pid}))
"""


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z" if Path("/proc").exists() else True


def gone(pid: int, patience: float = 15.0) -> bool:
    deadline = time.monotonic() + patience
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not alive(pid)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Prefect home of this test's own, with no server named anywhere."""
    folder = tmp_path / "prefect"
    monkeypatch.setenv("PREFECT_HOME", str(folder))
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    return folder


@pytest.mark.prefect
def test_a_flow_on_a_fresh_home_is_recorded_whole_and_the_server_ends_with_it(home: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FLOW, str(home)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["sum"] == 66
    assert said["tags"] == ["tidemill"]
    assert said["inside"].startswith("http://127.0.0.1:")
    assert said["after"] is None
    assert not alive(said["pid"])
    with closing(sqlite3.connect(home / "prefect.db")) as database:
        runs = database.execute("SELECT state_type, count(*) FROM flow_run GROUP BY 1").fetchall()
        tasks = database.execute("SELECT state_type, count(*) FROM task_run GROUP BY 1").fetchall()
        lines = database.execute("SELECT count(*) FROM log").fetchone()[0]
    assert (runs, tasks) == ([("COMPLETED", 1)], [("COMPLETED", 11)])
    assert lines >= 11


@pytest.mark.prefect
def test_the_server_ends_when_its_parent_is_killed(home: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from deployments.embedded import EmbeddedServer\n"
        "print(EmbeddedServer.start(Path(sys.argv[1])).process.pid, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(home)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    server = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert gone(server, patience=40.0)


def test_a_server_that_ends_at_once_says_where_to_look(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", "nonsense://nowhere")
    server = EmbeddedServer.start(home)
    with pytest.raises(TidemillError, match=r"The embedded Prefect server ended .*embedded-server\.log"):
        server.wait()
    server.stop()


def test_a_home_that_cannot_be_used_is_named(home: Path) -> None:
    home.write_text("a file is in the way")
    with pytest.raises(UserError, match="Set PREFECT_HOME to a folder that can be written"):
        EmbeddedServer.start(home)


def test_a_named_server_that_does_not_answer_is_the_users_to_mend(home: Path) -> None:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}/api"
    code = (
        "from deployments import engine; from tidemill.errors import UserError\n"
        "try:\n    engine.run('training')\nexcept UserError as error:\n    print(error)"
    )
    environment = os.environ | {"PREFECT_API_URL": address}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    assert f"No Prefect server answers at {address}" in done.stdout, done.stderr


class TestTemplate:
    """The migrated database that new homes start from."""

    @pytest.fixture(autouse=True)
    def made(self, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A template with something to know it by."""
        path = tmp_path / "template.db"
        path.write_bytes(b"template")
        monkeypatch.setattr(template, "template_path", lambda: path)
        return path

    def test_it_is_copied_into_a_new_home(self, home: Path) -> None:
        open_home(home)
        assert (home / "prefect.db").read_bytes() == b"template"
        assert [path.name for path in home.iterdir()] == ["prefect.db"]

    def test_a_database_is_never_overwritten(self, home: Path) -> None:
        home.mkdir()
        (home / "prefect.db").write_bytes(b"mine")
        open_home(home)
        assert (home / "prefect.db").read_bytes() == b"mine"

    def test_one_that_another_process_made_meanwhile_is_not_overwritten(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def slow_copy(source: Path, target: Path) -> None:
            target.write_bytes(source.read_bytes())
            (home / "prefect.db").write_bytes(b"theirs")

        monkeypatch.setattr("shutil.copyfile", slow_copy)
        open_home(home)
        assert (home / "prefect.db").read_bytes() == b"theirs"

    def test_another_database_needs_none(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", "postgresql+asyncpg://somewhere/prefect")
        open_home(home)
        assert list(home.iterdir()) == []

    def test_without_one_prefect_migrates_by_itself(self, home: Path, made: Path) -> None:
        made.unlink()
        open_home(home)
        assert list(home.iterdir()) == []


def test_the_template_is_kept_by_prefects_version() -> None:
    import prefect

    assert template_path().name == f"prefect-{prefect.__version__}.db"
    assert template_path().is_relative_to(sys.prefix)


def test_a_running_platform_is_found_by_its_marker_and_a_dead_one_is_not(home: Path) -> None:
    assert marker.local_server() is None
    marker.leave("http://127.0.0.1:4200/api")
    assert marker.local_server() == "http://127.0.0.1:4200/api"
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    (home / "tidemill-up.json").write_text(json.dumps({"address": "http://127.0.0.1:4200/api", "pid": child.pid}))
    assert marker.local_server() is None
    marker.remove()
    assert not (home / "tidemill-up.json").exists()
