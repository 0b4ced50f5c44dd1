"""An application at a free port of this machine, in a thread beside the caller, for as long as a block."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from tidemill.errors import TidemillError

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["beside"]

START_SECONDS = 30.0
STOP_SECONDS = 20


@contextmanager
def beside(app: FastAPI) -> Iterator[str]:
    """Answer requests on the loopback interface while the block runs; gives the address.

    Raises TidemillError when the service does not start.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_config=None, lifespan="on", timeout_graceful_shutdown=STOP_SECONDS)
        server = uvicorn.Server(config)
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listener]}, name="tidemill service", daemon=True
        )
        thread.start()
        try:
            _wait(server, thread)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(STOP_SECONDS)


def _wait(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.005)
    if not server.started:
        raise TidemillError("the REST service did not start on this machine's loopback interface: see the log")
