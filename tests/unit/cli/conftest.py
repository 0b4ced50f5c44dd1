"""Running a command line in this process, and what it said."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.champions import House
from tidemill.cli import main


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


@pytest.fixture
def at_house(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """The shared project, as the one that commands work on."""
    monkeypatch.setenv("TIDEMILL_PROJECT", str(house.project))
    return house


@pytest.fixture
def flows(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[..., Any]]:
    """Stand-ins for flows, by name: a test puts functions in, and no Prefect is started."""
    known: dict[str, Callable[..., Any]] = {}
    monkeypatch.setattr("deployments.engine.run", lambda name, *, quiet=True, **given: known[name](**given))
    return known
