"""The use case that ships, on its real data: what comes in, what is refused, what leaks."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from tidemill.cleaning import clean
from tidemill.collecting import batches, collect
from tidemill.labelling import label
from tidemill.leaks import find_leaks
from tidemill.results import Cleaned, Collected, Labelled, Split
from tidemill.splitting import split
from tidemill.store import Store
from tidemill.usecase import UseCase, load_usecase

ROOT = Path(__file__).parents[3]
LEAKS = ["dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"]


class Run(NamedTuple):
    store: Store
    use_case: UseCase
    collected: Collected
    cleaned: Cleaned
    labelled: Labelled
    split: Split


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    store = Store(f"memory://{tmp_path_factory.mktemp('flights')}")
    use_case = load_usecase("flights", ROOT)
    collected = collect(store, use_case, until=use_case.split.gate_until)
    cleaned = clean(store, use_case, collected)
    labelled = label(store, use_case, cleaned)
    return Run(store, use_case, collected, cleaned, labelled, split(store, use_case, labelled, labelled.snapshot))


def test_the_data_is_small_and_whole() -> None:
    files = sorted((ROOT / "usecases/flights/data").glob("*.parquet"))
    assert len(files) == 24
    assert sum(file.stat().st_size for file in files) < 8_000_000
    flights = pd.concat([pd.read_parquet(file) for file in files if file.name.startswith("flights")])
    assert (len(flights), flights["arr_delay"].isna().sum()) == (336_776, 9_430)
    assert "CC0" in (ROOT / "usecases/flights/SOURCES.md").read_text()


def test_ten_months_are_collected_and_every_row_is_accounted_for(run: Run) -> None:
    assert run.collected.snapshot.rows == 281_297
    assert (run.cleaned.deduplicated, run.cleaned.refused) == (0, {})
    assert run.labelled.refused == {"the target `late` (arr_delay > 15) has no value": 8_016}
    assert {one.label: one.rows for one in run.labelled.classes} == {"on_time": 209_163, "late": 64_118}
    assert (run.split.train.rows, run.split.gate.rows, run.split.later) == (244_646, 28_635, 0)


def test_the_target_and_the_split_are_right(run: Run) -> None:
    frame = run.labelled.snapshot.read(run.store, ["late", "arr_delay", "time_hour", "minute", "scheduled_departure"])
    assert ((frame["arr_delay"] > 15) == (frame["late"] == 1)).all()
    assert (frame["time_hour"] + pd.to_timedelta(frame["minute"], unit="min") == frame["scheduled_departure"]).all()
    train = run.split.train.read(run.store, ["scheduled_departure"])["scheduled_departure"]
    gate = run.split.gate.read(run.store, ["scheduled_departure"])["scheduled_departure"]
    assert train.max() < pd.Timestamp("2013-10-01", tz="UTC") <= gate.min()
    assert gate.max() < pd.Timestamp("2013-11-01", tz="UTC")


def test_the_weather_is_the_newest_that_was_known(run: Run) -> None:
    columns = ["origin", "scheduled_departure", "temp", "visib"]
    flights = run.collected.snapshot.read(run.store, columns).sample(100, random_state=0)
    files = (ROOT / "usecases/flights/data").glob("weather-*.parquet")
    weather = pd.concat([pd.read_parquet(file) for file in files])
    for origin, moment, temp, visib in flights.itertuples(index=False):
        there = weather[weather["origin"] == origin]
        known = there["time_hour"] + timedelta(hours=1) <= moment
        fresh = there["time_hour"] >= moment - timedelta(hours=3)
        best = there[known & fresh].sort_values("time_hour").tail(1)
        assert [temp, visib] == pytest.approx(
            best[["temp", "visib"]].iloc[0].tolist() if len(best) else [np.nan] * 2, nan_ok=True
        )
    assert run.collected.sources[1].unmatched == 40


def test_the_leak_check_finds_all_five_when_nothing_is_forbidden_and_nothing_else(run: Run) -> None:
    frame = run.labelled.snapshot.read(run.store)
    assert run.labelled.quarantine is not None
    unlabelled = run.labelled.quarantine.read(run.store)
    assert find_leaks(run.use_case, frame, unlabelled, "late", "binary") == []
    rules = run.use_case.columns.model_copy(update={"forbid": ()})
    careless = run.use_case.model_copy(update={"columns": rules})
    started = time.perf_counter()
    found = find_leaks(careless, frame, unlabelled, "late", "binary")
    assert time.perf_counter() - started < 5
    assert sorted(leak.column for leak in found) == sorted(LEAKS)
    as_features = careless.model_copy(update={"id": ()})
    found = find_leaks(as_features, frame, unlabelled, "late", "binary")
    assert sorted(leak.column for leak in found) == sorted(LEAKS)


def test_november_is_collected_on_its_own_and_labelled_as_training_was(run: Run) -> None:
    since, until = datetime(2013, 11, 1, tzinfo=UTC), datetime(2013, 12, 1, tzinfo=UTC)
    collected = collect(run.store, run.use_case, since=since, until=until)
    labelled = label(run.store, run.use_case, clean(run.store, run.use_case, collected), like=run.labelled)
    assert collected.snapshot.rows == labelled.snapshot.rows + sum(labelled.refused.values()) == 27_200
    assert [one.label for one in labelled.classes] == ["on_time", "late"]


def test_scoring_reads_the_same_rows(run: Run) -> None:
    url = str(ROOT / "usecases/flights/data/flights-2013-03.parquet")
    frame = pd.concat(list(batches(run.use_case, url, 10_000)), ignore_index=True)
    collected = run.collected.snapshot.read(run.store)
    same = collected[collected["month"] == 3].reset_index(drop=True)
    pd.testing.assert_frame_equal(frame, same, check_dtype=False)
