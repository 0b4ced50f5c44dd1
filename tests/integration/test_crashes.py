"""Collects that are killed, and started anew: nothing lost, nothing doubled. The tool kills thirty; here it is four."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.crash.killing import killed_again_and_again
from tests.servers import Database


def test_a_collect_that_is_killed_loses_and_doubles_nothing(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRASH_DATABASE", database.url)
    outcome = killed_again_and_again(tmp_path, database, kills=4, seed=3, first=20_000)
    assert outcome.kills == 4
    assert outcome.rows > 20_000
    assert (outcome.lost, outcome.doubled, outcome.changed) == (0, 0, 0)
