"""What an older Tidemill stored must load for ever: ``tests/golden/lake-1`` was written with format 1.

It is never written again. A new format gets a lake of its own beside it.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from tests.unit.collecting.shops import Shop, frame_of, landed
from tidemill.registry import Registry
from tidemill.results import Split
from tidemill.snapshot import Snapshot
from tidemill.stages import once
from tidemill.store import Store

GOLDEN = Path(__file__).parents[1] / "golden"
SNAPSHOT = Snapshot(use_case="toy", id="288c773b812541b9", kind="raw", rows=40)


@pytest.fixture
def lake() -> Store:
    return Store(str(GOLDEN / "lake-1"))


def test_a_snapshot(lake: Store) -> None:
    rows = pd.read_csv(GOLDEN / "lake-1-rows.csv", parse_dates=["at"])
    rows = rows.astype({"visits": "Int64", "region": "category"})
    found = SNAPSHOT.read(lake)
    pd.testing.assert_frame_equal(found, rows)
    manifest = SNAPSHOT.manifest(lake)
    assert manifest.watermark == datetime(2024, 1, 2, 15, tzinfo=UTC)
    assert manifest.parents == ("0123456789abcdef",)


def test_a_stage(lake: Store) -> None:
    def recompute() -> Split:
        raise AssertionError("the stored result was not found")

    inputs = {"snapshot": SNAPSHOT, "seed": 7}
    outcome = once(lake, "toy", "split", Split, recompute, version=1, inputs=inputs, summary=str)
    assert outcome.reused
    assert outcome.result.gate.rows == 475


@pytest.mark.parametrize("use_case", ["toy", "toy-unconditional"])
def test_versions_and_ledger(lake: Store, use_case: str) -> None:
    registry = Registry(lake, use_case)
    first, second = registry.versions()
    assert first.model.id == "8660711f06efb36a"
    assert first.metric.value == 0.8
    ledger = registry.ledger()
    assert [entry.action for entry in ledger] == ["register", "register", "promote", "wait", "approve", "rollback"]
    assert ledger[-1].who == "budi"
    assert ledger[-1].hashes["model"] == first.model.id
    champion = registry.champion()
    assert champion is not None
    assert champion.version == first.version == "20261123-8660711f"
    assert registry.live_at(ledger[4].when) == second.version == "20261123-a6d4f4ac"


def test_what_was_landed_goes_on_from_its_record(tmp_path: Path) -> None:
    shutil.copytree(GOLDEN / "landed-1", tmp_path / "lake")
    lake, shop = Store(str(tmp_path / "lake")), Shop(tmp_path / "shop")
    shop.insert([(number, f"2024-01-0{number} 10:00:00", number / 2) for number in range(5, 9)])
    found = landed(lake, shop.use_case("{column: at, overlap: 1d}"))
    assert found.notes[0] == "4 rows fetched, 2 of them there already"
    assert frame_of(found)["id"].tolist() == list(range(1, 9))
