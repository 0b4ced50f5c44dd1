"""How ``tidemill up`` lets other commands on this machine find its Prefect server."""

from __future__ import annotations

import json
import os
from pathlib import Path

from deployments.settings import prefect_home

__all__ = ["leave", "local_server", "remove"]


def leave(address: str) -> None:
    """Say that this process runs a server at ``address`` (the API's URL), for as long as it lives."""
    _path().parent.mkdir(parents=True, exist_ok=True)
    _path().write_text(json.dumps({"address": address, "pid": os.getpid()}), encoding="utf-8")


def remove() -> None:
    """Take back what :func:`leave` said."""
    _path().unlink(missing_ok=True)


def local_server() -> str | None:
    """The API of a running ``tidemill up`` on this machine, or None."""
    try:
        said = json.loads(_path().read_text(encoding="utf-8"))
        os.kill(said["pid"], 0)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return str(said["address"])


def _path() -> Path:
    return prefect_home() / "tidemill-up.json"
