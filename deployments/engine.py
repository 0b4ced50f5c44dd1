"""The door to Prefect for everything that runs a flow in its own process: settings, server, run.

A run uses the first of these servers: the one that the settings name (``PREFECT_API_URL`` in the
environment, ``prefect.toml``, ``pyproject.toml`` or the active profile), the one that ``tidemill up``
runs on this machine, or an embedded one that lives as long as the run.

``python -m deployments.engine`` makes the database template that halves the embedded server's start.
"""

from __future__ import annotations

import importlib
import os
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from deployments.embedded import EmbeddedServer
from deployments.marker import local_server
from deployments.settings import CLIENT, QUIET, TAG, prefect_home, set_defaults, user_settings, worker_settings
from deployments.template import keep_template, template_path
from tidemill.errors import UserError

__all__ = ["Engine", "make_template", "prepare", "run", "session"]


@dataclass(frozen=True)
class Engine:
    """A Prefect API that flows of this process can use. ``server`` is None when somebody else runs it."""

    address: str
    server: EmbeddedServer | None

    def flow(self, name: str) -> Callable[..., Any]:
        """The flow ``name`` of ``flows/``, such as ``training``. Imports what it needs, while the server starts."""
        found: Callable[..., Any] = getattr(importlib.import_module(f"flows.{name}"), name)
        return found

    def wait(self) -> None:
        """Return when the API answers. Raises UserError or TidemillError with the mend when it does not."""
        if self.server is not None:
            self.server.wait()


def prepare(*, quiet: bool = False) -> None:
    """Set Prefect's settings for this process, wherever the user has not. Call before Prefect is imported.

    Args:
        quiet: keep Prefect's own lines off the console, for callers that show progress themselves.
    """
    set_defaults({**worker_settings(), **CLIENT, **(QUIET if quiet else {})})


def run(name: str, /, *, quiet: bool = True, **parameters: object) -> Any:
    """Run the flow ``name`` here and now, and give what it returns. Whatever it raises comes through.

    The server starts first, so that it imports while this process imports the flow.
    """
    with session(quiet=quiet) as engine:
        flow = engine.flow(name)
        engine.wait()
        return flow(**parameters)


@contextmanager
def session(*, quiet: bool = False, home: Path | None = None, address: str | None = None) -> Iterator[Engine]:
    """A Prefect API for the flows that this process runs inside; what it started ends with it.

    Returns before an embedded server answers: import flows first, then call :meth:`Engine.wait`.

    Args:
        quiet: as for :func:`prepare`.
        home: the embedded server's folder, with its database; left out, ``PREFECT_HOME``.
        address: use the API at this address, and don't look whether it answers already.

    Raises:
        UserError: the server that the settings name does not answer.
    """
    prepare(quiet=quiet)
    with ExitStack() as stack:
        address = address or _known_address()
        server = None
        if address is None:
            server = EmbeddedServer.start(home or prefect_home())
            stack.callback(server.stop)
            address = server.address
        stack.enter_context(_environment(PREFECT_API_URL=address))
        stack.enter_context(_settings(address, embedded=server is not None))
        if server is not None:
            stack.callback(_drain)
        yield Engine(address, server)


def make_template() -> Path:
    """Make this environment's database template, unless it has one. Takes as long as a server's first start."""
    if template_path().is_file():
        return template_path()
    with tempfile.TemporaryDirectory(prefix="tidemill-") as folder:
        server = EmbeddedServer.start(Path(folder))
        try:
            server.wait()
        finally:
            server.stop()
        return keep_template(Path(folder))


def _known_address() -> str | None:
    """The API that is already there for this process, or None. Raises UserError when it does not answer."""
    if "prefect" in sys.modules:
        from prefect.settings import get_current_settings

        named = get_current_settings().api.url
    else:
        named = user_settings().get("PREFECT_API_URL")
    if not named:
        local = local_server()
        return local if local and _listens(local) else None
    if not _listens(named):
        raise UserError(
            f"No Prefect server answers at {named}, which PREFECT_API_URL names. Start it (`tidemill up`), "
            "or unset PREFECT_API_URL in the environment or the Prefect profile to run without one."
        )
    return named


def _listens(address: str) -> bool:
    parts = urlsplit(address)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((parts.hostname or "", port), timeout=5).close()
    except (OSError, ValueError):
        return False
    return True


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _settings(address: str, *, embedded: bool) -> Iterator[None]:
    """Prefect's settings for the session, also when Prefect was imported before it.

    Heartbeats tell a standing server that a run is alive. An embedded server dies with its run, and ending the
    heartbeat's thread takes a second; only settings made like this can turn it off.
    """
    from prefect import tags
    from prefect.settings import PREFECT_API_URL, PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    updates: dict[Any, Any] = {PREFECT_API_URL: address}
    if embedded:
        updates[PREFECT_FLOWS_HEARTBEAT_FREQUENCY] = None
    with temporary_settings(updates=updates), tags(TAG):
        yield


def _drain() -> None:
    """Send what is still queued (logs, events), before the server that should get it ends."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    APILogWorker.drain_all(timeout=10)
    EventsWorker.drain_all(timeout=10)


if __name__ == "__main__":
    make_template()
