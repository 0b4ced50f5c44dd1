"""A person erased from a lake that a real training filled: through the command line, the flow and the next training."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from tests.commands import Run, run
from tests.unit.erasing.lakes import cells, places
from tidemill.registry import ModelVersion, Registry
from tidemill.reviewing.answers import Answer, AnswerLog
from tidemill.scoring import load_model
from tidemill.store import Store

__all__ = ["run"]

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]

WHO = "guest-0042@shop.example"


@pytest.fixture
def store(project: Path) -> Store:
    """A lake with a trained champion, predictions and an answer; `visitor` names a person, `row` a visit.

    ``WHO`` made the visits 42, 43 and 44 (training rows) and 1000 (a gate row), and one that is quarantined.
    """
    from flows.scoring import scoring
    from flows.training import training

    folder = project / "usecases" / "toy"
    frame = pd.read_csv(folder / "data.csv", dtype=str, keep_default_na=False)
    frame["visitor"] = [f"visitor-{int(row) // 3:04d}@shop.example" for row in frame["row"]]
    frame.loc[frame["row"].isin(["42", "43", "44", "1000", "110"]), "visitor"] = WHO
    frame.to_csv(folder / "data.csv", index=False)
    run = training("toy", reason="a test asked")
    assert run.decision.promoted, run.decision.sentence
    few = frame[frame["row"].isin([str(row) for row in range(40, 50)])]
    few.drop_duplicates("row").drop(columns=["visitor", "bought"]).to_csv(project / "few.csv", index=False)
    scoring("toy", input=str(project / "few.csv"))
    lake = Store(str(project / "lake"))
    said = Answer(
        row=json.dumps(["43"]), named={"row": "43"}, action="answer", value="yes", old="no", who="ana",
        when=datetime(2024, 1, 1, tzinfo=UTC), version=run.version, why="suspect",
    )  # fmt: skip
    AnswerLog(lake, "toy").add(said)
    return lake


def test_a_person_is_erased_and_stays_so(project: Path, store: Store, run: Run) -> None:
    champion = Registry(store, "toy").champion()
    assert champion is not None
    before = places(store, WHO)
    assert before
    seen = run("erase", "toy", "--column", "visitor", "--id", WHO, "--dry-run", "--json")
    assert (seen.status, places(store, WHO)) == (0, before)
    done = run("erase", "toy", "--column", "visitor", "--id", WHO, "--why", "request 3", "--yes", "--json")
    assert done.status == 0, done.err
    said = done.json
    assert places(store, WHO) == set(), "an independent look through every object"
    assert said["proved"]
    assert said["proof"]["objects"] > 40
    assert said["retrain"] == [champion.version]
    (version,) = said["versions"]
    assert (version["champion"], version["train_rows"], version["gate_rows"]) == (True, 3, 1)
    rows = {(one["kind"]): one["rows"] for one in said["removed"]}
    assert (rows["collected"], rows["quarantine"], rows["train"], rows["gate"]) == (5, 1, 3, 1)
    assert rows["predictions"] == 3
    assert rows["label answers"] == 1
    predicted = [value for key, name, value in cells(store, "toy/predictions") if name == "row"]
    assert predicted == ["40", "41", "45", "46", "47", "48", "49"]
    _pages_say_so(store, run, champion.version)
    _everybody_else_is_answered(store, project)
    _training_does_not_bring_them_back(store)
    again = run("erase", "toy", "--column", "visitor", "--id", WHO, "--yes", "--json")
    assert (again.status, again.json["rows"], again.json["proved"]) == (0, 0, True)
    lifted = run("erase", "toy", "--column", "visitor", "--id", WHO, "--lift", "--json")
    assert lifted.json["lifted"] == 1
    _training_takes_them_again(champion)


def _pages_say_so(store: Store, run: Run, version: str) -> None:
    for name in ("report.html", "summary.html", "card.html", "card.md"):
        page = store.read_bytes(f"toy/reports/{version}/{name}").decode()
        assert "3 of the rows that it learnt from and 1 of those that it was judged on were erased" in page
    traced = run("lineage", "toy", version)
    assert "3 of the " in traced.out
    assert "rows of train were erased" in traced.out


def _everybody_else_is_answered(store: Store, project: Path) -> None:
    from flows.scoring import scoring

    few = pd.read_csv(project / "few.csv").assign(visitor=None)
    assert len(load_model(store, "toy").predict(few)) == 10, "the champion still loads"
    few["visitor"] = ["visitor-0001@shop.example"] * 9 + [WHO]
    few.to_csv(project / "named.csv", index=False)
    scored = scoring("toy", input=str(project / "named.csv"))
    assert (scored.rows, scored.erased) == (9, 1)
    assert places(store, WHO) == set()


def _training_does_not_bring_them_back(store: Store) -> None:
    from flows.training import training

    trained = training("toy", reason="a person was erased")
    assert not trained.reused["collect"]
    assert trained.balance.erased == 5
    assert trained.balance.collected == 1200
    assert places(store, WHO) == set()


def _training_takes_them_again(champion: ModelVersion) -> None:
    from flows.training import training

    trained = training("toy", reason="somebody came back")
    assert trained.balance == champion.balance
    assert trained.lineage.split == champion.lineage.split, "whole again, under the same names"
    assert trained.version == champion.version


def test_it_asks_before_it_erases_and_says_what_is_wrong(project: Path, run: Run) -> None:
    said = run("erase", "toy", "--id", "17")
    assert said.status == 2
    assert "say --yes, or look first with --dry-run" in said.err
    assert run("erase", "toy", "--yes").status == 2
    assert "did you mean `toy`" in run("erase", "tey", "--id", "17", "--yes").err
    ids = project / "ids.txt"
    ids.write_text("\n\n")
    assert "has no ids" in run("erase", "toy", "--ids", str(ids), "--yes").err
    assert not (project / "lake" / "toy").exists()


def test_prefect_does_not_keep_whom(project: Path, run: Run) -> None:
    ids = project / "ids.txt"
    ids.write_text("row-000041\n000042\n")
    done = run("erase", "toy", "--ids", str(ids), "--yes", "--json")
    assert done.status == 0, done.err
    assert done.json["removed"] == []
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.sorting import FlowRunSort

    with get_client(sync_client=True) as client:
        (flow_run,) = client.read_flow_runs(sort=FlowRunSort.START_TIME_DESC, limit=1)
    assert flow_run.parameters["use_case"] == "toy"
    assert "000041" not in str(flow_run.parameters)
