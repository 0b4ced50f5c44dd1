"""Trained versions that tests of scoring, serving and the command line share."""

from __future__ import annotations

import pytest

from tests.champions import House, make_house


@pytest.fixture(scope="session")
def houses(tmp_path_factory: pytest.TempPathFactory) -> dict[str, House]:
    """A project a task, each with a champion. Tests only read from them."""
    return {task: make_house(tmp_path_factory.mktemp(task), task) for task in ("binary", "multiclass", "regression")}


@pytest.fixture(scope="session")
def house(houses: dict[str, House]) -> House:
    """The one with two classes."""
    return houses["binary"]
