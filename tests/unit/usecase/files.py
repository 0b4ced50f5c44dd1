"""A ``usecase.yaml`` as a user writes it: read, or refused with a message."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidemill.errors import UserError
from tidemill.usecase import UseCase, load_usecase

__all__ = ["BASE", "SOURCES", "TARGET", "read", "refused"]

BASE = """\
name: churn
sources:
  customers: {url: data.csv}
target: churned
"""
SOURCES, TARGET = "customers: {url: data.csv}", "target: churned"


def read(home: Path, text: str | bytes) -> UseCase:
    file = home / "usecases" / "churn" / "usecase.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return load_usecase("churn")


def refused(home: Path, text: str | bytes) -> str:
    with pytest.raises(UserError) as problem:
        read(home, text)
    said = str(problem.value)
    assert said.startswith("usecases/churn/usecase.yaml")
    return said.removeprefix("usecases/churn/usecase.yaml").removeprefix(", ")
