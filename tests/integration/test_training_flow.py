"""The training flow as its users see it: real Prefect, real files, the whole way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from tidemill.errors import GateError, UserError
from tidemill.learning.description import Label
from tidemill.learning.rows import Row, RowPredictor
from tidemill.registry import Registry
from tidemill.results import TrainingRun
from tidemill.reviewing.answers import Answer, AnswerLog
from tidemill.store import Store

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]

STAGES = {
    "collect", "clean", "label", "validate", "split", "tune", "train", "evaluate", "prove", "register", "promote",
    "report",
}  # fmt: skip


def train(**parameters: object) -> TrainingRun:
    from flows.training import training

    run = training("toy", **parameters)  # type: ignore[arg-type]
    assert isinstance(run, TrainingRun)
    return run


def lake_of(project: Path) -> Store:
    return Store(str(project / "lake"))


def test_it_promotes_a_version_and_accounts_for_every_row(project: Path, trained: TrainingRun) -> None:
    run = trained
    assert run.decision.promoted, run.decision.sentence
    assert set(run.reused) == STAGES
    assert not run.reused["collect"]
    assert not run.reused["tune"]
    balance = run.balance
    assert balance.collected == len(pd.read_csv(project / "usecases" / "toy" / "data.csv", dtype=str))
    assert balance.deduplicated > 0
    assert balance.quarantined > 0
    store = lake_of(project)
    champion = Registry(store, "toy").champion()
    assert champion is not None
    assert champion.version == run.version
    assert b"<html" in store.read_bytes(run.report.html)[:500]


def test_a_second_run_does_no_work_twice_and_writes_nothing_to_the_ledger(project: Path, trained: TrainingRun) -> None:
    first = trained
    store = lake_of(project)
    before = {key: store.read_bytes(key) for key in store.list("toy")}
    second = train()
    assert all(second.reused.values()), second.reused
    assert second.version == first.version
    assert second.decision.promoted
    assert {key: store.read_bytes(key) for key in store.list("toy")} == before


def test_changed_settings_reuse_what_they_do_not_touch(project: Path, trained: TrainingRun) -> None:
    path = project / "usecases" / "toy" / "usecase.yaml"
    path.write_text(path.read_text().replace("trials: 3", "trials: 4"))
    run = train()
    assert run.reused["collect"]
    assert run.reused["split"]
    assert not run.reused["tune"]


def test_a_critical_expectation_stops_before_training(project: Path) -> None:
    (project / "expectations").mkdir(exist_ok=True)
    (project / "expectations" / "toy.yaml").write_text(
        "expectations:\n"
        "  - type: expect_table_row_count_to_be_between\n"
        "    kwargs: {min_value: 1000000}\n"
        "    severity: critical\n"
    )
    with pytest.raises(GateError, match="refused before training"):
        train()
    store = lake_of(project)
    assert Registry(store, "toy").champion() is None
    assert store.list("toy/studies") == []


def test_a_model_that_the_service_answers_otherwise_is_refused_and_the_champion_stays(
    project: Path, trained: TrainingRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = trained
    proof = first.lineage.proof
    assert proof is not None
    assert proof.passed
    path = project / "usecases" / "toy" / "usecase.yaml"
    path.write_text(path.read_text() + "seed: 3\n")
    honest = RowPredictor.predict

    def damaged(self: RowPredictor, rows: Sequence[Row]) -> list[dict[str, Label | float | None]]:
        return [{**one, "probability_yes": 0.5, "probability_no": 0.5} for one in honest(self, rows)]

    with monkeypatch.context() as service:
        service.setattr(RowPredictor, "predict", damaged)
        run = train()
    registry = Registry(lake_of(project), "toy")
    champion = registry.champion()
    assert champion is not None
    assert champion.version == first.version
    assert run.decision.action == "refuse"
    assert "the REST service answers" in run.decision.sentence
    assert "1e-06 is allowed" in run.decision.sentence
    refused = registry.version(run.version)
    assert refused.lineage.proof is not None
    assert not refused.lineage.proof.passed
    assert [entry.action for entry in registry.ledger()][-2:] == ["register", "refuse"]


def test_bad_input_leaves_the_champion_as_it_was(project: Path, trained: TrainingRun) -> None:
    first = trained
    data = project / "usecases" / "toy" / "data.csv"
    data.write_text(data.read_text().splitlines()[0] + "\n")
    with pytest.raises(UserError):
        train()
    champion = Registry(lake_of(project), "toy").champion()
    assert champion is not None
    assert champion.version == first.version


def test_a_killed_run_goes_on_where_it_was(project: Path) -> None:
    path = project / "usecases" / "toy" / "usecase.yaml"
    path.write_text(path.read_text().replace("trials: 3", "trials: 15"))
    code = "from deployments import engine; engine.prepare(); from flows.training import training; training('toy')"
    child = subprocess.Popen([sys.executable, "-c", code], env=_child_environment(project), cwd=project)
    store = lake_of(project)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and child.poll() is None:
        if sum(_is_trial(key) for key in store.list("toy/studies")) >= 3:
            break
        time.sleep(0.05)
    child.send_signal(signal.SIGKILL)
    child.wait()
    finished = {key: store.read_bytes(key) for key in store.list("toy/studies") if _is_trial(key)}
    assert 3 <= len(finished) < 15, "the child was not killed while it tuned"
    run = train()
    assert run.reused["collect"]
    assert run.reused["split"]
    assert run.lineage.study.trials == 15
    assert {key: store.read_bytes(key) for key in finished} == finished


def _is_trial(key: str) -> bool:
    return "/trials/" in key and key.endswith(".json")


def _child_environment(project: Path) -> dict[str, str]:
    from prefect.settings import PREFECT_API_URL

    address = PREFECT_API_URL.value()
    assert address
    return os.environ | {"PREFECT_API_URL": address, "TIDEMILL_PROJECT": str(project)}


def test_tasks_and_artifacts_can_be_read_back_from_prefect(trained: TrainingRun) -> None:
    assert trained.decision.promoted
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey, FlowFilter, FlowFilterName
    from prefect.client.schemas.sorting import FlowRunSort

    with get_client(sync_client=True) as client:
        flow_run = client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=["training"])), sort=FlowRunSort.START_TIME_DESC, limit=1
        )[0]
        assert flow_run.name.startswith("toy 2")
        keys = ["toy-training", "toy-metrics", "toy-report", "toy-tuning"]
        artifacts = client.read_artifacts(artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=keys)))
    assert {artifact.key for artifact in artifacts} == set(keys)


def test_what_people_answered_is_the_label_of_the_next_training_and_a_rerun_does_nothing(
    project: Path, trained: TrainingRun
) -> None:
    first = trained
    store = lake_of(project)
    rows = first.lineage.labelled.snapshot.read(store)
    said = {
        '["100"]': "yes",
        f'["{rows["row"].iloc[0]}"]': ("yes", "no")[int(rows["bought"].iloc[0])],
        '["7777777"]': "no",
    }
    log = AnswerLog(store, "toy")
    for row, value in said.items():
        log.add(
            Answer(
                row=row, named={}, action="answer", value=value, old=None, who="ayu", when=datetime.now(UTC),
                version=first.version, why="suspect",
            )
        )  # fmt: skip
    second = train()
    assert second.reused["clean"]
    assert not second.reused["label"]
    assert second.version != first.version
    labelled = second.lineage.labelled
    assert labelled.corrected == 2
    assert labelled.snapshot.rows == first.lineage.labelled.snapshot.rows + 1
    assert "2 rows have the label that a person gave them" in store.read_bytes(second.report.html).decode()
    log.undo(next(reversed(log.known())), "ayu")
    third = train()
    assert not third.reused["label"]
    assert third.lineage.labelled == labelled
    assert third.reused["split"]
    assert all(train().reused.values())
