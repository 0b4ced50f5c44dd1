"""Sources that are no files: databases, HTTP APIs and Python functions, behind one small Protocol."""

from __future__ import annotations

from tidemill.connectors.base import Connector, Mark

__all__ = ["Connector", "Mark"]
