"""Tuning: repeatable, resumable, within its budget, and every trial in the lake."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace

import numpy as np
import pytest
import xgboost

from tests.unit.learning.world import World, make_world
from tidemill.errors import UserError
from tidemill.learning import ending, folds, lockstep, rungs, searching
from tidemill.learning.space import Space
from tidemill.learning.training import train
from tidemill.learning.trials import TrialLog
from tidemill.progress import TrialFinished
from tidemill.progress import logger as progress
from tidemill.results import Study
from tidemill.snapshot import write_snapshot
from tidemill.store import Store

TRIALS = 7


def copy_of(store: Store, url: str) -> Store:
    """A lake with the same objects."""
    other = Store(url)
    for key in store.list():
        other.write_bytes(key, store.read_bytes(key))
    return other


def content(store: Store, prefix: str) -> dict[str, object]:
    """What the trials say, but for when they were, how long they took and how much memory was held."""
    found: dict[str, object] = {}
    for key in store.list(f"{prefix}/trials"):
        if key.endswith(".json"):
            clock = {"seconds", "began", "memory", "rise"}
            found[key] = {name: said for name, said in store.read_json(key).items() if name not in clock}
        else:
            found[key] = store.read_bytes(key)
    return found


@dataclass(frozen=True)
class Whole:
    """A lake, and what a study of ``TRIALS`` trials that nobody interrupted left in it."""

    bare: Store
    world: World
    study: Study

    def again(self, url: str) -> Store:
        """A lake as that one was before the study."""
        return copy_of(self.bare, url)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """Tests only read from it."""
    store = Store(f"memory://{tmp_path_factory.mktemp('whole')}")
    world = make_world(store)
    bare = copy_of(store, f"{store.url}-bare")
    return Whole(bare, world, world.tune(trials=TRIALS))


def test_the_same_number_of_trials_gives_the_same_study(whole: Whole, memory: Store) -> None:
    other = whole.again(memory.url)
    second = whole.world.tune(trials=TRIALS, store=other)
    assert whole.study == second
    assert second.trials == TRIALS
    assert content(whole.world.store, whole.study.prefix) == content(other, second.prefix)


@pytest.mark.parametrize("stopped_at", [1, 3, 5])
def test_a_study_that_was_interrupted_goes_on_as_if_it_had_not_been(
    whole: Whole, memory: Store, monkeypatch: pytest.MonkeyPatch, stopped_at: int
) -> None:
    world, study, other = whole.world, whole.study, whole.again(memory.url)
    done: list[int] = []

    def killed(*said: object, **named: object) -> object:
        if len(done) == stopped_at:
            raise KeyboardInterrupt
        done.append(1)
        return lockstep.boost(*said, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(searching, "boost", killed)
        with pytest.raises(KeyboardInterrupt):
            world.tune(trials=TRIALS, store=other)
    assert len(TrialLog(other, study.prefix).read()) == stopped_at
    assert world.tune(trials=TRIALS, store=other) == study
    assert content(other, study.prefix) == content(world.store, study.prefix)


def test_what_was_asked_before_is_answered_without_a_trial(memory: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    world = make_world(memory)
    first = world.tune(trials=2)
    monkeypatch.delattr(searching, "boost")
    assert world.tune(trials=2) == first


def test_more_trials_go_on_from_those_there_are(memory: Store) -> None:
    world = make_world(memory)
    few = world.tune(trials=2)
    before = content(memory, few.prefix)
    more = world.tune(trials=4)
    assert more.id == few.id
    assert more.trials == 4
    assert before.items() <= content(memory, more.prefix).items()
    assert world.tune(trials=2) == few


def test_by_the_clock_it_ends_in_time_and_keeps_back_what_the_fit_needs(memory: Store) -> None:
    world = make_world(memory)
    started = time.perf_counter()
    study = world.tune(trials=None, budget=4.0)
    assert time.perf_counter() - started < 4.0
    assert study.trials >= 1
    assert set(study.members) <= set(range(study.trials))


def test_what_the_clock_chose_replays_to_the_same_model(memory: Store) -> None:
    from tidemill.learning.training import train

    world = make_world(memory)
    study = world.tune(trials=None, budget=3.0)
    first = train(memory, world.use_case, world.labelled, world.split, study, {})
    other = copy_of(memory, f"{memory.url}-other")
    for key in other.list("toy/models"):
        other.delete(key)
    replayed = Study.model_validate(other.read_json(f"{study.prefix}/study.json")["study"])
    assert replayed == study
    late = TrialLog(other, study.prefix).read()[0].model_copy(update={"number": study.trials + 7})
    TrialLog(other, study.prefix).write(late, [TrialLog(other, study.prefix).margins(0)])
    assert train(other, world.use_case, world.labelled, world.split, replayed, {}) == first
    for member in range(len(set(study.members))):
        file = f"{first.prefix}/booster-{member}.ubj"
        assert other.read_bytes(file) == memory.read_bytes(file)


def test_a_budget_too_small_for_anything_still_gives_one_trial(memory: Store) -> None:
    study = make_world(memory).tune(trials=None, budget=0.01)
    assert study.trials == 1
    assert TrialLog(memory, study.prefix).read()[0].cut


def test_the_ends_of_intervals_get_the_rounds_that_there_is_time_for(
    memory: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "seconds_of_ends", lambda *_: 30.0)
    world = make_world(memory, "regression", tune={"intervals": "quantile", "threads": 1})
    study = world.tune(trials=None, budget=10.0)
    best = TrialLog(memory, study.prefix).by_number()[study.members[0]]
    assert study.ends_rounds == max(1, int(best.rounds * 0.15 * 10.0 / 30.0)) < best.rounds
    model = train(memory, world.use_case, world.labelled, world.split, study, {})
    ends = xgboost.Booster(model_file=bytearray(memory.read_bytes(f"{model.prefix}/ends.ubj")))
    assert 1 <= ends.num_boosted_rounds() <= study.ends_rounds
    assert world.tune(trials=3).ends_rounds is None


def test_repeats_on_more_rows_come_after_every_starting_point(memory: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rungs, "FEWEST_FIT_ROWS", 100)
    monkeypatch.setattr(rungs, "TUNING_CELLS", 1)
    starts = Space("binary", ordered=True, categories=True).starting_points()
    study = make_world(memory).tune(trials=len(starts) + 4)
    tried = TrialLog(memory, study.prefix).read()
    first, after = tried[: len(starts)], tried[len(starts) :]
    assert [(one.rung, one.parameters) for one in first] == [(0, start) for start in starts]
    assert after[0].rung == 1
    assert (
        after[0].parameters
        == max((one for one in first if one.state == "finished"), key=lambda one: one.value).parameters
    )
    assert len({tuple(one.parameters.items()) for one in tried if not one.rung}) == sum(not one.rung for one in tried)


def test_where_rounds_are_dear_quick_settings_come_first_and_the_best_ends_on_all_rows(
    memory: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "seconds_a_round", lambda *_: 50.0)
    monkeypatch.setattr(searching.Search, "_goes_on", lambda self: len(self.trials) < 4)
    for module, name, value in (
        (rungs, "FEWEST_FIT_ROWS", 100),
        (rungs, "TUNING_CELLS", 1),
        (folds, "LARGE_ROWS", 100),
        (folds, "MOST_CHECK_ROWS", 100),
    ):
        monkeypatch.setattr(module, name, value)
    study = make_world(memory, by="random", count=2_000).tune(trials=None, budget=600.0)
    *before, last = TrialLog(memory, study.prefix).read()
    assert [one.parameters["max_depth"] for one in before[:2]] == [6, 10]
    assert {one.rung for one in before} == {0}
    assert (last.rung, last.rows) == (2, 1_400)
    best = max((one for one in before if one.state == "finished"), key=lambda one: one.value)
    assert last.parameters == best.parameters


def test_where_rounds_are_dear_shallow_and_deep_trees_are_both_tried_however_long_the_fit_will_take(
    memory: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "seconds_a_round", lambda *_: 50.0)
    monkeypatch.setattr(searching, "fit_seconds", lambda *_: 1e6)
    monkeypatch.setattr(folds, "LARGE_ROWS", 100)
    monkeypatch.setattr(searching, "FIRST_FIT_SHARE", 1.0)
    study = make_world(memory, by="random", count=2_000).tune(trials=None, budget=600.0)
    tried = TrialLog(memory, study.prefix).read()
    assert [one.parameters["max_depth"] for one in tried] == [6, 10]


def test_every_trial_is_told_as_it_ends(memory: Store) -> None:
    heard: list[TrialFinished] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record.event)  # type: ignore[attr-defined]

    listener = Listener()
    progress.addHandler(listener)
    level = progress.level
    progress.setLevel(logging.INFO)
    try:
        study = make_world(memory).tune(trials=3)
    finally:
        progress.removeHandler(listener)
        progress.setLevel(level)
    assert [event.number for event in heard] == [0, 1, 2]
    assert heard[-1].metric == "auc"
    finished = [event.value for event in heard if event.value is not None]
    assert heard[-1].best == max(finished) == study.best_value


def test_hopeless_settings_are_stopped_while_they_boost_and_optuna_says_nothing_of_its_own(
    memory: Store, capfd: pytest.CaptureFixture[str]
) -> None:
    study = make_world(memory).tune(trials=14)
    assert capfd.readouterr() == ("", "")
    trials = TrialLog(memory, study.prefix).read()
    assert study.pruned == sum(trial.state == "pruned" for trial in trials) > 0
    assert not set(study.members) & {trial.number for trial in trials if trial.state == "pruned"}


def test_the_study_is_of_its_rows_columns_and_seed(memory: Store) -> None:
    ids = {
        make_world(memory, count=300).tune(trials=1).id,
        make_world(memory, count=300, seed=8).tune(trials=1).id,
        make_world(memory, count=300, columns={"ignore": ["noise"]}).tune(trials=1).id,
        make_world(memory, count=290).tune(trials=1).id,
    }
    assert len(ids) == 4


@pytest.mark.parametrize("by", ["random", "group"])
def test_other_splits_validate_as_they_split(memory: Store, by: str) -> None:
    world = make_world(memory, by=by, group="shop" if by == "group" else None)
    study = world.tune(trials=2)
    assert "half_life" not in study.best_parameters
    assert np.isfinite(study.best_value)


def test_a_stored_trial_of_a_newer_format_is_refused(memory: Store) -> None:
    world = make_world(memory)
    study = world.tune(trials=1)
    key = f"{study.prefix}/trials/00000.json"
    memory.write_json(key, {**memory.read_json(key), "format": 3})
    with pytest.raises(UserError, match=r"format 3; this Tidemill reads up to 2: upgrade it"):
        TrialLog(memory, study.prefix).read()


def test_a_metric_that_is_undefined_is_the_users_error(memory: Store) -> None:
    world = make_world(memory)
    flat = world.split.train.read(memory).assign(bought=1)
    split = world.split.model_copy(update={"train": write_snapshot(memory, "toy", "flat", flat)})
    with pytest.raises(UserError, match="the metric `auc` is undefined on the validation rows"):
        replace(world, split=split).tune(trials=1)
