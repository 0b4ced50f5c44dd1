"""Rows that do not fit: streamed into quantised memory or to a disk, and what is left behind (nothing)."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xgboost
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.learning.world import World, make_world
from tidemill import tables
from tidemill.errors import UserError
from tidemill.learning import external, growing, room
from tidemill.learning.baselines import race
from tidemill.learning.boosting import Data, Parameters, Problem, all_rows
from tidemill.learning.external import Stream
from tidemill.learning.growing import grow_all
from tidemill.learning.model import Model
from tidemill.learning.preparing import Prepared, prepare
from tidemill.learning.room import Memory, memory_of, offered, sample_rows
from tidemill.learning.scores import score
from tidemill.learning.training import train
from tidemill.progress import logger as progress
from tidemill.results import Fit, ModelReference
from tidemill.sampling import stored_sample
from tidemill.store import Store
from tidemill.usecase.values import parse_size, size_text

ROWS = 2_400
SAMPLE = 900
GB = 10**9


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of 250 rows, and tables that are streamed from 900 rows."""
    monkeypatch.setattr(tables, "PART_ROWS", 250)
    monkeypatch.setattr(room, "MOST_ROWS", SAMPLE)
    monkeypatch.setattr(room, "FEWEST_ROWS", 200)


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that temporary files go to."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def trained(world: World) -> ModelReference:
    study = world.tune(trials=2)
    return train(world.store, world.use_case, world.labelled, world.split, study, {})


def prepared(world: World, way: str) -> Prepared:
    """The streamed rows of the world, by the way that the test is about."""
    found = prepare(world.store, world.use_case, world.labelled, world.split, {})
    assert found.memory is not None
    assert found.data.stream is not None
    memory = found.memory.model_copy(update={"way": way})
    return replace(found, data=replace(found.data, stream=replace(found.data.stream, memory=memory)))


def grown(data: Data, problem: Problem, *settings: Parameters, rounds: int) -> list[bytes]:
    fits = [
        (Fit(trial=number, weight=1, rounds=rounds, seeds=1, learning_rate=0.3), parameters)
        for number, parameters in enumerate(settings)
    ]
    return [one.raw for one in grow_all(data, problem, fits, None)]


def boosters(world: World, way: str) -> list[bytes]:
    here = prepared(world, way)
    settings = [{"max_depth": 3, "half_life": life} for life in (0.0, 0.25)]
    return grown(here.data, here.problem, *settings, rounds=15)


@pytest.mark.usefixtures("few")
def test_streamed_training_repeats_to_the_byte(memory: Store) -> None:
    first = trained(make_world(memory, count=ROWS))
    second = trained(make_world(Store(f"{memory.url}-other"), count=ROWS))
    assert first == second


@pytest.mark.usefixtures("few")
def test_a_study_says_on_how_many_rows_it_worked_and_how_they_were_read(memory: Store) -> None:
    heard: list[str] = []
    listener = logging.Handler()
    listener.emit = lambda record: heard.append(record.getMessage())  # type: ignore[method-assign]
    progress.addHandler(listener)
    level = progress.level
    progress.setLevel(logging.INFO)
    try:
        study = make_world(memory, count=ROWS).tune(trials=1)
    finally:
        progress.removeHandler(listener)
        progress.setLevel(level)
    assert study.sample == SAMPLE
    said = Memory.model_validate(memory.read_json(f"{study.prefix}/study.json")["memory"])
    assert said.way == "streamed"
    assert said.rows == ROWS * 3 // 4
    assert f"memory: {said}" in heard
    assert "tuning work on 900 of the rows" in str(said)


@pytest.mark.usefixtures("few")
def test_rows_that_there_is_no_time_to_read_are_left_and_the_sample_is_learnt_from(
    memory: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growing, "SMALL_CELLS", 0)
    monkeypatch.setattr(external.Stream, "seconds", lambda _: 1e6)
    world = make_world(memory, count=ROWS)
    study = world.tune(trials=None, budget=5.0)
    first = train(memory, world.use_case, world.labelled, world.split, study, {})
    fits = [one["fit"] for one in memory.read_json(f"{study.prefix}/fits.json")["grown"]]
    assert [fit["rows"] for fit in fits] == [SAMPLE]
    assert fits[0]["rounds"] > 1
    assert train(memory, world.use_case, world.labelled, world.split, study, {}) == first


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_streamed_is_as_good_as_whole(memory: Store, monkeypatch: pytest.MonkeyPatch, task: str) -> None:
    world = make_world(memory, task, count=ROWS)  # type: ignore[arg-type]
    study = world.tune(trials=1)
    assert study.sample is None
    whole = Model.load(memory, train(memory, world.use_case, world.labelled, world.split, study, {}))
    monkeypatch.setattr(tables, "PART_ROWS", 250)
    monkeypatch.setattr(room, "MOST_ROWS", SAMPLE)
    monkeypatch.setattr(room, "FEWEST_ROWS", 200)
    other = make_world(Store(f"{memory.url}-other"), task, count=ROWS)  # type: ignore[arg-type]
    streamed = Model.load(other.store, trained(other))
    target = world.gate["bought"].to_numpy(dtype=np.float64)
    metric = {"binary": "auc", "multiclass": "log_loss", "regression": "rmse"}[task]
    reached = []
    for model in (whole, streamed):
        said = model.values(world.gate) if task == "regression" else model.probabilities(world.gate)
        reached.append(score(metric, target, said[:, 1] if task == "binary" else said))
    assert reached[0] == pytest.approx(reached[1], abs=0.04)


