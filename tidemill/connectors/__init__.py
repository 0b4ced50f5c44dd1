"""Sources that are no files: databases, HTTP APIs and Python functions, behind one small Protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidemill.connectors.base import Connector, Mark

if TYPE_CHECKING:
    from tidemill.usecase.schema import UseCase

__all__ = ["Connector", "Mark", "connector_of"]


def connector_of(use_case: UseCase, name: str) -> Connector:
    """What fetches the source ``name``, which is no file. Nothing is connected yet.

    Raises UserError for references to secrets that lead nowhere.
    """
    source = use_case.sources[name]
    if source.http is not None:
        from tidemill.connectors.http import HttpConnector

        return HttpConnector(source.http, source.incremental)
    if source.python is not None:
        from tidemill.connectors.python import PythonConnector

        return PythonConnector(source.python, use_case.folder, source.incremental)
    assert source.sql is not None
    from tidemill.connectors.sql import SqlConnector

    return SqlConnector(source.sql, source.incremental, use_case.folder)
