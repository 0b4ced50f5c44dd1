"""A use case `toy` with a suite that a test writes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tidemill.usecase import UseCase, load_usecase

Suited = Callable[[str], UseCase]


@pytest.fixture
def suited(project: Path) -> Suited:
    """Write ``expectations/toy.yaml`` (the entries below `expectations:`) and load the use case."""

    def write(entries: str) -> UseCase:
        (project / "expectations").mkdir(exist_ok=True)
        (project / "expectations" / "toy.yaml").write_text(f"name: toy\nexpectations:\n{entries}")
        return load_usecase("toy", project)

    return write
