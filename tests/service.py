"""The REST service in a thread of the test's process, asked over a real socket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from tidemill.serving import beside, create_app

__all__ = ["service"]


@contextmanager
def service(lake: str, names: Sequence[str], project: Path) -> Iterator[httpx.Client]:
    """Serve ``names`` for as long as the block; gives a client whose URLs start at the service."""
    with beside(create_app(lake, names, project)) as address, httpx.Client(base_url=address, timeout=30) as client:
        yield client
