"""Commands that ask what was live, what a version answered, what made it, and whether a decision holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.champions import House
from tests.commands import Run
from tests.lineage import made_up_balance, made_up_lineage, register, write_model
from tidemill.answered import Answered, answered_by, record, record_key
from tidemill.errors import UserError
from tidemill.gate import decide
from tidemill.registry import ModelVersion, Registry, asked_because
from tidemill.results import Baseline, Interval
from tidemill.scoring import score
from tidemill.store import Store
from tidemill.usecase import load_usecase


@pytest.fixture
def registry(project: Path) -> Registry:
    return Registry(Store(str(project / "lake")), "toy")


def test_what_was_live_at_a_moment(run: Run, registry: Registry) -> None:
    first, second = register(registry, 1).version, register(registry, 2).version
    one, two = registry.promote(first, who="ana"), registry.promote(second, who="budi", why="it is better")
    said = run("models", "toy", "--at", one.when.isoformat(), "--json").json
    assert (said["champion"], said["entry"]["number"], said["until"]) == (first, 3, two.when.isoformat())
    assert "when budi made" in run("models", "toy", "--at", one.when.isoformat()).out
    assert "and still is" in run("models", "toy", "--at", two.when.isoformat()).out
    before = run("models", "toy", "--at", (one.when - timedelta(days=1)).date().isoformat(), "--json").json
    assert (before["champion"], before["until"]) == (None, one.when.isoformat())
    for moment, why in (("yesterday", "a moment is a date"), ("2999-01-01", "has not come yet")):
        wrong = run("models", "toy", "--at", moment)
        assert wrong.status == 2
        assert why in wrong.err


def test_a_damaged_champion_is_an_alarm_and_the_other_versions_are_still_shown(
    run: Run, registry: Registry, project: Path
) -> None:
    first, second = register(registry, 1), register(registry, 2)
    for version in (first, second):
        registry.promote(version.version)
    record_of_second = project / "lake" / "toy" / "versions" / f"{second.version}.json"
    record_of_second.write_text(record_of_second.read_text()[:-20])
    said = run("models", "toy", "--json")
    assert said.status == 0
    assert [one["version"] for one in said.json["versions"]] == [first.version]
    assert set(said.json["damaged"]) == {second.version}
    assert f"{first.version}, the last good one before it, answers" in said.json["problem"]
    assert "ALARM: the champion" in run("models", "toy").out
    assert run("rollback", "toy", "--json").json["champion"] == first.version
    assert run("models", "toy", "--json").json["problem"] is None


def test_a_promotion_against_another_champion_is_status_3(run: Run, registry: Registry) -> None:
    first, second, third = (register(registry, seed).version for seed in range(3))
    assert run("promote", "toy", first, "--against", "none").status == 0
    assert run("promote", "toy", second, "--against", first).status == 0
    late = run("promote", "toy", third, "--against", first)
    assert late.status == 3
    assert f"changed meanwhile from {first} to {second}: nothing was done" in late.err
    assert registry.champion_name() == second


def test_what_a_version_answered(run: Run, at_house: House, tmp_path: Path) -> None:
    version = at_house.versions[0]
    before = run("predictions", "toy", "champion", "--json").json["rows"]
    rows = tmp_path / "rows.parquet"
    at_house.rows(120).to_parquet(rows)
    score(at_house.store, at_house.use_case, version, str(rows), str(tmp_path / "out.parquet"), who="ana")
    rows.unlink()
    with pytest.raises(UserError):
        score(at_house.store, at_house.use_case, version, str(rows), str(tmp_path / "other.parquet"))
    at_house.rows(5).assign(age="old").to_parquet(rows)
    with pytest.raises(UserError, match="age"):
        score(at_house.store, at_house.use_case, version, str(rows), str(tmp_path / "other.parquet"))
    began = datetime(2026, 11, 1, tzinfo=UTC)
    served = Answered(use_case="toy", version=version.version, door="rest", who="serve", began=began, ended=began)
    record(at_house.store, record_key("toy", version.version, began), served.model_copy(update={"rows": 7}))
    said = run("predictions", "toy", version.version, "--json").json
    assert said["rows"] == before + 127
    (batch,) = [one for one in said["batches"] if one["who"] == "ana"]
    assert (batch["rows"], batch["output"]) == (120, str(tmp_path / "out.parquet"))
    assert not [one for one in said["batches"] if one["output"] == str(tmp_path / "other.parquet")]
    assert [one["rows"] for one in said["services"] if one["who"] == "serve"] == [7]
    text = run("predictions", "toy", "champion").out
    assert str(tmp_path / "out.parquet") in text
    assert "2026-11-01 00:00" in text
    assert len(answered_by(at_house.store, "toy", version.version)) >= 2
    assert run("predictions", "toy", "20200101-00000000").status == 2


def test_which_data_made_a_version(run: Run, registry: Registry) -> None:
    version = register(registry)
    said = run("lineage", "toy", "latest", "--json").json
    assert said["sources"][0]["rows"] == 1200
    assert [one["stage"] for one in said["snapshots"]] == ["collect", "clean", "label", "validate", "train", "gate"]
    assert not any(one["here"] for one in said["snapshots"])
    assert set(said["model"]["files"]) == {"0.ubj", "1.ubj", "model.json"}
    assert said["model"]["sha256"] == said["hashes"]["files"]
    assert {one["stage"]: one["rows"] for one in said["refused"]} == {"label": 3}
    text = run("lineage", "toy", version.version).out
    assert "no longer in this lake" in text
    assert "auc 0.8000 on 475 gate rows" in text


def registered(registry: Registry, project: Path) -> ModelVersion:
    """A made-up version with a use case that can be read, and a baseline that it beat."""
    lineage = made_up_lineage()
    lead = Interval(name="auc", value=0.3, low=0.2, high=0.4)
    baselines = (Baseline(name="constant", value=0.5, difference=lead),)
    evaluation = lineage.evaluation.model_copy(update={"baselines": baselines})
    usecase = load_usecase("toy", project).model_dump_json(by_alias=True)
    lineage = lineage.model_copy(update={"evaluation": evaluation, "usecase": usecase})
    write_model(Store(str(project / "lake")), lineage, 0)
    return registry.register(lineage, made_up_balance(), {})


def test_decisions_of_the_gate_are_made_again_to_the_same_words(run: Run, registry: Registry, project: Path) -> None:
    version, case = registered(registry, project), load_usecase("toy", project)
    careful = case.model_copy(update={"gate": case.gate.model_copy(update={"approval": "manual"})})
    for asked in (careful, case):
        action, sentence = decide(asked, version.lineage.evaluation, None)
        why = asked_because(sentence, "a test")
        registry.decide(version.version, action, why, against=None, usecase=asked.model_dump_json(by_alias=True))
    registry.promote(register(registry, 3).version, who="ana")
    again = run("ledger", "toy", "--rerun", "--json")
    assert again.status == 0
    assert again.json["agree"]
    outcomes = [(one["action"], one["outcome"]) for one in again.json["entries"]]
    assert outcomes == [
        ("register", "no decision"),
        ("wait", "same"),
        ("promote", "same"),
        ("register", "no decision"),
        ("promote", "a person's"),
    ]
    (kept,) = (project / "lake" / "toy" / "decided").iterdir()
    kept.unlink()
    (waited,) = run("ledger", "toy", "2", "--rerun", "--json").json["entries"]
    assert (waited["outcome"], waited["agrees"]) == ("not re-runnable", True)
    assert f"{kept.name}, the use case as it was then, is missing" in waited["said"]


def test_a_decision_that_does_not_hold_is_status_1(run: Run, registry: Registry, project: Path) -> None:
    version = registered(registry, project)
    registry.decide(version.version, "promote", "Promoted: it is a good one.")
    said = run("ledger", "toy", "--rerun")
    assert said.status == 1
    assert "1 with something wrong" in said.out
    file = project / "lake" / version.model.prefix / "1.ubj"
    file.write_bytes(b"other trees")
    (project / "lake" / version.lineage.evaluation.key).write_text("{}")
    problems = run("ledger", "toy", "1", "--rerun", "--json").json["entries"][0]["problems"]
    assert len(problems) == 2
    assert "1.ubj was changed after it was written" in problems[0]
    assert problems[1].startswith("its stored evaluation is ")


def test_the_ledger_as_it_is(run: Run, registry: Registry) -> None:
    assert "is empty" in run("ledger", "toy").out
    version = register(registry).version
    entry = registry.promote(version, who="ana", why="a start")
    said = run("ledger", "toy", "--json").json["entries"]
    assert [(one["action"], one["holds"]) for one in said] == [("register", True), ("promote", True)]
    assert said[1]["parent"] == said[0]["sha256"]
    assert f"hash of files       {entry.hashes['files']}" in run("ledger", "toy", "2").out
    wrong = run("ledger", "toy", "9")
    assert wrong.status == 2
    assert "has no entry 9: it has 1 to 2" in wrong.err
