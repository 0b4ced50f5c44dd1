"""A study of the lake, as Optuna reads it."""

from __future__ import annotations

from pathlib import Path

import optuna
import pytest
from optuna.storages.journal import JournalFileBackend

from tests.unit.learning.test_golden import LAKE, SAID
from tests.unit.learning.world import make_world
from tidemill.learning.exporting import journal, space_of
from tidemill.learning.trials import TrialLog
from tidemill.results import Study
from tidemill.store import Store


def opened(data: bytes, folder: Path) -> optuna.Study:
    file = folder / "journal.log"
    file.write_bytes(data)
    storage = optuna.storages.JournalStorage(JournalFileBackend(str(file)))
    (found,) = storage.get_all_studies()
    return optuna.load_study(study_name=found.study_name, storage=storage)


def test_every_trial_is_in_the_journal_that_tuning_leaves(memory: Store, tmp_path: Path) -> None:
    study = make_world(memory).tune(trials=12)
    found = opened(memory.read_bytes(f"{study.prefix}/journal.log"), tmp_path)
    assert found.study_name == f"toy/{study.id}"
    assert found.metric_names == ["auc"]
    assert found.direction.name == "MAXIMIZE"
    assert (found.best_trial.number, found.best_value) == (study.best_trial, study.best_value)
    assert found.best_trial.user_attrs["weight in the model"] == study.members.count(study.best_trial)
    ours = TrialLog(memory, study.prefix).read()
    assert {one.state for one in ours} == {"finished", "pruned"}
    for one, theirs in zip(ours, found.trials, strict=True):
        assert theirs.params == one.parameters
        assert theirs.value == one.value
        assert theirs.intermediate_values == one.reported
        assert theirs.state.name == {"finished": "COMPLETE", "pruned": "PRUNED"}[one.state]
        assert theirs.user_attrs["rows"] == one.rows > 600
        assert theirs.user_attrs["seconds"] == one.seconds
        assert theirs.duration is not None
        assert theirs.duration.total_seconds() == pytest.approx(one.seconds)
        assert ("median" in theirs.user_attrs.get("reason", "")) == (one.state == "pruned")
        assert (one.memory or 0) >= (one.rise or 0) >= 0


def test_a_study_of_format_1_is_exported(tmp_path: Path) -> None:
    study = Study.model_validate(SAID["study"])
    found = opened(journal(study, TrialLog(LAKE, study.prefix).read()), tmp_path)
    assert len(found.trials) == study.trials
    assert found.best_value == study.best_value


def test_settings_of_another_space_are_exported_as_they_were(memory: Store, tmp_path: Path) -> None:
    study = make_world(memory).tune(trials=3)
    trials = [
        one.model_copy(update={"parameters": {**one.parameters, "max_depth": 40, "old": number, "kind": name}})
        for number, (one, name) in enumerate(zip(TrialLog(memory, study.prefix).read(), "aba", strict=True))
    ]
    assert space_of(trials).keys() == trials[0].parameters.keys()
    found = opened(journal(study, trials), tmp_path)
    assert [one.params for one in found.trials] == [one.parameters for one in trials]
