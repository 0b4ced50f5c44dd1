"""Turns of writers on a store that can't create conditionally.

Such a store has nothing but reads and writes, so writers announce themselves, as in Lamport's bakery (1974): a small
object each, there from before its writer read the ledger until after its entry is written. Once a writer has written
and everybody who was announced by then has finished, no entry can come any more that stands before its own: whoever
announces himself later reads that entry, and takes a later number. Only a writer that is cut off, or hangs for
longer than :data:`PATIENCE_SECONDS`, is not waited for.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from tidemill.store import Store

__all__ = ["Turn", "Turns"]

PATIENCE_SECONDS = 30.0
_LOOK_SECONDS = 0.05
_LONGEST_LOOK_SECONDS = 0.5


class Turn:
    """One writer's announcement. It is ``late`` when others may soon stop waiting for it: then it must begin anew."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    @property
    def late(self) -> bool:
        """Whether half of the others' patience is over."""
        return time.monotonic() - self._began > PATIENCE_SECONDS / 2


class Turns:
    """The announcements below ``prefix``."""

    def __init__(self, store: Store, prefix: str) -> None:
        self._store = store
        self._prefix = prefix

    @contextmanager
    def taken(self) -> Iterator[Turn]:
        """Announce a writer for the block: it reads and writes the ledger within."""
        turn = Turn()
        key = f"{self._prefix}/{uuid.uuid4().hex}.json"
        self._store.write_json(key, {"format": 1})
        try:
            yield turn
        finally:
            self._store.delete(key)

    def wait_for_others(self) -> None:
        """Return when everybody who is announced now has finished; who does not is taken for dead, and removed."""
        waited_for = set(self._store.list(self._prefix))
        until = time.monotonic() + PATIENCE_SECONDS
        pause = _LOOK_SECONDS
        while waited_for and time.monotonic() < until:
            time.sleep(pause)
            pause = min(1.5 * pause, _LONGEST_LOOK_SECONDS)
            waited_for &= set(self._store.list(self._prefix))
        for key in waited_for:
            self._store.delete(key)
