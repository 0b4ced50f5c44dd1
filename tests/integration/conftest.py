"""One embedded Prefect server for all tests that run flows in this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A Prefect server with a database of its own, shared by the session (starting one takes many seconds)."""
    from deployments import engine

    home: Path = tmp_path_factory.mktemp("prefect")
    with engine.session(quiet=True, home=home) as session:
        session.wait()
        yield
