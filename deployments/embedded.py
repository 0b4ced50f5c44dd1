"""The embedded Prefect server: for a run here and now, when no server runs.

Prefect can start such a server itself, but only once a flow needs it, after importing the whole server
into the flow's own process too. Here it starts first thing, and imports while the caller imports.
"""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import time
from pathlib import Path

from deployments.settings import server_settings, user_settings
from deployments.template import open_home
from tidemill.errors import TidemillError

__all__ = ["EmbeddedServer"]

START_TIMEOUT = 180.0
STOP_TIMEOUT = 10.0


class EmbeddedServer:
    """A Prefect API server in a child process, on a free port of the loopback."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.log = log
        self.address = f"http://127.0.0.1:{port}/api"

    @classmethod
    def start(cls, home: Path) -> EmbeddedServer:
        """Start one on the database in ``home`` and return at once; :meth:`wait` says when it answers.

        Raises UserError when ``home`` can't be written, TidemillError when the process ends at once.
        """
        open_home(home)
        log = home / "embedded-server.log"
        with log.open("wb") as errors:
            process = _spawn(home, errors.fileno())
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        if not port:
            process.wait()
            raise TidemillError(_failure("ended before it began", log))
        return cls(process, int(port), log)

    def wait(self, timeout: float = START_TIMEOUT) -> None:
        """Return when the server answers. Raises TidemillError when it ends, or is silent for ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise TidemillError(_failure(f"ended with status {self.process.returncode}", self.log))
            if self._healthy(deadline - time.monotonic()):
                return
            time.sleep(0.05)
        raise TidemillError(_failure(f"did not answer within {timeout:.0f} s", self.log))

    def stop(self) -> None:
        """End the server and wait for it. Safe to call twice."""
        if self.process.stdin is not None and not self.process.stdin.closed:
            self.process.stdin.close()
        try:
            self.process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def _healthy(self, patience: float) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=max(0.1, min(patience, 5.0)))
        try:
            connection.request("GET", "/api/health")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def _spawn(home: Path, errors: int) -> subprocess.Popen[bytes]:
    said = user_settings()
    environment = os.environ | {name: value for name, value in server_settings().items() if name not in said}
    environment |= {"PREFECT_HOME": str(home), "PREFECT_UI_ENABLED": "0", "PREFECT__SERVER_EPHEMERAL": "1"}
    environment.pop("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", None)
    script = Path(__file__).with_name("embedded_process.py")
    return subprocess.Popen(
        [sys.executable, "-P", str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        env=environment,
        start_new_session=True,  # Ctrl-C is for the run: it ends first, and says so to the server
    )


def _failure(what: str, log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    last = f" Its last words: {lines[-1].strip()}" if lines else ""
    return f"The embedded Prefect server {what}; see {log}.{last}"
