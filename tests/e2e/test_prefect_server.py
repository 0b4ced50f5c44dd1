"""A whole installation by one command: a real Prefect server, a real worker, everything read back over its API."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.toy import write_toy

pytestmark = pytest.mark.prefect

PATIENCE = 180.0
"""Seconds for what takes a moment: three times what Prefect lets a transaction wait for SQLite's lock."""
FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
STAGES = {
    "collect", "clean", "label", "validate", "split", "tune", "train", "evaluate", "prove", "register", "promote",
    "report",
}  # fmt: skip


@dataclass
class Installation:
    """`tidemill up` on a project of its own, and its API."""

    project: Path
    home: Path
    process: subprocess.Popen[str]
    said: dict[str, Any]
    environment: dict[str, str]
    api: httpx.Client

    def ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        """What the API answers, asked again as every Prefect client does while a busy server says 503 or nothing.

        Prefect on SQLite answers 503 when two transactions write at once, and at worst waits 60 s for the lock.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                answer = self.api.request(method, path, json=body)
            except httpx.TimeoutException as error:
                said = f"nothing within {self.api.timeout.read:.0f} s ({type(error).__name__})"
            else:
                if answer.status_code < 500:
                    return answer
                said = f"{answer.status_code}: {answer.text}"
            if time.monotonic() > deadline:
                pytest.fail(f"{method} {path} answered {said}")
            time.sleep(0.5)

    def get(self, path: str) -> Any:
        answer = self.ask("GET", path)
        answer.raise_for_status()
        return answer.json()

    def find(self, what: str, **body: object) -> list[Any]:
        answer = self.ask("POST", f"/{what}/filter", body)
        answer.raise_for_status()
        found = answer.json()
        assert isinstance(found, list)
        return found

    def deployment(self, name: str) -> Any:
        return self.get(f"/deployments/name/{name}")

    def run(self, name: str, **parameters: object) -> httpx.Response:
        """Ask for a run. The key keeps it one run, however often it is asked for."""
        body = {"parameters": parameters, "idempotency_key": str(uuid4())}
        return self.ask("POST", f"/deployments/{self.deployment(name)['id']}/create_flow_run", body)

    def start(self, name: str, **parameters: object) -> str:
        """Ask for a run that the server makes; gives its id."""
        answer = self.run(name, **parameters)
        assert answer.status_code in (200, 201), f"{answer.status_code}: {answer.text}"
        return str(answer.json()["id"])

    def finished(self, run: str, patience: float = 300.0) -> Any:
        return wait_for(lambda: self.state(run, FINAL), patience, f"run {run}")

    def state(self, run: str, types: set[str]) -> Any:
        there = self.get(f"/flow_runs/{run}")
        return there if there["state"]["type"] in types else None

    def tidemill(self, *words: str, timeout: float = 300.0) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tidemill", *words],
            cwd=self.project,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
        )


def wait_for(look: Callable[[], Any], patience: float, what: str) -> Any:
    """What ``look`` gives once it gives something. Fails after ``patience`` seconds."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.3)
    pytest.fail(f"waited {patience:.0f} s for {what}")


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def children_of(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    below: dict[int, list[int]] = {}
    for line in listed.splitlines():
        child, parent = map(int, line.split())
        below.setdefault(parent, []).append(child)
    found: list[int] = []
    waiting = [pid]
    while waiting:
        waiting += (new := below.get(waiting.pop(), []))
        found += new
    return found


def is_running(pid: int) -> bool:
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return done.stdout.strip()[:1] not in {"", "Z"}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("up")
    project, home = folder / "project", folder / "prefect"
    use_case = write_toy(project) / "usecase.yaml"
    use_case.write_text(use_case.read_text() + "schedule: {monitoring: 0 6 * * *}\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "TIDEMILL_"))}
    environment |= {"PREFECT_HOME": str(home), "OMP_NUM_THREADS": "1"}
    ports = ["--port", str(free_port()), "--prefect-port", str(free_port())]
    with (folder / "errors").open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "tidemill", "up", "--json", *ports],
            cwd=project,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    assert process.stdout is not None
    try:
        said = read_json(process.stdout)
        assert said, f"`tidemill up` did not start: {(folder / 'errors').read_text()}"
        with httpx.Client(base_url=said["api"], timeout=30) as api:
            yield Installation(project, home, process, said, environment, api)
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
        process.stdout.close()


def read_json(stream: Any) -> Any:
    """The one JSON object of a stream that stays open; None when it ends first."""
    text = ""
    for line in stream:
        text += line
        try:
            return json.loads(text)
        except ValueError:
            continue
    return None


def test_everything_answers_where_it_says(up: Installation) -> None:
    assert up.get("/health") is True
    assert httpx.get(f"{up.said['rest']}/health").status_code == 200
    assert "<html" in httpx.get(up.said["prefect"], follow_redirects=True).text.lower()
    settings = httpx.get(f"{up.said['prefect']}/ui-settings").json()
    assert settings["api_url"] == up.said["api"]
    assert up.said["use_cases"] == ["toy"]
    online = wait_for(lambda: up.find("work_pools/tidemill/workers"), PATIENCE, "a worker")
    assert [worker["status"] for worker in online] == ["ONLINE"]


def test_deployments_schedules_and_automations_are_there(up: Installation) -> None:
    for flow in ("collecting", "training", "scoring", "monitoring", "erasing", "retraining"):
        there = up.deployment(f"{flow}/toy")
        assert there["entrypoint"] == f"flows.{flow}.{flow}"
        assert there["work_pool_name"] == "tidemill"
        assert there["global_concurrency_limit"]["limit"] == 1
        assert there["parameters"] == {"use_case": "toy", "lake": str(up.project / "lake")}
        assert there["enforce_parameter_schema"]
    assert [one["schedule"]["cron"] for one in up.deployment("monitoring/toy")["schedules"]] == ["0 6 * * *"]
    names = {automation["name"] for automation in up.find("automations")}
    assert names == {"tidemill: runs without a heartbeat have crashed", "tidemill: retrain toy on an alarm"}


def test_a_schedule_makes_runs(up: Installation) -> None:
    identity = up.deployment("monitoring/toy")["id"]
    scheduled = {"deployments": {"id": {"any_": [identity]}}, "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}
    runs = wait_for(lambda: up.find("flow_runs", **scheduled), PATIENCE, "scheduled runs")
    starts = {datetime.fromisoformat(run["expected_start_time"]).astimezone(UTC).strftime("%H:%M") for run in runs}
    assert starts == {"06:00"}


def test_deploying_again_changes_nothing(up: Installation) -> None:
    before = registered(up)
    done = up.tidemill("deploy", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["api"] == up.said["api"], "another command on this machine uses the server that `up` runs"
    assert {one["change"] for one in said["deployments"]} == {"unchanged"}
    assert registered(up) == before


def registered(up: Installation) -> list[Any]:
    """What deploying writes, without what a worker's polling changes."""
    deployments = [
        up.deployment(f"{flow}/toy")
        for flow in ("collecting", "training", "scoring", "monitoring", "erasing", "retraining")
    ]
    automations = sorted(up.find("automations"), key=lambda automation: str(automation["name"]))
    return [{**there, "last_polled": None, "status": None} for there in [*deployments, *automations]]


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"budget": "many"}, "budget"),
        ({"until": "soon"}, "until"),
        ({"use_case": "other"}, "use_case"),
        ({"lake": 3}, "lake"),
        ({"buget": 60}, "buget"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(up: Installation, parameters: dict[str, object], field: str) -> None:
    answer = up.run("training/toy", **parameters)
    assert answer.status_code == 409
    assert f"'{field}'" in answer.json()["detail"]


def test_a_run_asked_for_over_the_api_ends_well_and_can_be_read_back(up: Installation) -> None:
    run = up.finished(up.start("training/toy", reason="a test asked over the API"))
    assert run["state"]["type"] == "COMPLETED", run["state"]["message"]
    assert run["name"].startswith("toy 2")
    assert set(run["tags"]) == {"tidemill", "toy"}
    mine = {"flow_runs": {"id": {"any_": [run["id"]]}}}

    def tasks() -> list[Any]:
        """The server records task runs and logs some seconds after they happen."""
        found = up.find("task_runs", **mine)
        return found if {task["state"]["type"] for task in found} == {"COMPLETED"} else []

    assert {task["name"] for task in wait_for(tasks, PATIENCE, "all tasks to be recorded")} == STAGES
    artifacts = {artifact["key"]: artifact for artifact in up.find("artifacts", **mine)}
    assert {"toy-training", "toy-metrics", "toy-report", "toy-tuning"} <= set(artifacts)
    assert artifacts["toy-training"]["type"] == "markdown"

    def trials() -> list[str]:
        lines = up.find("logs", logs={"flow_run_id": {"any_": [run["id"]]}})
        return [line["message"] for line in lines if line["message"].startswith("trial ")]

    assert len(wait_for(trials, PATIENCE, "what the domain says in the run's log")) == 3


def test_the_service_picks_a_new_champion_up(up: Installation) -> None:
    champion = json.loads(up.tidemill("models", "toy", "--json").stdout)["versions"][-1]["version"]
    assert up.tidemill("promote", "toy", champion).returncode == 0
    row = {"age": 60, "amount": 120.0, "visits": 3, "region": "north", "channel": "web", "member": True}
    row |= {"at": "2024-03-01T00:00:00", **{f"noise_{number}": 0.0 for number in range(4)}}

    def answer() -> Any:
        said = httpx.post(f"{up.said['rest']}/v1/models/toy/predict", json={"rows": [row]}, timeout=30)
        return said.json() if said.status_code == 200 else None

    said = wait_for(answer, PATIENCE, "an answer from the champion")
    assert said["model_version"] == champion


def test_an_alarm_starts_retraining(up: Installation) -> None:
    now = datetime.now(UTC).isoformat()
    event = {
        "occurred": now,
        "event": "tidemill.alarm",
        "resource": {
            "prefect.resource.id": "tidemill.usecase.toy",
            "prefect.resource.name": "toy",
            "tidemill.level": "page",
            "tidemill.kind": "drift",
        },
        "payload": {"level": "page", "what": 'drift of "age"', "until": "2024-02-15T00:00:00+00:00"},
        "id": "018f5f5e-0000-7000-8000-000000000001",
    }
    assert up.ask("POST", "/events", [event]).status_code == 204
    of_retraining = {"deployments": {"id": {"any_": [up.deployment("retraining/toy")["id"]]}}}
    run = wait_for(lambda: up.find("flow_runs", **of_retraining), PATIENCE, "a retraining")[0]
    assert run["parameters"]["until"] == "2024-02-15T00:00:00+00:00"
    assert run["parameters"]["reason"] == 'page alarm: drift of "age"'
    done = up.finished(run["id"])
    assert done["state"]["type"] == "COMPLETED", done["state"]["message"]


def test_an_alarm_below_the_use_cases_level_starts_nothing(up: Installation) -> None:
    of_retraining = {"deployments": {"id": {"any_": [up.deployment("retraining/toy")["id"]]}}}
    before = len(up.find("flow_runs", **of_retraining))
    event = {
        "occurred": datetime.now(UTC).isoformat(),
        "event": "tidemill.alarm",
        "resource": {
            "prefect.resource.id": "tidemill.usecase.toy",
            "tidemill.level": "warn",
            "tidemill.kind": "drift",
        },
        "payload": {"level": "warn", "what": "a column drifts", "until": None},
        "id": "018f5f5e-0000-7000-8000-000000000002",
    }
    assert up.ask("POST", "/events", [event]).status_code == 204
    time.sleep(5)
    assert len(up.find("flow_runs", **of_retraining)) == before


def test_a_version_waits_for_the_form_in_the_ui_which_wants_a_reason(up: Installation, asking: Asking) -> None:
    run, form = asking()
    described = up.get(
        f"/flow_runs/{form['id']}/input/{form['state']['state_details']['run_input_keyset']['description']}"
    )
    assert "become the champion?" in described
    assert "report.html" in described

    def resume(**given: str) -> Any:
        answer = up.ask("POST", f"/flow_runs/{form['id']}/resume", {"run_input": given})
        answer.raise_for_status()
        return answer.json()

    for wrong, field in (({"why": ""}, "why"), ({"why": "  "}, "why"), ({"decision": "maybe"}, "decision")):
        said = resume(**{"decision": "reject", "why": "too few rows", "who": "ayu", **wrong})
        assert said["status"] == "REJECT"
        assert f"'{field}'" in said["details"]["reason"]
    before = models(up)["champion"]
    assert resume(decision="reject", why="too few rows", who="ayu")["status"] == "ACCEPT"
    assert up.finished(run)["state"]["type"] == "COMPLETED"
    after = models(up)
    last = after["ledger"][-1]
    assert (last["action"], last["who"], last["why"], last["automatic"]) == ("reject", "ayu", "too few rows", False)
    assert after["champion"] == before
    report = up.project / "lake" / "toy" / "reports" / last["version"] / "report.html"
    assert "Rejected by ayu. Too few rows." in report.read_text()
    late = up.tidemill("approve", "toy", last["version"], "--why", "after all")
    assert late.returncode == 2
    assert "it was rejected by ayu" in late.stderr


Asking = Callable[[], tuple[str, Any]]


@pytest.fixture
def asking(up: Installation) -> Iterator[Asking]:
    """Trains another model that waits for a person; gives the training run's id and the run with the form."""
    path = up.project / "usecases" / "toy" / "usecase.yaml"
    plain = path.read_text()

    def ask() -> tuple[str, Any]:
        path.write_text(f"{plain}seed: 4\ngate: {{approval: manual, champion_margin: -1}}\n")
        run = up.start("training/toy")
        (form,) = wait_for(lambda: up.find("flow_runs", flows={"name": {"any_": ["approving"]}}), 240, "a form")
        return run, wait_for(lambda: up.state(form["id"], {"PAUSED"}), PATIENCE, "the form to be shown")

    yield ask
    path.write_text(plain)


def models(up: Installation) -> Any:
    return json.loads(up.tidemill("models", "toy", "--json").stdout)


def test_a_second_installation_says_that_the_port_is_taken(up: Installation) -> None:
    port = up.said["prefect"].rsplit(":", 1)[1]
    done = up.tidemill("up", "--prefect-port", port, "--port", str(free_port()))
    assert done.returncode == 2
    assert f"Port {port} of 127.0.0.1 can't be had for the Prefect server" in done.stderr
    assert "Traceback" not in done.stderr


def test_stopping_it_stops_all_and_settles_what_was_under_way(up: Installation) -> None:
    """The last test of the file: nothing runs after it."""
    use_case = up.project / "usecases" / "toy" / "usecase.yaml"
    use_case.write_text(use_case.read_text().replace("trials: 3", "trials: 100000"))
    run = up.start("training/toy", budget=600)
    wait_for(lambda: up.state(run, {"RUNNING"}), PATIENCE, "the run's start")
    children = children_of(up.process.pid)
    assert len(children) >= 4, "server, service, worker and the run"
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(PATIENCE) == 0
    assert [pid for pid in children if is_running(pid)] == []
    assert not (up.home / "tidemill-up.json").exists()
    with closing(sqlite3.connect(up.home / "prefect.db")) as database:
        states = database.execute("SELECT state_type, count(*) FROM flow_run GROUP BY 1").fetchall()
    assert "RUNNING" not in dict(states)
    assert dict(states)["CRASHED"] == 1