@pytest.mark.usefixtures("few", "scratch")
def test_memory_and_disk_give_the_same_boosters(memory: Store) -> None:
    world = make_world(memory, count=ROWS)
    assert boosters(world, "streamed") == boosters(world, "disk")


@pytest.mark.usefixtures("few")
def test_the_baselines_of_streamed_rows_are_fitted_on_the_sample(memory: Store) -> None:
    world = make_world(memory, count=ROWS)
    raced = race(memory, world.use_case, world.labelled, world.split, {})
    drawn = stored_sample(memory, world.split.train, SAMPLE, seed=world.use_case.seed).read(memory)
    assert raced["constant"] == pytest.approx(drawn["bought"].mean())
    assert {len(answers) for answers in raced.values()} == {len(world.gate)}


@pytest.mark.usefixtures("few")
def test_weights_of_streamed_rows_are_those_of_the_use_case(memory: Store) -> None:
    world = make_world(memory, count=ROWS, weight="age", tune={"threads": 1, "class_weights": {"yes": 3.0}})
    stream = prepare(world.store, world.use_case, world.labelled, world.split, {}).data.stream
    assert stream is not None
    frame = world.split.train.read(memory)
    expected = frame["age"] * frame["bought"].map({0: 1.0, 1: 3.0})
    found = [part.given for part in stream.parts()]
    assert np.concatenate([one for one in found if one is not None]) == pytest.approx(expected.to_numpy())


@pytest.mark.usefixtures("few")
def test_all_rows_are_fitted_on_and_not_the_sample(memory: Store) -> None:
    here = prepared(make_world(memory, count=ROWS), "streamed")
    (raw,) = grown(here.data, here.problem, {"max_depth": 1}, rounds=1)
    cover = xgboost.Booster(model_file=bytearray(raw)).trees_to_dataframe()["Cover"].iloc[0]
    assert cover == pytest.approx(ROWS * 3 // 4 * 0.25, rel=0.02)  # a logistic curve's steepness at one half


@pytest.mark.usefixtures("few")
def test_temporary_files_are_gone_after_the_fit(memory: Store, scratch: Path) -> None:
    here = prepared(make_world(memory, count=ROWS), "disk")
    with all_rows(here.data):
        assert list(scratch.rglob("*.page"))
    assert not list(scratch.iterdir())
    assert len(grown(here.data, here.problem, {"max_depth": 2}, {"max_depth": 3}, rounds=2)) == 2
    assert not list(scratch.iterdir())


@pytest.mark.usefixtures("few")
def test_temporary_files_are_gone_after_a_failure(memory: Store, scratch: Path) -> None:
    world = make_world(memory, count=ROWS)
    here = prepared(world, "disk")
    last = world.split.train.manifest(memory).part_keys()[-1]
    memory.write_bytes(last, b"not Parquet")
    with pytest.raises(UserError, match="was changed after it was written"):
        grown(here.data, here.problem, {"max_depth": 2}, rounds=2)
    assert not list(scratch.iterdir())


@pytest.mark.usefixtures("few")
def test_an_interrupt_is_not_taken_for_the_end_of_the_rows(memory: Store) -> None:
    here = prepared(make_world(memory, count=ROWS), "streamed")
    stream = here.data.stream
    assert stream is not None

    def interrupted() -> Iterator[object]:
        parts = stream.parts()
        yield next(parts)
        raise KeyboardInterrupt

    broken = replace(here.data, stream=Stream(stream.memory, interrupted))  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        grown(broken, here.problem, {"max_depth": 2}, rounds=2)


@pytest.mark.usefixtures("few")
def test_a_disk_that_is_too_small_is_one_message(memory: Store, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = prepared(make_world(memory, count=ROWS), "disk")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**6, 10**6 - 5_000, 5_000))
    with pytest.raises(UserError, match=r"1,800 training rows needs .* and .*scratch has 5kB free: .*TMPDIR"):
        grown(here.data, here.problem, {"max_depth": 2}, rounds=2)
    assert not list(scratch.iterdir())


