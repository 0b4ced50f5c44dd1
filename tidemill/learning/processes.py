"""Whose trial it is, and whether that process still lives."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

__all__ = ["Pulse", "certainly_dead", "this_process"]

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_SPACE = Path("/proc/self/ns/pid")


def this_process() -> dict[str, str | int]:
    """What names this process among all that share a study; empty of ``machine`` where the system doesn't tell.

    ``machine`` is one running system and its space of process numbers (a container has its own), ``start``
    when the process began, so that a number that was given anew is not taken for the old process.
    """
    return {"machine": _machine(), "process": os.getpid(), "start": _start_of(os.getpid()) or ""}


def certainly_dead(owner: Mapping[str, str | int] | None) -> bool:
    """Whether a trial's owner was of this machine and is gone. False where nobody here can tell."""
    if not owner or not owner["machine"] or owner["machine"] != _machine():
        return False
    return _start_of(int(owner["process"])) != owner["start"]


class Pulse:
    """Calls ``beat`` every ``seconds`` from a thread of its own, from :meth:`start` to :meth:`stop`."""

    def __init__(self, beat: Callable[[], None], seconds: float) -> None:
        self._beat = beat
        self._seconds = seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tidemill-trial-pulse", daemon=True)

    def start(self) -> None:
        """Begin; the first beat comes at once."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for a beat that is on its way."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with suppress(Exception):  # others wait for a beat that was missed, and the trial's end tells of trouble
                self._beat()
            if self._stopped.wait(self._seconds):
                return


def _machine() -> str:
    try:
        return f"{_BOOT.read_text().strip()} {_SPACE.readlink()}"
    except OSError:
        return ""


def _start_of(process: int) -> str | None:
    """When a process began, in the kernel's ticks; None when there is no such process, or it is a zombie."""
    try:
        said = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if said[0] in ("Z", "X") else said[19]
