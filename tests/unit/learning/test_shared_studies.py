"""One study, several processes: on a journal file and on PostgreSQL, with real processes that are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers import Database, Postgres
from tests.unit.learning.test_tuning import content
from tests.unit.learning.tuner import HANG, SLOW, shared_world
from tidemill.errors import UserError
from tidemill.learning import storages
from tidemill.learning.trials import TrialLog
from tidemill.store import Store

TRIALS = 5
ROOT = Path(__file__).parents[3]


def start(
    lake: str, storage: str, trials: int, what: str, *, slow: float = 0.0, hang: int = -1
) -> subprocess.Popen[str]:
    """A tuner that waits ``slow`` seconds in each trial, and for ever in its trial ``hang``, counted from 0."""
    environment = {**os.environ, SLOW: str(slow), HANG: str(hang), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.unit.learning.tuner", lake, storage, str(trials), what]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def trial_files(lake: str) -> list[str]:
    return [key for key in Store(lake).list("toy/studies") if "/trials/" in key and key.endswith(".json")]


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 300
    while not holds():
        assert time.monotonic() < until, "it did not come to that"
        time.sleep(0.02)


def killed_in_a_trial(process: subprocess.Popen[str], running: Callable[[], bool]) -> None:
    """Kill it in the middle of a trial, where it hangs."""
    wait_until(running)
    process.send_signal(signal.SIGKILL)
    process.communicate()


def ended(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out


@pytest.fixture
def lake(tmp_path: Path) -> str:
    return str(tmp_path / "lake")


@pytest.fixture
def journal(tmp_path: Path) -> str:
    return str(tmp_path / "tuning.log")


def test_a_journal_gives_the_trials_that_the_lake_alone_gives(lake: str, journal: str, tmp_path: Path) -> None:
    alone = shared_world(str(tmp_path / "other"), None)
    plain = alone.tune(trials=TRIALS)
    world = shared_world(lake, journal)
    study = world.tune(trials=TRIALS)
    assert study == plain
    assert content(world.store, study.prefix) == content(alone.store, plain.prefix)


def test_a_process_killed_in_a_trial_loses_that_trial_only_and_its_setting_is_tried_again(
    lake: str, journal: str, tmp_path: Path
) -> None:
    killed_in_a_trial(start(lake, journal, TRIALS, "tune", hang=2), lambda: running_number(journal) == 2)
    before = {key: Store(lake).read_bytes(key) for key in trial_files(lake)}
    assert len(before) == 2
    world = shared_world(lake, journal)
    study = world.tune(trials=TRIALS)
    after = {key: Store(lake).read_bytes(key) for key in trial_files(lake)}
    assert before.items() <= after.items()
    assert len(after) == study.trials == TRIALS
    whole = shared_world(str(tmp_path / "other"), None)
    assert whole.tune(trials=TRIALS) == study
    assert content(world.store, study.prefix) == content(whole.store, study.prefix)
    third = [trial for trial in optuna_trials(journal) if trial.user_attrs["number"] == 2]
    assert [trial.state.name for trial in third] in (["FAIL", "COMPLETE"], ["FAIL", "PRUNED"])
    assert third[0].params == third[1].params


def test_two_processes_try_each_setting_once_and_the_model_is_chosen_from_all(lake: str, journal: str) -> None:
    world = shared_world(lake, journal)
    helper = start(lake, journal, TRIALS, "help", slow=1.0)
    wait_until(lambda: len(trial_files(lake)) == 1)
    study = world.tune(trials=TRIALS)
    helped = int(ended(helper).split()[1])
    trials = TrialLog(world.store, study.prefix).read()
    assert [trial.number for trial in trials] == list(range(TRIALS))
    assert study.trials == TRIALS
    assert 1 <= helped < TRIALS
    owners = {trial.user_attrs["owner"]["process"] for trial in optuna_trials(journal)}
    assert owners == {helper.pid, os.getpid()}
    assert all(trial.state.is_finished() for trial in optuna_trials(journal))


def running_number(journal: str) -> int | None:
    """The number of the trial that somebody is at."""
    if not Path(journal).exists() or not Path(journal).stat().st_size:
        return None
    running = [trial.user_attrs["number"] for trial in optuna_trials(journal) if trial.state.name == "RUNNING"]
    return running[0] if running else None


def optuna_trials(journal: str) -> list:  # type: ignore[type-arg]
    import optuna
    from optuna.storages.journal import JournalFileBackend

    storage = optuna.storages.JournalStorage(JournalFileBackend(journal))
    studies = storage.get_all_studies()
    return [trial for found in studies for trial in storage.get_all_trials(found._study_id)]


def test_postgresql_keeps_the_study_of_processes_that_are_killed(
    lake: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, _, password = database.url.partition("://")[2].rpartition("@")[0].partition(":")
    storage = database.url.replace(f"{name}:{password}", f"{name}:${{TUNE_PASSWORD}}")
    monkeypatch.setenv("TUNE_PASSWORD", "a p@ss/word: of tests")
    process = start(lake, storage, TRIALS, "tune", hang=2)
    wait_until(lambda: len(trial_files(lake)) == 2)
    sleeping = "select count(*) from trials where state = 'RUNNING' and number = 2"
    killed_in_a_trial(process, lambda: database.rows(sleeping) == [(1,)])
    before = set(trial_files(lake))
    helper = start(lake, storage, TRIALS, "help", slow=0.2)
    study = shared_world(lake, storage).tune(trials=TRIALS)
    ended(helper)
    assert before <= set(trial_files(lake))
    assert study.trials == TRIALS == len(trial_files(lake))
    states = dict(database.rows("select state, count(*) from trials group by state"))
    assert states["FAIL"] >= 1
    assert states["COMPLETE"] + states.get("PRUNED", 0) == TRIALS
    assert set(states) <= {"FAIL", "COMPLETE", "PRUNED"}
    assert database.rows("select count(*) from trial_heartbeats")[0][0] >= TRIALS
    stored = b"".join(Store(lake).read_bytes(key) for key in Store(lake).list("toy"))
    assert b"ss/word" not in stored


def test_a_trial_whose_process_says_nothing_any_more_is_tried_again(
    lake: str, journal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of another machine, whose processes nobody can look up."""
    killed_in_a_trial(start(lake, journal, TRIALS, "tune", hang=0), lambda: running_number(journal) == 0)
    text = Path(journal).read_text()
    Path(journal).write_text(text.replace('"machine":"', '"machine":"elsewhere '))
    monkeypatch.setattr("tidemill.learning.sharing.GRACE_SECONDS", 1.0)
    assert shared_world(lake, journal).tune(trials=TRIALS).trials == TRIALS
    assert len(trial_files(lake)) == TRIALS


