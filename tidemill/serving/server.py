"""Running the service in this process, until a signal stops it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence

from tidemill.serving.app import create_app
from tidemill.serving.hosting import answer, listening
from tidemill.store import Store

__all__ = ["run"]


def run(
    lake: str,
    names: Sequence[str],
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    verbose: bool = False,
    ready: Callable[[str], None],
) -> None:
    """Serve until SIGINT or SIGTERM; then take no more requests, answer those that are under way, and return.

    ``ready`` gets the address once the service listens. Raises UserError for a use case or a lake that is
    wrong and for a port that is taken.
    """
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("tidemill.serving").setLevel(logging.INFO)
    Store(lake).check(writable=False)
    app = create_app(lake, list(dict.fromkeys(names)))
    with listening(host, port, "the REST service") as (listener, address):
        answer(app, listener, "the REST service", verbose=verbose, ready=lambda: ready(address))
