"""What the guide shows is true: its examples load, and its messages are what comes out."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tidemill.errors import UserError
from tidemill.usecase import load_usecase
from tidemill.usecase.document import read_document

GUIDE = (Path(__file__).parents[3] / "docs" / "guide" / "usecase.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("TIDEMILL_PROJECT", raising=False)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "usecases" / "churn"
    folder.mkdir(parents=True)
    return folder


def test_the_examples_make_one_use_case_together(folder: Path) -> None:
    said: dict[str, Any] = {}
    for kind, text in BLOCKS:
        if kind == "yaml" and not text.startswith("#"):
            value = read_document(text.encode(), "the guide").value
            assert isinstance(value, dict)
            said |= value
    (folder / "usecase.yaml").write_text(json.dumps(said))
    use_case = load_usecase("churn")
    assert use_case.time == "scheduled_departure"
    assert use_case.target_name == "late"
    assert use_case.sources["weather"].join is not None


def test_the_messages_are_what_comes_out(folder: Path) -> None:
    shown = next(text for kind, text in BLOCKS if not kind and "did you mean" in text)
    (folder / "usecase.yaml").write_text(
        "name: churn\nsources:\n  customers: data.csv\ntarget: churned\n\ntune:\n  buget: 60\nmonitor:\n  window: 3 days\n"
    )
    with pytest.raises(UserError) as problem:
        load_usecase("churn")
    assert str(problem.value) == shown.rstrip("\n")
