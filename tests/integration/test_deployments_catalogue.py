"""What gets registered: made from the use cases and from the flows' own parameters."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from deployments.automations import dead_runs, retrain_on_alarm
from deployments.catalogue import FLOWS, WORK_POOL, Plan, plan
from deployments.settings import server_settings, worker_settings
from tidemill.errors import UserError

DEPLOYMENTS = Path(__file__).resolve().parents[2] / "deployments"


def say(project: Path, text: str) -> None:
    """Append to the toy's use case."""
    path = project / "usecases" / "toy" / "usecase.yaml"
    path.write_text(path.read_text() + text)


def planned(project: Path, flow: str) -> Plan:
    return next(one for one in plan(project=project) if one.flow == flow)


def test_every_use_case_gets_its_five_deployments(project: Path) -> None:
    plans = plan()
    assert [one.name for one in plans] == [f"{flow}/toy" for flow in FLOWS]
    for one in plans:
        module, _, name = one.entrypoint.rpartition(".")
        assert getattr(importlib.import_module(module), name).name == one.flow
        assert one.parameters == {"use_case": "toy", "lake": str(project / "lake")}
        assert one.environment["TIDEMILL_PROJECT"] == str(project)
        assert one.schedule is None
        assert one.tags == ("tidemill", "toy")


def test_a_lake_is_recorded_as_it_will_be_found(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert plan(lake="s3://bucket/prefix")[0].parameters["lake"] == "s3://bucket/prefix"
    monkeypatch.setenv("TIDEMILL_LAKE", "elsewhere")
    assert plan()[0].parameters["lake"] == str(project / "elsewhere")


def test_schedules_and_alarms_come_from_the_use_case(project: Path) -> None:
    say(project, "schedule: {training: 0 3 1 * *, monitoring: 0 6 * * *}\nretrain: {on: warn}\n")
    assert planned(project, "training").schedule == "0 3 1 * *"
    assert planned(project, "monitoring").schedule == "0 6 * * *"
    assert planned(project, "scoring").schedule is None
    assert planned(project, "retraining").alarms == ("warn", "page")


def test_a_version_is_a_digest_of_what_is_said(project: Path) -> None:
    before = {one.name: one.version for one in plan()}
    assert {one.name: one.version for one in plan()} == before
    say(project, "schedule: {training: 0 3 1 * *}\n")
    changed = {one.name for one in plan() if one.version != before[one.name]}
    assert changed == {"training/toy"}


def test_a_bad_schedule_is_named(project: Path) -> None:
    say(project, "schedule: {training: 61 3 1 * *}\n")
    with pytest.raises(UserError, match=r"usecase\.yaml.*schedule\.training"):
        plan()


def test_an_unknown_use_case_is_named(project: Path) -> None:
    with pytest.raises(UserError, match="tooy"):
        plan(["tooy"])


def test_an_empty_project_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="tidemill init"):
        plan(project=tmp_path)


class TestParameters:
    """What the API checks parameters against."""

    @pytest.fixture
    def schema(self, project: Path) -> dict[str, Any]:
        return planned(project, "training").parameter_schema

    @pytest.mark.parametrize(
        "good",
        [
            {"use_case": "toy"},
            {"use_case": "toy", "budget": 5, "until": None, "reason": "why not"},
            {"use_case": "toy", "until": "2024-02-20"},
            {"use_case": "toy", "until": "2024-02-20T10:00:00.000Z"},
            {"use_case": "toy", "until": "2024-02-20 10:00+01:00"},
        ],
    )
    def test_good_ones_pass(self, schema: dict[str, Any], good: dict[str, Any]) -> None:
        jsonschema.validate(good, schema)

    @pytest.mark.parametrize(
        "bad",
        [
            {"use_case": "other"},
            {"use_case": "toy", "budget": "many"},
            {"use_case": "toy", "until": "soon"},
            {"use_case": "toy", "lake": 3},
            {"use_case": "toy", "buget": 3},
        ],
    )
    def test_bad_ones_do_not(self, schema: dict[str, Any], bad: dict[str, Any]) -> None:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(bad, schema)

    def test_every_parameter_of_every_flow_is_described(self, project: Path) -> None:
        for one in plan():
            for name, said in one.parameter_schema["properties"].items():
                assert said.get("description"), f"{one.flow}: {name}"


def test_an_alarm_hands_on_when_and_why(project: Path) -> None:
    from uuid import uuid4

    deployment = uuid4()
    automation = retrain_on_alarm(planned(project, "retraining"), deployment)
    said = automation.model_dump(mode="json")
    assert said["trigger"]["match"] == {
        "prefect.resource.id": "tidemill.usecase.toy",
        "tidemill.level": ["page"],
        "tidemill.kind": ["drift", "prediction", "quality", "calibration"],
    }
    assert said["owner_resource"] == f"prefect.deployment.{deployment}"
    assert set(said["actions"][0]["parameters"]) == {"until", "reason"}


def test_silence_is_measured_in_heartbeats() -> None:
    trigger = dead_runs().model_dump(mode="json")["trigger"]
    assert trigger["within"] == 4 * int(worker_settings()["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"])


class TestFiles:
    """The files for other ways to deploy say what the catalogue says."""

    def test_prefects_own_file_names_the_same_deployments(self) -> None:
        said = yaml.safe_load((DEPLOYMENTS / "prefect.yaml").read_text())["deployments"]
        meant = plan(["flights"], project=DEPLOYMENTS.parent)
        for there, wanted in zip(said, meant, strict=True):
            assert there["name"] == wanted.use_case
            assert there["entrypoint"] == wanted.entrypoint
            assert there["work_pool"]["name"] == WORK_POOL
            assert there["tags"] == list(wanted.tags)
            assert there["concurrency_limit"] == wanted.concurrency_limit
            assert [one["cron"] for one in there.get("schedules", [])] == [wanted.schedule] * (
                wanted.schedule is not None
            )
        from uuid import uuid4

        mine = retrain_on_alarm(meant[-1], uuid4()).model_dump(mode="json")
        trigger = said[-1]["triggers"][0]
        assert set(trigger["expect"]) == set(mine["trigger"]["expect"])
        assert trigger["parameters"]["until"] == mine["actions"][0]["parameters"]["until"]
        assert trigger["parameters"]["reason"] == mine["actions"][0]["parameters"]["reason"]["template"]

    def test_the_compose_file_hangs_together(self) -> None:
        said = yaml.safe_load((DEPLOYMENTS / "compose.yaml").read_text())
        services = said["services"]
        assert set(services) == {"database", "server", "deploy", "worker", "rest"}
        for name, service in services.items():
            assert set(service.get("depends_on", {})) <= set(services), name
            if "env_file" in service:
                assert (DEPLOYMENTS / service["env_file"]).is_file()
            for volume in service.get("volumes", []):
                source = volume.split(":")[0]
                assert source in said["volumes"] or source.startswith("${"), f"{name}: {volume}"
        build = services["worker"]["build"]
        assert (DEPLOYMENTS / build["context"] / build["dockerfile"]).is_file()
        assert services["worker"]["command"][services["worker"]["command"].index("--pool") + 1] == WORK_POOL

    def test_the_settings_files_are_plain_enough_for_compose_and_the_shell(self) -> None:
        for settings in (server_settings(), worker_settings()):
            for name, value in settings.items():
                assert name.replace("_", "").isalnum()
                assert value == value.strip()
                assert not set(value) & set("'\"$ #")
