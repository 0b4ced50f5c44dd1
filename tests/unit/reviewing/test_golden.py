"""What an older Tidemill stored must load for ever: ``tests/golden/answers-1`` was written with format 1."""

from __future__ import annotations

from pathlib import Path

from tidemill.reviewing.answers import AnswerLog, digest, labels, standing
from tidemill.reviewing.suspects import Suspects
from tidemill.store import Store

LAKE = Store(str(Path(__file__).parents[2] / "golden" / "answers-1"))


def test_answers() -> None:
    entries = AnswerLog(LAKE, "toy").entries()
    assert [entry.action for entry in entries.values()] == ["answer", "unsure", "answer", "undo", "answer"]
    assert labels(entries) == {'["17"]': "yes", "b94f24a951efbd5ce52dc6f4f857b6da": 12.5}
    assert set(standing(entries)) == {'["17"]', '["18"]', "b94f24a951efbd5ce52dc6f4f857b6da"}
    assert digest(labels(entries)) == "827b9aa59e4866d65a2f8b5aa1cb4f62"


def test_suspects() -> None:
    found = Suspects.model_validate(LAKE.read_json("toy/suspects/20261124-89ed2baf.json"))
    assert (found.looked_at, found.of, found.flagged, found.unsure, found.rows.rows) == (900, 1200, 61, 80, 141)
