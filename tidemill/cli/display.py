"""What a person sees while a run works: a live view on a terminal, plain lines anywhere else.

Always on standard error. Reads the events of :mod:`tidemill.progress`; knows nothing of flows.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

import click

from tidemill.progress import Event, Note, StageFinished, StageStarted, TrialFinished, logger

__all__ = ["PlainLines", "progress"]

_TRIAL_EVERY = 10.0


@contextmanager
def progress(title: str, *, plain: bool = False) -> Iterator[None]:
    """Show the events of the block's work. ``plain`` asks for lines also on a terminal."""
    if plain or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        with _watched(PlainLines(sys.stderr, title).see):
            yield
        return
    from tidemill.cli.live import live_view

    with live_view(title) as view, _watched(view.see):
        yield


class PlainLines:
    """One line an event. Of the trials, those that are the best so far, and one in ten seconds."""

    def __init__(self, stream: TextIO, title: str) -> None:
        self._stream = stream
        self._title = title
        self._best: float | None = None
        self._told = 0.0

    def see(self, event: Event) -> None:
        """Show ``event``, if it is worth a line."""
        if isinstance(event, TrialFinished) and not self._worth(event):
            return
        click.echo(f"{self._title}: {event}", file=self._stream)

    def _worth(self, trial: TrialFinished) -> bool:
        now = time.monotonic()
        better = trial.best is not None and trial.best != self._best
        if not better and now - self._told < _TRIAL_EVERY:
            return False
        self._best, self._told = trial.best, now
        return True


class _Handler(logging.Handler):
    """Gives each record's event to whoever looks."""

    def __init__(self, see: Callable[[Event], None]) -> None:
        super().__init__(logging.INFO)
        self._see = see

    def emit(self, record: logging.LogRecord) -> None:
        event = getattr(record, "event", None)
        if isinstance(event, StageStarted | StageFinished | TrialFinished | Note):
            try:
                self._see(event)
            except Exception:
                self.handleError(record)


@contextmanager
def _watched(see: Callable[[Event], None]) -> Iterator[None]:
    handler, level = _Handler(see), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
