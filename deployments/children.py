"""Processes that a command starts, watches and stops together."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tidemill.errors import TidemillError

__all__ = ["Child", "Children"]

STOP_TIMEOUT = 20.0


class Child:
    """One process with a name that people know it by, in a session of its own, and a file with what it says."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C goes to the parent, which stops its children in order
            )

    def check(self) -> None:
        """Raises TidemillError, with the last words, when the process has ended."""
        if self.process.poll() is None:
            return
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        last = f" Its last words: {lines[-1].strip()}" if lines else ""
        raise TidemillError(f"{self.name} ended with status {self.process.returncode}; see {self.log}.{last}")

    def stop(self) -> None:
        """End the process and wait for it; after 20 s, kill it and all that it started."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Children:
    """The processes of one command, in the order in which they were started."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self._all: list[Child] = []

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> Child:
        """Start a process. Its file is ``<name>.log``, with hyphens for spaces, in the folder of the logs."""
        child = Child(name, command, environment, self.logs / f"{name.replace(' ', '-')}.log")
        self._all.append(child)
        return child

    def check(self) -> None:
        """Raises TidemillError when one of them has ended."""
        for child in self._all:
            child.check()

    def stop(self, child: Child) -> None:
        """Stop one of them."""
        child.stop()
        self._all.remove(child)

    def stop_all(self) -> None:
        """Stop them, newest first."""
        while self._all:
            self._all.pop().stop()
