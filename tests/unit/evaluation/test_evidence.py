from __future__ import annotations

import json
from pathlib import Path

import pytest

from tidemill.errors import UserError
from tidemill.evaluation import load_evidence
from tidemill.store import Store

GOLDEN = Path(__file__).parents[2] / "golden" / "evaluation-1.json"
KEY = "toy/evaluations/0123456789abcdef.json"


@pytest.fixture
def lake(memory: Store) -> Store:
    memory.write_bytes(KEY, GOLDEN.read_bytes())
    return memory


def changed(lake: Store, **fields: object) -> None:
    lake.write_json(KEY, {**json.loads(GOLDEN.read_text()), **fields})


def test_what_format_1_stored_still_loads(lake: Store) -> None:
    evidence = load_evidence(lake, KEY)
    assert evidence.metric == "auc"
    assert evidence.challenger.metrics[0].value == pytest.approx(0.97, abs=0.03)
    assert evidence.binary is not None
    assert evidence.binary.positive == "yes"
    assert {one.column for one in evidence.slices} >= {"region", "member"}
    assert evidence.model_dump(mode="json", exclude_unset=True) == json.loads(GOLDEN.read_text())


def test_a_newer_format_is_refused(lake: Store) -> None:
    changed(lake, format=2)
    with pytest.raises(UserError, match="has format 2; this Tidemill reads up to 1: upgrade Tidemill"):
        load_evidence(lake, KEY)


def test_damage_is_named(lake: Store) -> None:
    changed(lake, rows="many")
    with pytest.raises(UserError, match=r"is damaged: rows: .*Restore it from a backup"):
        load_evidence(lake, KEY)


def test_a_missing_one_is_named(memory: Store) -> None:
    with pytest.raises(UserError, match=r"evaluations/0123456789abcdef\.json is missing"):
        load_evidence(memory, KEY)
