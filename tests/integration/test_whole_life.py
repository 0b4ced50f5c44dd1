"""After training: scoring, watching, retraining and rolling back, through the flows, on every kind of lake."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

import tidemill
from tests.servers import S3Server
from tests.toy import toy_rows
from tidemill.registry import Registry
from tidemill.results import TrainingRun
from tidemill.retraining import Retrainings
from tidemill.store import Store

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]


def add_rows(project: Path, *, shift: float = 0.0) -> Path:
    """Ten more days of visits, after the gate's window; ``shift`` moves the ages."""
    rows = toy_rows(240, seed=5, start="2024-02-20", first=5000)
    rows["age"] = (rows["age"] + shift).clip(18, 119).astype(int)
    path = project / "usecases" / "toy" / "more.csv"
    rows.to_csv(path, index=False)
    return path


def test_the_whole_life_on_s3_as_on_disk(project: Path, s3: S3Server) -> None:
    from flows.monitoring import monitoring
    from flows.scoring import scoring
    from flows.training import training

    lake = s3.lake()
    trained = training("toy", lake=lake)
    again = training("toy", lake=lake)
    assert all(again.reused.values()), again.reused
    rows = add_rows(project)
    output = f"{lake}/answers.parquet"
    scored = scoring("toy", input=str(rows), output=output, lake=lake)
    assert scored.rows == 240
    seen = monitoring("toy", input=str(rows), lake=lake)
    assert seen.rows == 240
    store = Store(lake)
    assert b"<html" in store.read_bytes(seen.report)[:500]
    with store.open("answers.parquet") as file:
        answers = pd.read_parquet(file)
    assert list(answers["row"]) == list(pd.read_csv(rows)["row"])
    assert set(answers["model_version"]) == {trained.version}
    python = tidemill.load("toy", lake=lake).predict(pd.read_csv(rows))
    pd.testing.assert_series_equal(answers["probability_yes"], python["probability_yes"], check_exact=True)


def test_drift_raises_alarms_and_is_told_once(project: Path, trained: TrainingRun) -> None:
    from flows.monitoring import monitoring

    calm = monitoring("toy", input=str(add_rows(project)))
    assert not [alarm for alarm in calm.alarms if alarm.level == "page"], calm.alarms
    moved = monitoring("toy", input=str(add_rows(project, shift=45)))
    assert [alarm for alarm in moved.alarms if "age" in alarm.columns], moved.alarms
    again = monitoring("toy", input=str(project / "usecases" / "toy" / "more.csv"))
    assert again == moved


def test_retraining_moves_the_gate_and_keeps_the_cooldown(project: Path, trained: TrainingRun) -> None:
    from flows.retraining import retraining

    first = trained
    path = add_rows(project)
    data = path.with_name("data.csv")
    merged = pd.concat([pd.read_csv(data, dtype=str), pd.read_csv(path, dtype=str)])
    merged.to_csv(data, index=False)
    until = datetime(2024, 3, 1, tzinfo=UTC)
    run = retraining("toy", until=until, reason="a test's alarm")
    assert run is not None
    split = run.lineage.split
    assert split.end == until
    assert split.boundary is not None
    assert first.lineage.split.boundary is not None
    assert split.boundary > first.lineage.split.boundary
    store = Store(str(project / "lake"))
    assert Retrainings(store, "toy").last() is not None
    assert retraining("toy", until=until, reason="another alarm") is None


def test_rollback_goes_back_and_a_damaged_champion_never_answers(project: Path, trained: TrainingRun) -> None:
    from flows.monitoring import monitoring
    from flows.scoring import scoring
    from flows.training import training

    first = trained
    usecase = project / "usecases" / "toy" / "usecase.yaml"
    usecase.write_text(usecase.read_text().replace("trials: 3", "trials: 5") + "seed: 11\n")
    second = training("toy")
    registry = Registry(Store(str(project / "lake")), "toy")
    registry.promote(second.version, who="a test", why="to have something to go back from")
    assert registry.champion() is not None
    registry.rollback(who="a test", why="it was a test")
    champion = registry.champion()
    assert champion is not None
    assert champion.version == first.version
    assert [entry.action for entry in registry.ledger()][-2:] == ["promote", "rollback"]

    registry.promote(second.version, who="a test", why="once more")
    model = project / "lake" / second.lineage.model.prefix
    file = min(model.glob("*.ubj"))
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    scored = scoring("toy", input=str(add_rows(project)))
    assert scored.version == first.version
    assert f"the champion {second.version} is damaged" in scored.warnings[0]
    watched = monitoring("toy", input=str(add_rows(project)))
    (alarm,) = [alarm for alarm in watched.alarms if alarm.kind == "damaged"]
    assert (alarm.level, watched.version, watched.passed) == ("page", first.version, False)
    assert registry.rollback().champion == first.version
