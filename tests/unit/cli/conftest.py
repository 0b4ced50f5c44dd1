"""What tests of the command line share: a project with a champion, and stand-ins for flows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.champions import House
from tests.commands import run

__all__ = ["run"]


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
