"""How much each version answered over REST, kept in the lake without a request waiting for it."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime

from tidemill.answered import Answered, record, record_key
from tidemill.errors import TidemillError
from tidemill.registry.drafting import user
from tidemill.store import Store

__all__ = ["Tally"]

WRITE_SECONDS = 60.0

log = logging.getLogger("tidemill.serving")


@dataclass
class _Span:
    """What one version answered on one day (UTC), so far."""

    key: str
    version: str
    began: float
    ended: float
    rows: int = 0
    requests: int = 0
    written: int = 0


class Tally:
    """Counts in memory; :meth:`write`, called beside the requests, stores what has changed, now and then.

    A service that is killed loses the count of its last minute. ``add`` belongs to one thread, ``write`` to another.
    """

    def __init__(self, store: Store, use_case: str) -> None:
        self._store = store
        self._use_case = use_case
        self._spans: dict[tuple[str, date], _Span] = {}
        self._next = time.monotonic() + WRITE_SECONDS
        self._failed = False

    def add(self, version: str, rows: int) -> None:
        """One request, answered."""
        now = time.time()
        day = datetime.fromtimestamp(now, UTC).date()
        span = self._spans.get((version, day))
        if span is None:
            key = record_key(self._use_case, version, datetime.fromtimestamp(now, UTC))
            span = self._spans[version, day] = _Span(key, version, now, now)
        span.ended = now
        span.rows += rows
        span.requests += 1

    def write(self, *, last: bool = False) -> None:
        """Store what has changed, if it is time, or at the ``last``. The log tells once of a lake that refuses."""
        if not last and time.monotonic() < self._next:
            return
        self._next = time.monotonic() + WRITE_SECONDS
        today = datetime.now(UTC).date()
        for (version, day), span in list(self._spans.items()):
            try:
                self._store_span(span)
            except TidemillError as error:
                if not self._failed:
                    log.warning("%s: what is answered can not be recorded: %s", self._use_case, error)
                self._failed = True
                return
            if day < today:
                del self._spans[version, day]

    def _store_span(self, span: _Span) -> None:
        requests = span.requests
        if requests == span.written:
            return
        said = Answered(
            use_case=self._use_case,
            version=span.version,
            door="rest",
            who=user(),
            began=datetime.fromtimestamp(span.began, UTC),
            ended=datetime.fromtimestamp(span.ended, UTC),
            rows=span.rows,
            requests=requests,
        )
        record(self._store, span.key, said)
        span.written = requests
