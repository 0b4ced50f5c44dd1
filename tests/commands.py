"""Running a command line in this process, and what it said."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tidemill.cli import main

__all__ = ["Run", "Said", "run"]


@dataclass(frozen=True)
class Said:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Said]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """``run("models", "toy")`` as a shell would, except that it starts no process."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("TIDEMILL_LAKE", raising=False)

    def run(*words: str) -> Said:
        capfd.readouterr()
        status = main(words)
        said = capfd.readouterr()
        return Said(status, said.out, said.err)

    return run