def test_a_line_that_was_half_written_is_cut_off(lake: str, journal: str) -> None:
    shared_world(lake, journal).tune(trials=2)
    with Path(journal).open("a") as file:
        file.write('{"op_code":4,"wor')
    assert shared_world(lake, journal).tune(trials=3).trials == 3


def test_trials_of_the_lake_go_into_a_storage_that_is_new(lake: str, journal: str) -> None:
    first = shared_world(lake, None).tune(trials=2)
    second = shared_world(lake, journal).tune(trials=4)
    assert second.id == first.id
    assert [trial.user_attrs.get("number") for trial in optuna_trials(journal)] == [0, 1, 2, 3]
    third = shared_world(lake, None).tune(trials=5)
    assert third.trials == 5


def test_a_storage_of_another_lake_is_refused(lake: str, journal: str, tmp_path: Path) -> None:
    shared_world(lake, journal).tune(trials=2)
    with pytest.raises(UserError, match="Those who share a study must share the lake: mend --lake, or name another"):
        shared_world(str(tmp_path / "other"), journal).tune(trials=3)


def said_of(storage: str, folder: Path) -> str:
    with pytest.raises(UserError) as problem:
        storages.open_storage(storage, folder)
    return str(problem.value)


def test_a_file_that_is_no_journal_is_told_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "data.csv"
    file.write_text("a,b\n1,2")
    assert said_of("data.csv", tmp_path) == (
        f"`tune.storage`: {file} is no journal of Optuna, or a damaged one: name another file, or restore it"
    )
    assert file.read_text() == "a,b\n1,2"
    damaged = tmp_path / "damaged.log"
    damaged.write_text('{"op_code":0,"worker_id":"a","study_name":"b","directions":[2]}\nnonsense\n{"op_code":0}\n')
    assert "is no journal of Optuna, or a damaged one" in said_of("damaged.log", tmp_path)


def test_a_path_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    assert said_of(".", tmp_path).startswith(f"`tune.storage`: {tmp_path} is a folder: name a file in it")
    assert said_of("no/such/file.log", tmp_path) == (
        f"`tune.storage`: the folder {tmp_path}/no/such does not exist: make it, or mend the path"
    )


def test_a_database_that_can_not_be_used_is_told_without_its_password(
    postgres_server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNE_PASSWORD", "not the password")
    port = postgres_server.port
    wrong = said_of(f"postgresql://postgres:${{TUNE_PASSWORD}}@127.0.0.1:{port}/postgres", tmp_path)
    assert f"127.0.0.1:{port} does not accept the user or the password: mend what `tune.storage` refers to" in wrong
    nobody = said_of("postgresql://postgres:${TUNE_PASSWORD}@127.0.0.1:9/postgres", tmp_path)
    assert "nothing answers at 127.0.0.1:9: start the server, or mend host and port in `tune.storage`" in nobody
    monkeypatch.setenv("TUNE_DATABASE", "mysql://root:secret@127.0.0.1/x")
    other = said_of("${TUNE_DATABASE}", tmp_path)
    assert other.startswith("`tune.storage`: `mysql` is another database: write a path for a journal file, or")
    unset = said_of("postgresql://a:${NO_SUCH_VARIABLE}@127.0.0.1/x", tmp_path)
    assert "put NO_SUCH_VARIABLE into the environment" in unset
    for said in (wrong, nobody, other, unset):
        assert "secret" not in said
        assert "not the password" not in said
