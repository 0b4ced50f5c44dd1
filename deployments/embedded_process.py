"""The embedded Prefect server's own process: lives exactly as long as the process that started it.

Started as a script by :mod:`deployments.embedded`. Writes its port, chosen by the system, to standard
output at once, then imports the server (some five seconds): connections made meanwhile wait in the
listener's queue instead of being refused. Ends when its standard input does, so that it never
outlives its parent, even one that was killed.
"""

from __future__ import annotations

import gc
import socket
import sys
import threading

from deployments.garbage import collect_beside

__all__ = ["main"]


def main() -> None:
    """Serve the API on a free port of the loopback until standard input ends."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    gc.disable()  # collecting while importing takes a tenth of the start, and finds nothing

    import uvicorn
    from prefect.server.api.server import create_app

    app = create_app(ephemeral=True, final=True)
    gc.freeze()
    gc.enable()
    collect_beside()
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
    threading.Thread(target=_stop_at_end_of_input, args=(server,), daemon=True).start()
    server.run(sockets=[listener])


def _stop_at_end_of_input(server: object) -> None:
    sys.stdin.buffer.read()
    server.should_exit = True  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
