"""What scripts rely on: statuses, one JSON object on standard output, and nothing else there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.champions import House
from tests.commands import Run
from tests.lineage import made_up_balance, made_up_lineage
from tidemill.collecting import collect
from tidemill.errors import GateError, TidemillError, TransientError, UserError
from tidemill.progress import Note, StageFinished, StageStarted, TrialFinished, emit
from tidemill.results import Baseline, Collected, Decision, Interval, Report, TrainingRun
from tidemill.scoring import Scored, score
from tidemill.store import Store
from tidemill.usecase import load_usecase

Flows = dict[str, Any]
COMMANDS = (
    "init", "collect", "train", "label", "predict", "monitor", "serve", "models", "report", "quarantine", "promote", "approve", "reject",
    "rollback",
    "erase", "deploy", "up",
)  # fmt: skip


def training_run(action: str = "promote") -> TrainingRun:
    lineage = made_up_lineage()
    evaluation = lineage.evaluation.model_copy(
        update={
            "baselines": (
                Baseline(name="constant", value=0.5, difference=Interval(name="auc", value=0.3, low=0.2, high=0.4)),
            )
        }
    )
    return TrainingRun(
        use_case="toy",
        version="20261123-abcdefgh",
        decision=Decision.model_validate(
            {
                "version": "20261123-abcdefgh",
                "promoted": action == "promote",
                "action": action,
                "sentence": "It is better than every baseline.",
                "entry": "00000002",
            }
        ),
        report=Report(version="20261123-abcdefgh", html="toy/reports/x/report.html", card="toy/reports/x/card.md"),
        lineage=lineage.model_copy(update={"evaluation": evaluation}),
        balance=made_up_balance(),
        excluded={"row": "it names a row"},
        seconds={"collect": 1.25, "tune": 60.5},
        reused={"collect": True, "tune": False},
    )


def test_collect_gives_what_the_contract_says(run: Run, flows: Flows, project: Path) -> None:
    def collecting(use_case: str, lake: str, **limits: Any) -> Collected:
        return collect(Store(lake), load_usecase(use_case), **limits)

    flows["collecting"] = collecting
    said = run("collect", "toy", "--since", "2024-01-11", "--json")
    assert said.status == 0
    assert set(said.json) == {"use_case", "rows", "snapshot", "refused", "sources", "since", "until"}
    assert said.json["since"] == "2024-01-11T00:00:00Z"
    (source,) = said.json["sources"]
    assert {"name", "url", "files", "rows", "unmatched", "too_old", "notes"} <= set(source)
    words = run("collect", "toy")
    assert "rows    1,200" in words.out
    assert "visits  1,200 rows of data.csv" in words.out
    assert said.json["rows"] < 1200


def test_train_gives_what_the_contract_says(run: Run, flows: Flows, project: Path) -> None:
    given: dict[str, Any] = {}

    def training(**parameters: Any) -> TrainingRun:
        given.update(parameters)
        return training_run()

    flows["training"] = training
    said = run("train", "toy", "--budget", "12", "--until", "2024-03-01", "--as-of", "2024-04-01", "--json")
    assert said.status == 0
    assert set(said.json) == {
        "use_case", "version", "promoted", "decision", "metric", "baselines", "rows", "excluded", "report", "seconds",
        "task",
    }  # fmt: skip
    assert said.json["use_case"] == "toy"
    assert said.json["promoted"] is True
    assert set(said.json["metric"]) == {"name", "value", "low", "high"}
    assert said.json["baselines"] == {"constant": 0.5}
    assert set(said.json["rows"]) == {"collected", "deduplicated", "quarantined", "erased", "waiting", "used"}
    assert said.json["report"] == str(project / "lake" / "toy/reports/x/report.html")
    assert set(said.json["seconds"]) == {"collect", "tune", "total"}
    assert given["use_case"] == "toy"
    assert given["budget"] == 12.0
    assert given["until"] == datetime(2024, 3, 1, tzinfo=UTC)
    assert given["as_of"] == datetime(2024, 4, 1, tzinfo=UTC)
    assert given["lake"] == str(project / "lake")


@pytest.mark.parametrize(("action", "status"), [("promote", 0), ("wait", 0), ("refuse", 3)])
def test_a_model_that_the_gate_refuses_is_status_3_and_still_the_whole_answer(
    run: Run, flows: Flows, project: Path, action: str, status: int
) -> None:
    flows["training"] = lambda **_: training_run(action)
    said = run("train", "toy", "--json")
    assert said.status == status
    assert said.json["promoted"] is (action == "promote")
    words = run("train", "toy")
    assert words.status == status
    assert "It is better than every baseline." in words.out
    assert "constant 0.5000" in words.out


@pytest.mark.parametrize(
    ("error", "status", "start"),
    [
        (UserError("data.csv has no column `x`: add it"), 2, "Error: data.csv has no column `x`: add it"),
        (GateError("The data was refused."), 3, "Refused: The data was refused."),
        (TransientError("the bucket does not answer."), 1, "Failed: the bucket does not answer. What was finished is"),
        (TransientError("answered 503 of 6 tries"), 1, "Failed: answered 503 of 6 tries. What was finished is"),
        (TidemillError("it broke"), 1, "Failed: it broke"),
        (KeyboardInterrupt(), 130, "Stopped. What was finished is kept"),
    ],
)
def test_each_kind_of_error_has_its_status_and_one_message(
    run: Run, flows: Flows, project: Path, error: BaseException, status: int, start: str
) -> None:
    def training(**_: Any) -> TrainingRun:
        raise error

    flows["training"] = training
    said = run("train", "toy")
    assert said.status == status
    assert said.out == ""
    assert said.err.lstrip().startswith(start)
    assert "Traceback" not in said.err
    as_json = run("train", "toy", "--json")
    assert as_json.status == status
    assert as_json.json["error"]["status"] == status
    assert as_json.json["error"]["message"]


def test_what_nobody_foresaw_is_one_line_and_a_log(run: Run, flows: Flows, project: Path, tmp_path: Path) -> None:
    def training(**_: Any) -> TrainingRun:
        raise ZeroDivisionError("a secret\nsecond line")

    flows["training"] = training
    said = run("train", "toy")
    assert said.status == 1
    assert said.err.count("\n") == 1
    (log,) = (tmp_path / "state" / "tidemill").iterdir()
    assert str(log) in said.err
    assert "ZeroDivisionError" in log.read_text()
    assert "Traceback" in run("train", "toy", "--verbose").err


def test_whatever_is_printed_meanwhile_stays_away_from_standard_output(run: Run, flows: Flows, project: Path) -> None:
    def training(**_: Any) -> TrainingRun:
        print("from Python")
        os.write(1, b"from a library\n")
        subprocess.run([sys.executable, "-c", "print('from a child')"], check=True)
        warnings.warn("noise", stacklevel=1)
        return training_run()

    flows["training"] = training
    said = run("train", "toy", "--json")
    assert said.json["version"] == "20261123-abcdefgh"
    for words in ("from Python", "from a library", "from a child"):
        assert words in said.err
    assert "noise" not in said.err


def test_progress_is_plain_lines_where_nobody_watches(run: Run, flows: Flows, project: Path) -> None:
    def training(**_: Any) -> TrainingRun:
        emit(StageStarted("collect"))
        emit(StageFinished("collect", 1.0, False, "12 rows"))
        for number in range(5):
            emit(TrialFinished(number, 0.5, 0.5, "auc", 10.0))
        emit(Note("by the way"))
        return training_run()

    flows["training"] = training
    lines = run("train", "toy").err.splitlines()
    assert lines == [
        "train toy: collect: started",
        "train toy: collect: 12 rows (1.0 s)",
        "train toy: trial 0: auc 0.5000, best 0.5000, 10 s left",
        "train toy: by the way",
    ]


def test_predict_gives_where_and_how_many(run: Run, flows: Flows, at_house: House, tmp_path: Path) -> None:
    at_house.rows(30).to_csv(tmp_path / "in.csv", index=False)
    version = at_house.versions[0]

    def scoring(use_case: str, input: str, output: str, version: str, lake: str) -> Scored:
        return score(Store(lake), load_usecase(use_case), at_house.registry.version(version), input, output)

    flows["scoring"] = scoring
    files = "--input", str(tmp_path / "in.csv"), "--output", str(tmp_path / "out.parquet")
    said = run("predict", "toy", *files, "--json")
    assert said.status == 0, said.err
    assert (said.json["rows"], said.json["version"]) == (30, version.version)
    assert said.json["output"] == str(tmp_path / "out.parquet")
    assert len(pd.read_parquet(tmp_path / "out.parquet")) == 30
    assert "30 rows" in run("predict", "toy", *files).out


def test_predict_refuses_what_can_be_known_before_a_server_starts(run: Run, at_house: House, tmp_path: Path) -> None:
    file = tmp_path / "in.csv"
    at_house.rows(3).to_csv(file, index=False)
    before = file.read_bytes()
    same = run("predict", "toy", "--input", str(file), "--output", str(file))
    assert (same.status, file.read_bytes()) == (2, before)
    assert "another name" in same.err
    absent = run("predict", "toy", "--input", str(tmp_path / "im.csv"), "--output", str(tmp_path / "out.parquet"))
    assert absent.status == 2
    assert "did you mean `in.csv`" in absent.err
    version = run(
        "predict", "toy", "--input", str(file), "--output", str(tmp_path / "out.parquet"), "--version", "nope"
    )
    assert version.status == 2
    assert at_house.versions[0].version in version.err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_the_common_options_and_a_short_help(run: Run, command: str) -> None:
    said = run(command, "--help")
    assert said.status == 0
    assert said.err == ""
    for option in ("--lake URL", "--json", "--project", "--verbose"):
        assert option in said.out
    assert f"  {command} " in run("--help").out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("trian", "toy"), "there is no command `trian` (did you mean `train`?)"),
        (("train",), "Missing argument 'NAME'"),
        (("train", "toy", "--budgte", "3"), "No such option '--budgte'. Did you mean"),
        (("train", "toy", "--budget", "soon"), "`soon` is no number of seconds"),
        (("train", "toy", "--budget", "-1"), "`-1` is no number of seconds"),
        (("train", "toy", "--budget", "nan"), "`nan` is no number of seconds"),
        (("train", "toy", "--until", "soon"), "`soon`: a moment is a date"),
        (("predict", "toy", "--input", "x.csv"), "Missing option '--output'"),
        (("serve",), "Missing argument 'NAME...'"),
        (("train", "../toy"), "`../toy` can't be the name of a use case"),
        (("models", "a/b"), "`a/b` can't be the name of a use case"),
        (("train", "tov"), "did you mean `toy`"),
        (("models", "tov"), "did you mean `toy`"),
        (("promote", "tov", "x"), "did you mean `toy`"),
        (("train", "toy", "--project", "nowhere"), "does not exist: mend --project"),
    ],
)
def test_wrong_command_lines_are_status_2_with_one_message(
    run: Run, project: Path, words: tuple[str, ...], message: str
) -> None:
    said = run(*words)
    assert said.status == 2
    assert said.out == ""
    assert message in said.err
    assert "Traceback" not in said.err
    as_json = run(*words, "--json")
    assert as_json.status == 2
    assert as_json.json["error"]["status"] == 2
    assert not (project / "lake").exists()


def test_without_a_command_it_shows_the_help(run: Run) -> None:
    said = run()
    assert said.status == 2
    assert "rollback" in said.err


def test_a_reader_that_goes_away_is_no_failure(at_house: House) -> None:
    command = f"{sys.executable} -m tidemill models toy --json"
    script = f'set -o pipefail; {command} | (exec <&-; sleep 1); echo "${{PIPESTATUS[0]}}"'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_the_reference_names_every_option(run: Run, command: str) -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "cli.md").read_text()
    section = next(
        part for part in page.split("\n## ")[1:] if re.search(rf"\b{command} ?\[?(NAME|`)", part.partition("\n")[0])
    )
    common = page.split("\n## ")[0]
    for option in re.findall(r"^ +(?:-h, )?(--[a-z-]+)", run(command, "--help").out, re.MULTILINE):
        assert f"{option}" in section + common, option


def test_the_folders_of_a_project_hide_none_of_our_packages(project: Path) -> None:
    for name in ("expectations", "flows", "tasks", "deployments"):
        (project / name).mkdir()
    code = "import deployments, expectations, flows, tasks; print(expectations.judge.__name__)"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    said = subprocess.run([sys.executable, "-c", code], cwd=project, env=environment, capture_output=True, text=True)
    assert said.stdout == "judge\n", said.stderr
