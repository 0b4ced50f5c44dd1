"""The REST service: the champions of use cases, in memory, asked row by row. The only part that imports FastAPI."""

from __future__ import annotations

from tidemill.serving.app import create_app
from tidemill.serving.server import run

__all__ = ["create_app", "run"]
