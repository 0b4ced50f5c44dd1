"""An application at a port of this machine: what the REST service and the labelling page have in common."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn

from tidemill.errors import TidemillError, UserError

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["answer", "listening"]

GRACE_SECONDS = 20


@contextmanager
def listening(host: str, port: int, what: str) -> Iterator[tuple[socket.socket, str]]:
    """A bound socket and its address. Bound here, not by uvicorn, for a message that a person can use.

    It says that it speaks TCP: otherwise asyncio leaves Nagle's algorithm on, and an answer waits 40 ms.
    Raises UserError when the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise UserError(
            f"{what} can't listen at {host}:{port}: {error.strerror or error}. "
            "Choose another --port, or stop what uses it"
        ) from None
    with listener:
        yield listener, _address(listener)


def answer(
    app: FastAPI,
    listener: socket.socket,
    what: str,
    *,
    verbose: bool,
    ready: Callable[[], None],
    finish: Callable[[Callable[[], None]], None] | None = None,
) -> None:
    """Answer requests until SIGINT or SIGTERM; then take no more, answer those that are under way, and return.

    ``ready`` is called once it listens. ``finish`` gets what ends it from within, if it is asked for.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="info" if verbose else "warning",
        access_log=verbose,
        lifespan="on",
        timeout_graceful_shutdown=GRACE_SECONDS,
        server_header=False,
    )
    server = _Server(config, ready)
    if finish is not None:
        finish(server.end)
    with _signals_left_alone():
        server.run(sockets=[listener])
    if not server.started:
        raise TidemillError(f"{what} did not start: see the lines above")


class _Server(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._listening()

    def end(self) -> None:
        """Stop as after a signal."""
        self.should_exit = True


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
