"""What an older Tidemill stored must load for ever: ``tests/golden/lake-1`` was written with format 1.

``lake-2`` has a ledger of format 2, with the files of made-up models. None is ever written again: a new format gets
a lake of its own beside them.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from tests.unit.collecting.shops import Shop, frame_of, landed
from tidemill.answered import answered_by
from tidemill.registry import Registry
from tidemill.rerunning import rerun
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


@pytest.mark.parametrize("use_case", ["toy", "toy-unconditional"])
def test_a_ledger_of_format_2(use_case: str) -> None:
    lake = Store(str(GOLDEN / "lake-2"))
    registry = Registry(lake, use_case)
    first, second, third = (version.version for version in registry.versions())
    lines = registry.lines()
    assert [line.entry.action for line in lines if line.holds] == [
        "register", "register", "register", "promote", "wait", "approve", "promote", "rollback"
    ]  # fmt: skip
    void = [line.entry for line in lines if not line.holds]
    assert [(entry.version, entry.who) for entry in void] == ([(first, "citra")] if "-" in use_case else [])
    back = lines[-1].entry
    assert (back.previous, back.champion, registry.champion_name()) == (third, first, first)
    assert f"passed over, as damaged: {second}" in back.why
    found = registry.answering(registry.whole)
    assert found is not None
    assert (found.version.version, found.problem) == (first, None)
    assert registry.live_at(lines[5].entry.when) == second
    assert [one.rows for one in answered_by(lake, use_case, first)] == [12]


@pytest.mark.parametrize("use_case", ["toy", "toy-unconditional"])
def test_decisions_of_an_earlier_format_are_honestly_not_made_again(lake: Store, use_case: str) -> None:
    found = rerun(lake, use_case, Registry(lake, use_case).lines())
    assert {one.outcome for one in found if one.action in ("promote", "wait")} <= {"not re-runnable", "a person's"}
    assert all(one.agrees for one in found)


def test_what_was_landed_goes_on_from_its_record(tmp_path: Path) -> None:
    shutil.copytree(GOLDEN / "landed-1", tmp_path / "lake")
    lake, shop = Store(str(tmp_path / "lake")), Shop(tmp_path / "shop")
    shop.insert([(number, f"2024-01-0{number} 10:00:00", number / 2) for number in range(5, 9)])
    found = landed(lake, shop.use_case("{column: at, overlap: 1d}"))
    assert found.notes[0] == "4 rows fetched, 2 of them there already"
    assert frame_of(found)["id"].tolist() == list(range(1, 9))
