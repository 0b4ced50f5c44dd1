"""One embedded Prefect server for all tests that run flows in this process, and one training that they start from."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.toy import write_toy
from tidemill.results import TrainingRun


@pytest.fixture(scope="package")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A Prefect server with a database of its own, shared by these tests (starting one takes many seconds)."""
    from deployments import engine

    home: Path = tmp_path_factory.mktemp("prefect")
    with engine.session(quiet=True, home=home) as session:
        session.wait()
        yield


@pytest.fixture(scope="package")
def first_training(prefect_server: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TrainingRun]:
    """A project whose lake holds one training of `toy`, and what that gave. To be copied, never changed."""
    from flows.training import training

    folder: Path = tmp_path_factory.mktemp("trained") / "project"
    write_toy(folder)
    with pytest.MonkeyPatch.context() as there:
        there.chdir(folder)
        there.setenv("TIDEMILL_PROJECT", str(folder))
        there.delenv("TIDEMILL_LAKE", raising=False)
        return folder, training("toy")


@pytest.fixture
def trained(project: Path, first_training: tuple[Path, TrainingRun]) -> TrainingRun:
    """The run that trained the champion of ``project``, whose lake is a copy of the first training's."""
    folder, run = first_training
    shutil.copytree(folder, project, dirs_exist_ok=True)
    return run
