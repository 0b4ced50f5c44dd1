"""Running the service in this process, until a signal stops it."""

from __future__ import annotations

import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import uvicorn

from tidemill.errors import TidemillError, UserError
from tidemill.serving.app import create_app
from tidemill.store import Store

__all__ = ["run"]

GRACE_SECONDS = 20


def run(
    lake: str,
    names: Sequence[str],
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    verbose: bool = False,
    ready: Callable[[str], None],
) -> None:
    """Serve until SIGINT or SIGTERM; then take no more requests, answer those that are under way, and return.

    ``ready`` gets the address once the service listens. Raises UserError for a use case or a lake that is
    wrong and for a port that is taken.
    """
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("tidemill.serving").setLevel(logging.INFO)
    Store(lake).check(writable=False)
    app = create_app(lake, list(dict.fromkeys(names)))
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="info" if verbose else "warning",
        access_log=verbose,
        lifespan="on",
        timeout_graceful_shutdown=GRACE_SECONDS,
        server_header=False,
    )
    with _listening(host, port) as listener, _signals_left_alone():
        server = _Server(config, lambda: ready(_address(listener)))
        server.run(sockets=[listener])
    if not server.started:
        raise TidemillError("the REST service did not start: see the lines above")


class _Server(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._listening()


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """A bound socket. Bound here, not by uvicorn, for a message that a person can use.

    It says that it speaks TCP: otherwise asyncio leaves Nagle's algorithm on, and an answer waits 40 ms.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise UserError(
            f"the REST service can't listen at {host}:{port}: {error.strerror or error}. "
            "Choose another --port, or stop what uses it"
        ) from None
    with listener:
        yield listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}"


@contextmanager
def _signals_left_alone() -> Iterator[None]:
    """uvicorn raises the signal that stopped it once more at the end; being stopped is how a service ends well."""
    names = (signal.SIGINT, signal.SIGTERM)
    before = {name: signal.signal(name, _ignore) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def _ignore(number: int, frame: FrameType | None) -> None:
    """A handler, unlike SIG_IGN, is not handed down to child processes."""
