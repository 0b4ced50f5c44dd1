"""Collecting a server's garbage beside its event loop, so that a dead cursor can't stop it for a minute.

With Python 3.11, giving up a cursor whose statement failed takes its SQLite connection's lock. Prefect's server
on SQLite makes such cursors (two transactions write at once: one fails, and SQLAlchemy leaves its cursor to the
garbage collector). Should the collector run in the event loop while that connection waits for another one's
transaction, the loop waits too, the transaction can't end, and the API answers nothing for the 60 s that
SQLite waits. From Python 3.12 on the lock isn't needed. See `docs/decisions/183-a-server-that-stood-still.md`.
"""

from __future__ import annotations

import gc
import sys
import threading
import time

__all__ = ["collect_beside"]

SECONDS = 1.0
WHOLE_EVERY = 60
"""After so many looks at what is young, one at everything, which holds the interpreter for some tenths of a second."""


def collect_beside() -> None:
    """From now on collect this process's garbage in a thread of its own, where Python's own way can stop a server."""
    if sys.version_info < (3, 12):
        gc.disable()
        threading.Thread(target=_collect, name="garbage", daemon=True).start()


def _collect() -> None:
    looks = 0
    while True:
        time.sleep(SECONDS)
        looks += 1
        gc.collect(1 if looks % WHOLE_EVERY else 2)
