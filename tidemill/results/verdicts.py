"""What the gate goes by: measured leads and tests, and what each of its rules makes of them."""

from __future__ import annotations

from typing import Literal

from tidemill.results.record import Record
from tidemill.said import Said

__all__ = ["Finding", "Lead", "Opinion", "Seen", "SliceTest"]


class Opinion(Record):
    """A second test of a lead. ``p`` is the chance of such a lead if there were none; ``low`` its own lower bound.

    ``low`` is None for a test that gives no bound.
    """

    test: Literal["DeLong", "McNemar"]
    p: float
    low: float | None = None


class Lead(Record):
    """How far the challenger is ahead of a rival in ``measure``: the metric, or ``cost`` a row. More is better.

    ``low`` and ``high`` are bounds, each passed by the true lead at most at ``rate``; ``error`` is the bootstrap's
    standard error, which more rows make smaller, and ``luck`` how far training again from other seeds would move the
    lead (a standard deviation), which they do not. None where that is not known, or not asked.
    """

    measure: str
    value: float
    low: float
    high: float
    error: float
    rate: float
    luck: float | None = None
    opinion: Opinion | None = None


class SliceTest(Record):
    """Whether the challenger is behind the champion on some rows: ``p`` is the chance of such a ``lead`` if it is not.

    ``origin``: the use case names the column, it is looked at by itself, or the rows were searched for.
    """

    column: str
    value: str
    rows: int
    lead: float
    error: float
    p: float
    origin: Literal["declared", "by itself", "searched"]


class Seen(Record):
    """Gate rows that ``version`` has trained on: ``rows`` of ``of``. ``left`` rows were judged on."""

    version: str
    rows: int
    of: int
    left: int


class Finding(Record):
    """What one rule of the gate makes of the numbers, in a clause. A ``note`` speaks neither for nor against.

    ``advice`` says what would settle a question that is left open.
    """

    rule: str
    verdict: Literal["pass", "fail", "undecided", "note"]
    said: Said
    advice: Said | None = None

    @property
    def against(self) -> bool:
        """Whether it speaks against a promotion."""
        return self.verdict in ("fail", "undecided")

    @property
    def clauses(self) -> tuple[Said, ...]:
        """All that it says."""
        return (self.said,) if self.advice is None else (self.said, self.advice)
