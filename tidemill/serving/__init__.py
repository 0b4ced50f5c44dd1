"""The REST service: the champions of use cases, in memory, asked row by row. The only part that imports FastAPI."""

from __future__ import annotations

from tidemill.serving.answering import Pinned
from tidemill.serving.app import app_of, create_app
from tidemill.serving.beside import beside
from tidemill.serving.server import run

__all__ = ["Pinned", "app_of", "beside", "create_app", "run"]
