"""Refused rows, from the list to the next training that uses them mended."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from tests.commands import Run, run
from tidemill.results import TrainingRun
from tidemill.store import Store

__all__ = ["run"]

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]


def test_rows_are_listed_exported_mended_and_trained_on(project: Path, trained: TrainingRun, run: Run) -> None:
    before = trained.balance.model_dump()
    listed = run("quarantine", "toy", "list", "--json").json
    assert (listed["rows"], listed["replayed"]) == (before["quarantined"], 0)
    by_rule = Counter({one["rule"]: 0 for one in listed["reasons"]})
    for one in listed["reasons"]:
        by_rule[one["rule"]] += one["rows"]
    assert by_rule == {"type:amount": 3, "type:at": 2, "range:age": 2, "target": 3}

    file = project / "mend.csv"
    assert run("quarantine", "toy", "export", "--output", str(file), "--json").json["rows"] == 10
    rows = pd.read_csv(file, dtype=str)
    assert list(rows.columns[:4]) == ["_quarantine", "_stage", "_rule", "_reason"]
    assert rows.loc[rows["_rule"] == "type:amount", "amount"].tolist() == ["many"] * 3
    rows.loc[rows["_rule"] == "type:amount", "amount"] = ["85.5", "lots", "91"]
    rows.loc[rows["_rule"] == "target", "bought"] = ["yes", "no", None]
    rows.to_csv(file, index=False)
    back = run("quarantine", "toy", "replay", "--input", str(file), "--why", "asked the shop", "--json")
    assert back.status == 0, back.err
    assert (back.json["replayed"], back.json["unchanged"]) == (4, 5)
    assert back.json["refused"] == {"`amount` is not a number": 1}

    again = run("train", "toy", "--json")
    assert again.status in (0, 3), again.err
    after = again.json["rows"]
    # The three rows of an amount that was no number are new beside their broken originals; those without a label take
    # the place of theirs, which have the same id.
    assert after["collected"] == before["collected"] + 4
    assert after["used"] + after["waiting"] == before["used"] + before["waiting"] + 4
    assert sum(after[name] for name in ("deduplicated", "quarantined", "waiting", "used")) == after["collected"]
    listed = run("quarantine", "toy", "list", "--json").json
    assert listed["replayed"] == 2, "the broken originals of these are still in the file"
    assert "Brought back of them: 2." in run("quarantine", "toy", "list").out
    third = run("train", "toy", "--json").json
    assert third["version"] == again.json["version"]
    assert third["rows"] == after


def test_before_a_training_there_is_nothing_to_list(project: Path, run: Run) -> None:
    assert "`tidemill train toy`" in run("quarantine", "toy", "list").err


@pytest.mark.usefixtures("trained")
def test_what_can_not_be_brought_back_is_said_and_changes_nothing(project: Path, run: Run) -> None:
    lake = Store(str(project / "lake"))
    file = project / "mend.csv"
    wrong = run("quarantine", "toy", "export", "--output", str(project / "mend.xls"))
    assert (wrong.status, "should end in .csv" in wrong.err) == (2, True)
    assert run("quarantine", "toy", "export", "--output", str(file)).status == 0
    good = pd.read_csv(file, dtype=str)
    for change, message in (
        (good.drop(columns="_quarantine"), "has no column `_quarantine`"),
        (good.assign(_quarantine="0123"), "`0123` is no row that Quarantine holds now"),
        (pd.concat([good, good.head(1)]), "is there twice"),
        (good.assign(amount="a lot"), "none of the mended rows"),
    ):
        change.to_csv(file, index=False)
        said = run("quarantine", "toy", "replay", "--input", str(file))
        assert said.status == 2, said.out
        assert message in said.err
        assert "Traceback" not in said.err
    good.to_csv(file, index=False)
    same = run("quarantine", "toy", "replay", "--input", str(file), "--json").json
    assert (same["replayed"], same["unchanged"], same["record"]) == (0, 10, None)
    assert lake.list("toy/replays") == []
    assert run("quarantine", "toy", "export").status == 2
    assert run("quarantine", "toy", "mend").status == 2
