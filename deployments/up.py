"""``tidemill up``: Prefect server, worker, schedules and REST service on this machine, by one command."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from deployments import engine, marker
from deployments.catalogue import WORK_POOL, plan
from deployments.children import Children
from deployments.registering import Deployed, register
from deployments.settings import RUN, SERVER, prefect_home, user_settings
from deployments.template import place_template
from tidemill.errors import TidemillError, UserError

__all__ = ["Platform", "up"]

START_TIMEOUT = 180.0


@dataclass(frozen=True)
class Platform:
    """What `up` runs, and where. ``logs`` is the folder with what each process says."""

    prefect: str
    api: str
    rest: str
    lake: str
    logs: str
    use_cases: tuple[str, ...]
    deployments: Deployed


def up(
    names: Sequence[str] = (),
    lake: str | None = None,
    *,
    project: Path | None = None,
    host: str = "127.0.0.1",
    prefect_port: int = 4200,
    rest_port: int = 8000,
    runs: int = 2,
    say: Callable[[str], None],
    ready: Callable[[Platform], None],
) -> None:
    """Start everything, and stop it all on SIGINT or SIGTERM. Returns once it is stopped.

    Args:
        names: use cases; none names them all.
        lake: where everything is stored; left out, ``TIDEMILL_LAKE`` or ``lake`` in the project's folder.
        project: the folder with ``usecases/``; left out, ``TIDEMILL_PROJECT`` or the working folder.
        host: the address to listen at, for the server and the service.
        prefect_port: the Prefect server's port.
        rest_port: the REST service's port.
        runs: how many flow runs the worker has under way at once.
        say: gets a line for each thing that happens.
        ready: gets the addresses, once all of it answers.

    Raises:
        UserError: a port is taken, or a use case is missing or wrong.
        TidemillError: one of the processes ended by itself; the others are stopped.
    """
    engine.prepare(quiet=True)
    _check_port(host, prefect_port, "Prefect server", "--prefect-port")
    _check_port(host, rest_port, "REST service", "--port")
    home = prefect_home()
    children = Children(home / "tidemill-up")
    with _stopping() as stopped:
        try:
            platform = _start(children, names, lake, project, host, prefect_port, rest_port, runs, say, stopped)
            if platform is not None:
                ready(platform)
            while not stopped.wait(0.5):
                children.check()
        finally:
            say("stopping")
            marker.remove()
            children.stop_all()


