"""`tidemill tune` and `tidemill study`: help for a study that a training shares, and a look at what was tried."""

from __future__ import annotations

from pathlib import Path

import optuna
import pytest
from optuna.storages.journal import JournalFileBackend

from tests.commands import Run, run
from tests.toy import TOY_YAML
from tidemill.store import Store

__all__ = ["run"]

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]


def tuned_with(project: Path, said: str) -> None:
    file = project / "usecases" / "toy" / "usecase.yaml"
    file.write_text(TOY_YAML.replace("tune: {trials: 3}", f"tune: {said}"))


def test_a_training_chooses_from_what_others_tried(project: Path, run: Run) -> None:
    tuned_with(project, "{trials: 4, threads: 1, storage: tuning.log}")
    helped = run("tune", "toy", "--trials", "2", "--json")
    assert helped.status == 0, helped.err
    assert (helped.json["tried"], helped.json["trials"]) == (2, 2)
    trained = run("train", "toy", "--json")
    assert trained.status in (0, 3), trained.err
    assert (project / "usecases" / "toy" / "tuning.log").is_file()
    more = run("tune", "toy", "--json")
    assert (more.json["tried"], more.json["trials"], more.json["study"]) == (0, 4, helped.json["study"])
    file = project / "study.log"
    shown = run("study", "toy", "--export", str(file), "--json")
    assert shown.status == 0, shown.err
    assert shown.json["study"] == helped.json["study"]
    assert [trial["number"] for trial in shown.json["trials"]] == [0, 1, 2, 3]
    storage = optuna.storages.JournalStorage(JournalFileBackend(str(file)))
    (found,) = storage.get_all_studies()
    assert len(storage.get_all_trials(found._study_id)) == 4
    assert f"optuna-dashboard {file}" in run("study", "toy", "--export", str(file)).out
    assert Store(str(project / "lake")).exists(f"toy/studies/{helped.json['study']}/journal.log")
    nowhere = run("study", "toy", "--export", str(project / "no" / "study.log"))
    assert nowhere.status == 2
    assert f"--export: {project}/no/study.log can't be a file: name one in a folder that is there" in nowhere.err


BAD = {
    "no storage": ("{trials: 3}", "has no place that processes can share: name one under `tune.storage`"),
    "no folder": ("{trials: 3, storage: no/such/tuning.log}", "usecases/toy/no/such does not exist: make it"),
    "no journal": ("{trials: 3, storage: data.csv}", "data.csv is no journal of Optuna, or a damaged one"),
    "another database": ('{storage: "mysql://a@b/c"}', "tune.storage: it is a path for a journal file, or the URL of"),
    "a password": ('{storage: "postgresql://a:secret@b/c"}', "tune.storage: a password stands there in clear"),
    "no variable": ('{storage: "postgresql://a:${TUNE_NONE}@b/c"}', "put TUNE_NONE into the environment"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_storage_that_can_not_be_used_is_status_2_and_one_message(project: Path, run: Run, what: str) -> None:
    said, message = BAD[what]
    tuned_with(project, said)
    told = run("tune", "toy", "--budget", "20", "--json")
    assert told.status == 2, told.err
    assert message in told.json["error"]["message"]
    assert "Traceback" not in told.err
    assert "secret" not in told.json["error"]["message"].replace("${secret:", "")
    assert Store(str(project / "lake")).list("toy/studies") == []
