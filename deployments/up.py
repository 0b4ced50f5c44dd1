"""``tidemill up``: Prefect server, worker, schedules and REST service on this machine, by one command."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from deployments import engine, marker
from deployments.catalogue import WORK_POOL, plan, use_cases
from deployments.children import Child, Children
from deployments.registering import Deployed, register
from deployments.settings import QUIET, prefect_home, server_settings, user_settings, worker_settings
from deployments.template import open_home
from tidemill.errors import TidemillError, UserError
from tidemill.project import lake_url
from tidemill.usecase import project_folder

__all__ = ["Places", "Platform", "up"]

START_TIMEOUT = 180.0


@dataclass(frozen=True)
class Places:
    """Where `up` listens: ``host`` for both, a port each for the Prefect server and the REST service."""

    host: str = "127.0.0.1"
    prefect_port: int = 4200
    rest_port: int = 8000

    @property
    def prefect(self) -> str:
        """The Prefect UI's address."""
        return f"http://{self._reachable}:{self.prefect_port}"

    @property
    def api(self) -> str:
        """The Prefect API's address."""
        return f"{self.prefect}/api"

    @property
    def rest(self) -> str:
        """The REST service's address."""
        return f"http://{self._reachable}:{self.rest_port}"

    @property
    def _reachable(self) -> str:
        return "127.0.0.1" if self.host == "0.0.0.0" else self.host


@dataclass(frozen=True)
class Platform:
    """What runs once `up` is done starting. ``logs`` is the folder with what each process says."""

    prefect: str
    api: str
    rest: str
    lake: str
    logs: str
    use_cases: tuple[str, ...]
    deployed: Deployed


def up(
    names: Sequence[str] = (),
    lake: str | None = None,
    *,
    project: Path | None = None,
    places: Places | None = None,
    runs: int = 2,
    say: Callable[[str], None],
    ready: Callable[[Platform], None],
) -> None:
    """Start everything, and stop it all on SIGINT or SIGTERM. Returns once it is stopped.

    Args:
        names: use cases; none names them all.
        lake: where everything is stored; left out, ``TIDEMILL_LAKE`` or ``lake`` in the project's folder.
        project: the folder with ``usecases/``; left out, ``TIDEMILL_PROJECT`` or the working folder.
        places: where to listen.
        runs: how many flow runs the worker has under way at once.
        say: gets a line for each thing that happens.
        ready: gets the addresses, once all of it answers.

    Raises:
        UserError: a port is taken, or a use case is missing or wrong.
        TidemillError: one of the processes ended by itself; the others are stopped.
    """
    where = places or Places()
    folder = (project or project_folder()).resolve()
    _check_port(where.host, where.prefect_port, "the Prefect server")
    _check_port(where.host, where.rest_port, "the REST service")
    open_home(prefect_home())
    start = _Start(
        names=tuple(use_case.name for use_case in use_cases(names, folder)),
        lake=lake_url(lake, folder),
        project=folder,
        places=where,
        runs=runs,
        children=Children(prefect_home() / "tidemill-up"),
        say=say,
    )
    with _stopping() as stopped:
        try:
            start.everything(ready, stopped)
            while not stopped.wait(0.5):
                start.children.check()
        except _StoppedError:
            pass
        finally:
            start.stop()


class _StoppedError(Exception):
    """SIGINT or SIGTERM came while everything was starting."""


