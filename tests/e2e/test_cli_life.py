"""The command line as a shell sees it: real processes, a real Prefect server, one model's life on disk."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from tests.e2e.shop import later_rows, write_shop

pytestmark = pytest.mark.prefect

STAGES = {
    "collect", "clean", "label", "validate", "split", "tune", "train", "evaluate", "prove", "register", "promote",
    "report",
}  # fmt: skip


@pytest.fixture(scope="module")
def prefect_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prefect server of its own, for the commands of this module."""
    from deployments.embedded import EmbeddedServer

    server = EmbeddedServer.start(tmp_path_factory.mktemp("prefect"))
    try:
        server.wait()
        yield server.address
    finally:
        server.stop()


def _heed_ctrl_c() -> None:
    """Tests that a script runs in the background are born deaf to SIGINT, and their children with them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass(frozen=True)
class Shell:
    project: Path
    environment: dict[str, str]

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "tidemill", *words],
            cwd=self.project, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=_heed_ctrl_c,
        )  # fmt: skip

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        child = self.start(*words)
        out, err = child.communicate(timeout=300)
        assert "Traceback" not in err, err
        return subprocess.CompletedProcess(words, child.returncode, out, err)

    def json(self, *words: str, status: int = 0) -> Any:
        done = self(*words, "--json")
        assert done.returncode == status, done.stderr
        return json.loads(done.stdout)


Make = Callable[..., Shell]


@pytest.fixture(scope="module")
def make_shell(tmp_path_factory: pytest.TempPathFactory, prefect_api: str) -> Make:
    def make(**settings: str) -> Shell:
        project = tmp_path_factory.mktemp("project")
        write_shop(project, **settings)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("TIDEMILL_", "PREFECT_"))}
        return Shell(project, {**kept, "PREFECT_API_URL": prefect_api, "OMP_NUM_THREADS": "1"})

    return make


@pytest.fixture(scope="module")
def shell(make_shell: Make) -> Shell:
    return make_shell()


@pytest.fixture(scope="module")
def trained(shell: Shell) -> dict[str, Any]:
    """The first run, of which the other tests see what it left."""
    said: dict[str, Any] = shell.json("train", "shop")
    return said


def test_training_promotes_and_accounts_for_everything(shell: Shell, trained: dict[str, Any]) -> None:
    assert trained["promoted"] is True, trained["decision"]
    assert set(trained["seconds"]) == STAGES | {"total"}
    rows = trained["rows"]
    assert rows["collected"] == 4300 == rows["deduplicated"] + rows["quarantined"] + rows["waiting"] + rows["used"]
    assert set(trained["baselines"]) == {"constant", "logistic regression", "XGBoost defaults"}
    assert trained["metric"]["low"] <= trained["metric"]["value"] <= trained["metric"]["high"]
    assert Path(trained["report"]).is_file()
    assert shell("report", "shop").stdout == f"{trained['report']}\n"
    assert shell.json("models", "shop")["champion"] == trained["version"]


def test_a_second_run_finds_everything_done(shell: Shell, trained: dict[str, Any]) -> None:
    done = shell("train", "shop")
    assert done.returncode == 0
    assert trained["version"] in done.stdout
    assert "nothing changed" in done.stdout
    assert done.stderr.count("nothing changed, reused") == len(STAGES)


def test_batch_scoring_and_monitoring(shell: Shell, trained: dict[str, Any]) -> None:
    later_rows(500).to_csv(shell.project / "new.csv", index=False)
    said = shell.json("predict", "shop", "--input", "new.csv", "--output", "out.parquet")
    assert (said["rows"], said["version"]) == (500, trained["version"])
    output = pd.read_parquet(shell.project / "out.parquet")
    assert list(output.columns) == ["row", "prediction", "probability_no", "probability_yes", "model_version"]
    assert output["row"].tolist() == later_rows(500)["row"].tolist()
    watched = shell.json("monitor", "shop", "--input", "new.csv")
    assert set(watched) == {"window", "rows", "alarms", "quality", "report"}
    assert set(watched["window"]) == {"since", "until"}
    assert set(watched["quality"]) == {"estimated", "measured"}
    assert watched["rows"] == 500
    for alarm in watched["alarms"]:
        assert set(alarm) == {"level", "what", "columns", "since", "advice"}
    assert Path(watched["report"]).is_file()


def test_the_service_answers_and_stops_well(shell: Shell, trained: dict[str, Any]) -> None:
    child = shell.start("serve", "shop", "--port", "0", "--json")
    try:
        assert child.stdout is not None
        said = "".join(iter(child.stdout.readline, "}\n")) + "}"
        row = json.loads(later_rows(1).to_json(orient="records", date_format="iso"))[0]
        with httpx.Client(base_url=json.loads(said)["address"], timeout=30) as client:
            assert client.get("/ready").status_code == 200
            answer = client.post("/v1/models/shop/predict", json={"rows": [row]})
            assert answer.json()["model_version"] == trained["version"], answer.text
            times = [
                client.post("/v1/models/shop/predict", json={"rows": [row]}).elapsed.total_seconds() for _ in range(60)
            ]
            assert min(times[30:]) < 0.03, "answers wait for the client's delayed acknowledgements"
    finally:
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=30)
    assert child.returncode == 0


def test_ctrl_c_says_that_the_work_is_kept_and_it_is(make_shell: Make) -> None:
    shell = make_shell()
    yaml = shell.project / "usecases" / "shop" / "usecase.yaml"
    yaml.write_text(yaml.read_text().replace("trials: 5", "trials: 60"))
    child = shell.start("train", "shop", "--json")
    assert child.stderr is not None
    said = ""
    for line in child.stderr:
        said += line
        if "trial 0" in line:
            break
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 130, said + err
    assert "What was finished is kept" in err
    assert "Traceback" not in err
    assert json.loads(out)["error"]["status"] == 130
    kept = [file.relative_to(shell.project / "lake") for file in (shell.project / "lake" / "shop").rglob("*.json")]
    assert any("trials" in file.parts for file in kept), kept
    assert {"collect", "clean", "label", "validate", "split"} <= {
        file.parts[2] for file in kept if "stages" in file.parts
    }
