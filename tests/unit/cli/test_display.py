"""What a person sees on a terminal while a run works."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time

import pytest
from rich.console import Console

from tidemill.cli.live import LiveView
from tidemill.cli.text import clock
from tidemill.progress import Note, StageFinished, StageStarted, TrialFinished

SCRIPT = """
import time
from tidemill.cli.display import progress
from tidemill.progress import Note, StageFinished, StageStarted, TrialFinished, emit
with progress("train toy"):
    emit(StageStarted("collect")); time.sleep(0.3)
    emit(StageFinished("collect", 0.3, False, "1,200 rows"))
    emit(StageStarted("tune"))
    emit(TrialFinished(0, 0.61, 0.61, "auc", 30.0)); time.sleep(0.3)
    emit(Note("half way"))
    print("somebody else")
    emit(StageFinished("tune", 0.3, False, "1 trial, best auc 0.6100"))
"""


def drawn(view: LiveView, width: int = 80) -> str:
    console = Console(width=width, no_color=True)
    with console.capture() as capture:
        console.print(view)
    return capture.get()


def test_stages_trials_best_score_and_time_left() -> None:
    view = LiveView("train toy")
    assert "starting Prefect" in drawn(view)
    view.see(StageStarted("collect"))
    view.see(StageFinished("collect", 2.5, False, "1,200 rows"))
    view.see(StageStarted("clean"))
    view.see(StageFinished("clean", 2.5, True, "1,188 rows"))
    view.see(StageStarted("tune"))
    view.see(TrialFinished(0, None, None, "auc", 44.0))
    view.see(TrialFinished(1, 0.61, 0.63, "auc", 42.0))
    view.see(Note("by the way"))
    lines = drawn(view).splitlines()
    assert re.search(r"✓ collect +2\.5 s +1,200 rows", lines[1])
    assert re.search(r"= clean +reused +1,188 rows", lines[2])
    assert re.search(r"tune", lines[3])
    assert re.search(r"2 trials  best auc 0\.6300 .* 42 s left", lines[4])
    assert "by the way" in lines[5]
    view.see(StageFinished("tune", 60.0, False, "2 trials"))
    assert "left" not in drawn(view)


def test_a_long_sentence_is_cut_and_takes_no_room_from_the_rest() -> None:
    view = LiveView("train toy")
    view.see(StageFinished("evaluate", 61.0, False, "a very long sentence " * 20))
    view.see(Note("another very long sentence " * 20))
    for width in (40, 60, 100):
        lines = drawn(view, width).splitlines()
        assert len(lines) == 3
        assert max(map(len, lines)) <= width
        assert re.match(r"  ✓ evaluate +1:01 a very.*…$", lines[1])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.4, "59 s"), (59.6, "1:00"), (185, "3:05")],
)
def test_times_are_read_at_a_glance(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_it_is_live_on_a_terminal_and_only_on_standard_error() -> None:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    child = subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, stderr=theirs, env=environment)
    os.close(theirs)
    seen = b""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if select.select([ours], [], [], 0.1)[0]:
            try:
                seen += os.read(ours, 65_536)
            except OSError:  # the other end is closed
                break
    os.close(ours)
    out, _ = child.communicate(timeout=30)
    assert child.returncode == 0
    assert out == b"somebody else\n"
    text = seen.decode()
    assert "\033[" in text
    for words in ("train toy", "1,200 rows", "1 trial, best auc 0.6100", "half way"):
        assert words in text
