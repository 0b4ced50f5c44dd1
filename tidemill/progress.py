"""What a run says while it works, as structured log records.

Domain code calls :func:`emit`; whoever watches (the command line, Prefect's log view, a test)
attaches a handler to the ``tidemill.progress`` logger and reads ``record.event``.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

__all__ = ["Event", "Note", "StageFinished", "StageStarted", "Ticker", "TrialFinished", "emit", "logger"]

logger = logging.getLogger("tidemill.progress")
_TELL_EVERY = 5.0


@dataclass(frozen=True)
class StageStarted:
    """A stage of a flow begins."""

    stage: str

    def __str__(self) -> str:
        return f"{self.stage}: started"


@dataclass(frozen=True)
class StageFinished:
    """A stage ended well. ``reused`` says that nothing was recomputed; ``seconds`` is wall time."""

    stage: str
    seconds: float
    reused: bool
    summary: str

    def __str__(self) -> str:
        how = "nothing changed, reused" if self.reused else f"{self.seconds:.1f} s"
        return f"{self.stage}: {self.summary} ({how})"


@dataclass(frozen=True)
class TrialFinished:
    """One tuning trial ended. ``value`` is None for a pruned trial; ``seconds_left`` of the budget."""

    number: int
    value: float | None
    best: float | None
    metric: str
    seconds_left: float

    def __str__(self) -> str:
        value = "pruned" if self.value is None else f"{self.metric} {self.value:.4f}"
        best = "" if self.best is None else f", best {self.best:.4f}"
        return f"trial {self.number}: {value}{best}, {self.seconds_left:.0f} s left"


@dataclass(frozen=True)
class Note:
    """Something worth a line that is neither a stage nor a trial."""

    text: str

    def __str__(self) -> str:
        return self.text


Event = StageStarted | StageFinished | TrialFinished | Note


class Ticker:
    """Tells of a count that grows, every five seconds: ``1,204,000 rows fetched``."""

    def __init__(self, what: str) -> None:
        self._what, self._told = what, time.monotonic()

    def tell(self, count: int) -> None:
        """Say how many there are by now, if nothing was said for a while."""
        if time.monotonic() - self._told > _TELL_EVERY:
            self._told = time.monotonic()
            emit(Note(f"{count:,} {self._what}"))


def emit(event: Event) -> None:
    """Tell whoever watches. Costs nothing when nobody does."""
    logger.info("%s", event, extra={"event": event})
