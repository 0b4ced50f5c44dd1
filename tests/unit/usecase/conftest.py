"""A project with an empty use case, for the tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder, which is the working directory too, with an empty use case's folder `churn`."""
    monkeypatch.delenv("TIDEMILL_PROJECT", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "usecases" / "churn").mkdir(parents=True)
    return tmp_path
