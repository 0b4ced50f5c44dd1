"""How much memory this process has held."""

from __future__ import annotations

from pathlib import Path

__all__ = ["peak_memory"]

_STATUS = Path("/proc/self/status")


def peak_memory() -> int | None:
    """The most bytes that this process has had in memory so far; None where the system doesn't say.

    Read, never reset: whoever measures the process from outside looks at the same figure.
    """
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return None
    found = [line.split() for line in lines if line.startswith("VmHWM:")]
    return int(found[0][1]) * 1024 if found else None
