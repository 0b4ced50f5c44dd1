"""The live view: stages as they come and go, and how tuning gets on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from tidemill.cli.text import clock
from tidemill.progress import Event, Note, StageFinished, StageStarted, TrialFinished

__all__ = ["LiveView", "live_view"]

_NOTES = 3
_MARK, _NAME, _TIME = 3, 9, 7


@dataclass
class _Stage:
    started: float
    finished: StageFinished | None = None


@dataclass
class LiveView:
    """What has happened so far, drawn anew a few times a second. ``started`` is a ``time.monotonic``."""

    title: str
    started: float = field(default_factory=time.monotonic)
    _stages: dict[str, _Stage] = field(default_factory=dict)
    _notes: list[str] = field(default_factory=list)
    _trial: TrialFinished | None = None
    _trial_seen: float = 0.0
    _trials: int = 0
    _spinner: Spinner = field(default_factory=lambda: Spinner("dots", style="cyan"))

    def see(self, event: Event) -> None:
        """Take in an event."""
        now = time.monotonic()
        if isinstance(event, StageStarted):
            self._stages[event.stage] = _Stage(now)
        elif isinstance(event, StageFinished):
            self._stages.setdefault(event.stage, _Stage(now)).finished = event
            self._trial = None
        elif isinstance(event, TrialFinished):
            self._trial, self._trial_seen, self._trials = event, now, self._trials + 1
        elif isinstance(event, Note):
            self._notes = [*self._notes, event.text][-_NOTES:]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        now = time.monotonic()
        yield self._heading(now)
        if self._stages:
            yield self._table(now, options.max_width)
        if self._trial is not None:
            yield self._tuning(self._trial, now)
        for note in self._notes:
            yield _cut(f"  {note}", options.max_width, "dim")

    def _heading(self, now: float) -> RenderableType:
        words = Text.assemble((self.title, "bold"), (f"  {clock(now - self.started)}", "dim"))
        return words if self._stages else Group(words, Text("  starting Prefect", style="dim"))

    def _table(self, now: float, width: int) -> Table:
        table = Table.grid(padding=(0, 1))
        for column in (_MARK, _NAME, _TIME):
            table.add_column(width=column, no_wrap=True, justify="left" if column == _NAME else "right")
        table.add_column(no_wrap=True)
        room = width - _MARK - _NAME - _TIME - 3
        for name, stage in self._stages.items():
            done = stage.finished
            if done is None:
                table.add_row(self._spinner, Text(name, style="cyan"), clock(now - stage.started), "")
            elif done.reused:
                table.add_row(Text("=", style="green"), name, "reused", _cut(done.summary, room, "dim"))
            else:
                table.add_row(Text("✓", style="green"), name, clock(done.seconds), _cut(done.summary, room))
        return table

    def _tuning(self, trial: TrialFinished, now: float) -> RenderableType:
        """Trials, the best value, and a bar of the time that is left."""
        since = now - self._trial_seen
        left = max(trial.seconds_left - since, 0.0)
        spent = now - self._stages["tune"].started if "tune" in self._stages else since
        best = "" if trial.best is None else f"  best {trial.metric} {trial.best:.4f}"
        words = Text(f"    {self._trials} trial{'s' * (self._trials != 1)}{best}")
        if not left:  # a given number of trials takes as long as it takes
            return words
        row = Table.grid(padding=(0, 1))
        row.add_row(words, ProgressBar(total=spent + left, completed=spent, width=24), Text(f"{clock(left)} left"))
        return row


def _cut(words: str, width: int, style: str = "") -> Text:
    """One line, with an ellipsis where it would not fit: what a grid can't hold, it takes from other columns."""
    text = Text(words, style=style, no_wrap=True)
    text.truncate(max(width, 1), overflow="ellipsis")
    return text


@contextmanager
def live_view(title: str) -> Iterator[LiveView]:
    """Draw on standard error for as long as the block; the last state stays on the screen."""
    view = LiveView(title)
    with Live(view, console=Console(stderr=True), refresh_per_second=8, redirect_stdout=False):
        yield view