@dataclass
class _Start:
    names: tuple[str, ...]
    lake: str
    project: Path
    places: Places
    runs: int
    children: Children
    say: Callable[[str], None]
    server: Child | None = None
    worker: Child | None = None

    def everything(self, ready: Callable[[Platform], None], stopped: threading.Event) -> None:
        """Start server, service, deployments and worker; call ``ready`` when all answer."""
        self.say(f"starting the Prefect server at {self.places.prefect}")
        self._server()
        self.say(f"starting the REST service at {self.places.rest}")
        self._service()
        with engine.session(quiet=True, address=self.places.api) as session:
            plans = plan(self.names, self.lake, self.project)  # imports the flows while the server starts
            self._until(f"{self.places.api}/health", stopped)
            marker.leave(self.places.api)
            self.say(f"registering {len(plans)} deployments")
            deployed = register(plans, session)
            self.say("starting a worker")
            self._worker()
            self._until(f"{self.places.rest}/health", stopped)
            ready(
                Platform(
                    prefect=self.places.prefect,
                    api=self.places.api,
                    rest=self.places.rest,
                    lake=self.lake,
                    logs=str(self.children.logs),
                    use_cases=self.names,
                    deployed=deployed,
                )
            )

    def stop(self) -> None:
        """Stop the worker, settle its runs, then stop the rest."""
        self.say("stopping")
        try:
            if self.worker is not None:
                self.children.stop(self.worker)
                if self.server is not None and self.server.process.poll() is None:
                    _settle_runs(self.places.api)
        finally:
            marker.remove()
            self.children.stop_all()
        self.say("stopped")

    def _server(self) -> None:
        script = Path(__file__).with_name("server_process.py")
        command = [str(script), "server", "start", "--host", self.places.host]
        self.server = self.children.start(
            "the Prefect server",
            [sys.executable, "-P", *command, "--port", str(self.places.prefect_port)],
            {**self._environment(server_settings()), "PREFECT_UI_API_URL": self.places.api},
        )

    def _service(self) -> None:
        command = ["-m", "tidemill", "serve", *self.names, "--lake", self.lake]
        self.children.start(
            "the REST service",
            [sys.executable, "-P", *command, "--host", self.places.host, "--port", str(self.places.rest_port)],
            self._environment({}),
        )

    def _worker(self) -> None:
        command = ["-m", "prefect", "worker", "start", "--pool", WORK_POOL, "--limit", str(self.runs)]
        self.worker = self.children.start(
            "the worker",
            [sys.executable, "-P", *command, "--name", f"tidemill-up-{socket.gethostname()}"],
            self._environment(worker_settings()),
        )

    def _environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        """This process's environment without what only it is quiet for, ``settings``, and where everything is."""
        said = user_settings()
        kept = {name: value for name, value in os.environ.items() if name not in QUIET}
        kept |= {name: value for name, value in settings.items() if name not in said}
        places = {"TIDEMILL_PROJECT": str(self.project), "TIDEMILL_LAKE": self.lake}
        return {**kept, **places, "PREFECT_API_URL": self.places.api}

    def _until(self, url: str, stopped: threading.Event) -> None:
        """Return when ``url`` answers 200. Raises TidemillError when a process ends first, or none answers in time."""
        deadline = time.monotonic() + START_TIMEOUT
        while not _answers(url):
            if stopped.wait(0.2):
                raise _StoppedError
            self.children.check()
            if time.monotonic() > deadline:
                raise TidemillError(f"{url} did not answer within {START_TIMEOUT:.0f} s; see {self.children.logs}.")


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set.

    Handlers, unlike a parent that ignores SIGINT (``tidemill up &`` in a script), are not handed down to
    children: a worker that ignores SIGINT never stops.
    """
    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _settle_runs(api: str) -> None:
    """Set what the stopped worker left Running or Pending to Crashed, so that it holds no concurrency slot."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, WorkPoolFilter, WorkPoolFilterName
    from prefect.client.schemas.objects import State, StateType
    from prefect.settings import PREFECT_API_URL, temporary_settings
    from prefect.states import Crashed

    unsettled = FlowRunFilter.model_validate(
        {"state": {"type": {"any_": [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]}}}
    )
    pool = WorkPoolFilter(name=WorkPoolFilterName(any_=[WORK_POOL]))
    crashed: State[Any] = Crashed(
        message="`tidemill up` was stopped meanwhile. Retry the run: it goes on where it was."
    )
    with temporary_settings({PREFECT_API_URL: api}), get_client(sync_client=True) as client:
        for run in client.read_flow_runs(flow_run_filter=unsettled, work_pool_filter=pool):
            client.set_flow_run_state(run.id, crashed, force=True)


def _check_port(host: str, port: int, what: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UserError(
                f"Port {port} of {host} can't be had for {what} ({error.strerror}): is another `tidemill up` "
                "running? Stop what uses it, or choose another port."
            ) from error


def _answers(url: str) -> bool:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=5)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
