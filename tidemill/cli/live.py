"""The live view: stages as they come and go, and how tuning gets on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from tidemill.cli.display import clock
from tidemill.progress import Event, Note, StageFinished, StageStarted, TrialFinished

__all__ = ["LiveView", "live_view"]

_NOTES = 3


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

    def __rich__(self) -> RenderableType:
        now = time.monotonic()
        parts: list[RenderableType] = [self._heading(now)]
        if self._stages:
            parts.append(self._table(now))
        if self._trial is not None:
            parts.append(self._tuning(self._trial, now))
        parts += [Text(f"  {note}", style="dim") for note in self._notes]
        return Group(*parts)

    def _heading(self, now: float) -> RenderableType:
        words = Text.assemble((self.title, "bold"), (f"  {clock(now - self.started)}", "dim"))
        return words if self._stages else Group(words, Text("  starting Prefect", style="dim"))

    def _table(self, now: float) -> Table:
        table = Table.grid(padding=(0, 1), expand=False)
        table.add_column(width=3, justify="right")
        table.add_column(no_wrap=True)
        table.add_column(justify="right", no_wrap=True, style="dim")
        table.add_column(overflow="ellipsis", no_wrap=True, ratio=1)
        for name, stage in self._stages.items():
            done = stage.finished
            if done is None:
                table.add_row(self._spinner, Text(name, style="cyan"), clock(now - stage.started), "")
            elif done.reused:
                table.add_row(Text("=", style="green"), name, "reused", Text(done.summary, style="dim"))
            else:
                table.add_row(Text("✓", style="green"), name, clock(done.seconds), Text(done.summary))
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


@contextmanager
def live_view(title: str) -> Iterator[LiveView]:
    """Draw on standard error for as long as the block; the last state stays on the screen."""
    view = LiveView(title)
    with Live(view, console=Console(stderr=True), refresh_per_second=8, redirect_stdout=False):
        yield view