@pytest.mark.parametrize(
    ("limit", "way"), [(20 * GB, "streamed"), (6 * GB, "streamed"), (4 * GB, "streamed"), (2 * GB, "disk")]
)
def test_the_estimate_picks_the_way(memory: Store, limit: int, way: str) -> None:
    snapshot = make_world(memory).split.train.model_copy(update={"rows": 20_000_000})
    found = memory_of(memory, snapshot, columns=30, gaps=False, classes=1, sample=1_000_000, limit=limit)
    assert found.way == way
    assert found.whole > found.streamed > found.disk


def test_rows_that_fit_are_read_whole(memory: Store) -> None:
    snapshot = make_world(memory).split.train.model_copy(update={"rows": 500_000})
    assert sample_rows(memory, snapshot, 6 * GB) is None
    found = memory_of(memory, snapshot, columns=30, gaps=True, classes=1, sample=None, limit=6 * GB)
    assert found.way == "whole"
    assert sample_rows(memory, snapshot, 550_000_000) in (125_000, 62_500)


def test_memory_that_is_far_too_small_is_one_message(memory: Store) -> None:
    snapshot = make_world(memory).split.train.model_copy(update={"rows": 500_000})
    with pytest.raises(UserError, match=r"`tune\.memory` is 100MB, and these rows need .* at the least"):
        sample_rows(memory, snapshot, GB // 10)


@pytest.mark.usefixtures("few")
def test_a_sample_is_drawn_once_and_keeps_the_order(memory: Store) -> None:
    whole = make_world(memory, count=ROWS).split.train
    drawn = stored_sample(memory, whole, 500, seed=3)
    at = drawn.read(memory)["at"]
    assert len(at) == 500
    assert at.is_monotonic_increasing
    assert at.is_unique
    for key in whole.manifest(memory).part_keys():
        memory.write_bytes(key, b"gone")
    assert stored_sample(memory, whole, 500, seed=3) == drawn


def machine(root: Path, files: dict[str, str]) -> Path:
    for name, text in {"proc/meminfo": "MemTotal: 16000000 kB\nMemAvailable: 12000000 kB\n", **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_a_machine_offers_a_share_of_its_memory(tmp_path: Path) -> None:
    assert offered(root=machine(tmp_path, {})) == int(16_000_000 * 1024 * 0.6)


@pytest.mark.parametrize(
    "files",
    [
        {"proc/self/cgroup": "0::/job\n", "sys/fs/cgroup/job/memory.max": "2000000000",
         "sys/fs/cgroup/job/memory.current": "900000000", "sys/fs/cgroup/job/memory.stat": "inactive_file 400000000\n"},
        {"sys/fs/cgroup/memory.max": "2000000000", "sys/fs/cgroup/memory.current": "500000000"},
        {"proc/self/cgroup": "4:memory:/a/b\n", "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "2000000000",
         "sys/fs/cgroup/memory/a/memory.usage_in_bytes": "500000000"},
    ],
    ids=["version 2", "version 2, the container's own root", "version 1, the group above"],
)  # fmt: skip
def test_a_container_offers_a_share_of_its_limit(tmp_path: Path, files: dict[str, str]) -> None:
    assert offered(root=machine(tmp_path, files)) == int(2e9 * 0.6)


def test_a_container_that_is_nearly_full_offers_what_is_left(tmp_path: Path) -> None:
    files = {"sys/fs/cgroup/memory.max": "2000000000", "sys/fs/cgroup/memory.current": "1900000000"}
    assert offered(root=machine(tmp_path, files)) == int(1e8 * 0.9)


@given(st.integers(1_000, 10**15).map(lambda number: number / 1000), st.sampled_from(["kB", "MB", "GB", "TB"]))
def test_sizes_are_read_as_written(number: float, unit: str) -> None:
    size = parse_size(f"{number:.3f}{unit}")
    assert size == pytest.approx(number * {"kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}[unit], abs=1)
    assert parse_size(size_text(size)) == pytest.approx(size, rel=0.01, abs=10)


@pytest.mark.parametrize("wrong", ["6", "GB", "-1GB", "6 gigabytes", "0GB", True, 1.5, 0])
def test_what_is_no_size_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match="a size is a number"):
        parse_size(wrong)
