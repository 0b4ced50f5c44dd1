"""A forecast as a Model: one answer by frame, by row and by file, judged against the seasonal naive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.unit.forecasting.rides import make_use_case, rides
from tidemill.erasing.models import redact_models
from tidemill.erasing.texts import Names
from tidemill.errors import UserError
from tidemill.forecasting import History
from tidemill.learning.baselines import race
from tidemill.learning.model import Model
from tidemill.learning.preparing import prepare
from tidemill.learning.rows import RowPredictor
from tidemill.learning.training import train
from tidemill.learning.tuning import tune
from tidemill.results import ClassCount, Labelled, ModelReference, Split
from tidemill.snapshot import write_snapshot
from tidemill.store import Store
from tidemill.usecase.schema import UseCase


@dataclass(frozen=True)
class World:
    store: Store
    use_case: UseCase
    labelled: Labelled
    split: Split
    model: ModelReference
    frame: pd.DataFrame


def labelled(store: Store, frame: pd.DataFrame, task: str = "regression") -> Labelled:
    return Labelled.model_validate(
        {
            "snapshot": write_snapshot(store, "rides", "labelled", frame),
            "quarantine": None,
            "refused": {},
            "waiting": 0,
            "task": task,
            "classes": (ClassCount(label="a", rows=1), ClassCount(label="b", rows=1)) if task == "binary" else (),
        }
    )


def divided(store: Store, frame: pd.DataFrame, days: int) -> Split:
    boundary = frame["at"].max() - timedelta(days=days)
    return Split(
        by="time",
        train=write_snapshot(store, "rides", "train", frame[frame["at"] < boundary]),
        gate=write_snapshot(store, "rides", "gate", frame[frame["at"] >= boundary]),
        boundary=boundary.to_pydatetime(),
    )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    store, use_case, frame = Store(str(tmp_path_factory.mktemp("lake"))), make_use_case(), rides(50)
    labels, split = labelled(store, frame), divided(store, frame, 8)
    study = tune(store, use_case, labels, split, {}, budget=60.0, trials=2)
    return World(store, use_case, labels, split, train(store, use_case, labels, split, study, {}), frame)


def tomorrow(frame: pd.DataFrame) -> pd.DataFrame:
    at = frame["at"].max() + pd.to_timedelta(np.arange(1, 25), unit="h")
    return pd.DataFrame(
        {"at": np.tile(at, 3), "station": np.repeat(["north", "south", "new"], 24), "holiday": False}
    ).astype({"at": "datetime64[us, UTC]"})


def as_rows(frame: pd.DataFrame) -> list[dict[str, object]]:
    said = frame.assign(at=[moment.isoformat() for moment in frame["at"]]).astype(object)
    return said.where(said.notna(), None).to_dict("records")


def test_frame_rows_and_one_row_at_a_time_answer_alike(world: World) -> None:
    model = Model.load(world.store, world.model)
    asked = tomorrow(world.frame)
    by_frame = model.predict(asked)
    served = RowPredictor(model)
    assert pd.DataFrame(served.predict(as_rows(asked))).equals(by_frame)
    alone = [served.predict([row])[0] for row in as_rows(asked)]
    assert pd.DataFrame(alone).equals(by_frame)
    assert by_frame["prediction"].nunique() > 24


def test_what_is_made_of_the_past_counts_as_the_column_that_it_is_of(world: World) -> None:
    model = Model.load(world.store, world.model)
    asked = tomorrow(world.frame)
    found = model.explain(asked)
    assert "rides" in found.contributions
    assert set(found.contributions) <= set(world.frame.columns)
    np.testing.assert_allclose(found.score, model.predict(asked)["prediction"], rtol=1e-4, atol=1e-3)
    plain = [{**row, "at": row["at"].isoformat()} for row in asked.to_dict("records")]
    _, served = RowPredictor(model).explain(plain)
    np.testing.assert_allclose(served.contributions, found.contributions[served.contributions.columns], atol=1e-6)


def test_rows_that_bring_their_target_are_known_past_by_every_door(world: World) -> None:
    model = Model.load(world.store, world.model)
    newest = world.frame.tail(2 * 24 * 3).reset_index(drop=True)
    newest = newest.assign(rides=newest["rides"] + 50.0)
    asked = tomorrow(world.frame)
    both = pd.concat([newest, asked], ignore_index=True)
    by_frame = model.predict(both)
    assert pd.DataFrame(RowPredictor(model).predict(as_rows(both))).equals(by_frame)
    remembered = model.remembering([newest]).predict(asked)
    assert by_frame.tail(len(asked)).reset_index(drop=True).equals(remembered)
    assert not model.predict(asked).equals(remembered)


def test_a_row_brings_its_time_its_series_and_what_is_known(world: World) -> None:
    model = Model.load(world.store, world.model)
    assert {column.name for column in model.columns if column.required} == {"at", "station", "holiday"}
    asked = tomorrow(world.frame)
    with pytest.raises(UserError, match="no column `station`, which a forecast needs"):
        model.predict(asked.drop(columns="station"))
    with pytest.raises(UserError, match=r"row 3 \(counted from 0\) has nothing in column `station`"):
        model.predict(asked.assign(station=asked["station"].where(asked.index != 3)))
    served = RowPredictor(model)
    served.warm()
    for lacking, said in (({"station": "north", "holiday": False}, "no column `at`"), ({"at": None}, "no column")):
        with pytest.raises(UserError, match=said):
            served.predict([lacking])
    with pytest.raises(UserError, match=r"row 1 .* has 'many' in column `rides`, which is a number"):
        served.predict([{**row, "rides": "many" if place else 3} for place, row in enumerate(as_rows(asked)[:2])])


def test_the_memory_is_bounded_stored_by_hash_and_saved_again_alike(world: World, tmp_path: Path) -> None:
    model = Model.load(world.store, world.model)
    plan = model.description.forecast
    assert plan is not None
    assert plan.memory is not None
    assert plan.memory.until == world.frame["at"].max().to_pydatetime()
    assert plan.memory.rows == 2 * (plan.reach // plan.every)
    other = Store(str(tmp_path))
    again = Model.load(other, model.save(other, "rides"))
    assert again.predict(tomorrow(world.frame)).equals(model.predict(tomorrow(world.frame)))
    other.write_bytes(f"{world.model.prefix}/{plan.memory.file}", b"other")
    with pytest.raises(UserError, match=r"history\.parquet was changed after it was written"):
        Model.load(other, world.model)


def test_an_erased_series_is_forgotten_and_the_others_are_answered_as_before(world: World, memory: Store) -> None:
    model = Model.load(world.store, world.model)
    model.save(memory, "rides")
    names = Names(frozenset({"station"}), {"south": "(erased 1)"}, fold=False)
    (rows,) = redact_models(memory, "rides", names, "e1", keep=False).values()
    again = Model.load(memory, world.model)
    plan, before = again.description.forecast, model.description.forecast
    assert plan is not None and plan.memory is not None  # noqa: PT018
    assert before is not None and before.memory is not None  # noqa: PT018
    assert rows >= before.memory.rows - plan.memory.rows == before.memory.rows // 2
    known = History.from_parquet(memory.read_bytes(f"{world.model.prefix}/{plan.memory.file}"), plan)
    assert [key for key, _ in known.items()] == ['["north"]']
    asked = tomorrow(world.frame)
    north = (asked["station"] == "north").to_numpy()
    assert again.predict(asked)[north].equals(model.predict(asked)[north])
    assert sum(key.endswith(".parquet") for key in memory.list()) == 1


def test_the_seasonal_naive_is_raced_and_beaten(world: World) -> None:
    raced = race(world.store, world.use_case, world.labelled, world.split, {})
    gate = world.split.gate.read(world.store)
    name = next(name for name in raced if name.startswith("seasonal naive"))
    north = world.frame[world.frame["station"] == "north"].set_index("at")["rides"]
    asked = gate["station"] == "north"
    season = timedelta(days=1) if "(1d)" in name else timedelta(days=7)
    assert raced[name][asked.to_numpy()].tolist() == north[gate["at"][asked] - season].tolist()
    model = Model.load(world.store, world.model).informed(world.store, (world.split.train, world.split.gate))
    errors = {
        what: float(np.sqrt(np.mean((values - gate["rides"]) ** 2)))
        for what, values in {**raced, "model": model.values(gate.drop(columns="rides"))}.items()
    }
    assert errors["model"] < errors[name] < errors["constant"]


def test_nothing_is_learnt_from_rows_within_the_horizon_of_what_judges(world: World) -> None:
    prepared = prepare(world.store, world.use_case, world.labelled, world.split, {})
    whole = world.split.train.read(world.store)
    kept = whole[whole["at"] < world.split.boundary - timedelta(hours=24)]
    assert prepared.data.target.tolist() == kept["rides"].tolist()
    at = kept["at"].reset_index(drop=True)
    for fold in prepared.rungs[-1]:
        assert at[fold.check].min() - at[fold.fit].max() > timedelta(hours=24)


def test_another_horizon_or_series_is_another_study(world: World) -> None:
    ids = set()
    for forecast in ({}, {"series": [], "horizon": "24h"}, {"every": "2h"}):
        case = make_use_case(forecast=forecast)
        north = world.frame[world.frame["station"] == "north"].reset_index(drop=True)
        split = divided(world.store, north, 8)
        ids.add(tune(world.store, case, world.labelled, split, {}, budget=60.0, trials=1).id)
    assert len(ids) == 3


def test_classes_are_refused(world: World) -> None:
    with pytest.raises(UserError, match=r"`rides` was taken for classes .* say `task: regression`"):
        prepare(world.store, world.use_case, labelled(world.store, world.frame, "binary"), world.split, {})
