"""Training: what tuning stored is taken as it is, and a stored Study always gives the same Model."""

from __future__ import annotations

import pytest

from tests.unit.learning.world import World, make_world
from tidemill.errors import UserError
from tidemill.learning import preparing
from tidemill.learning.training import train
from tidemill.results import ModelReference, Study
from tidemill.store import Store


def trained(world: World, study: Study) -> ModelReference:
    return train(world.store, world.use_case, world.labelled, world.split, study, {})


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_recipe_is_fitted_once_and_a_second_fit_would_be_the_same(
    memory: Store, monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    world = make_world(memory, task, count=400)  # type: ignore[arg-type]
    study = world.tune(trials=2)
    with monkeypatch.context() as patched:
        patched.delattr(preparing, "fit_recipe")
        first = trained(world, study)
    memory.delete(f"{study.prefix}/recipe.json")
    assert trained(world, study) == first


def test_by_the_clock_what_became_of_the_plan_is_kept(memory: Store) -> None:
    world = make_world(memory)
    study = world.tune(trials=None, budget=3.0)
    first = trained(world, study)
    kept = memory.read_json(f"{study.prefix}/fits.json")
    assert [one["fit"]["trial"] for one in kept["grown"]]
    assert trained(world, study.model_copy(update={"fit_seconds": 0.0})) == first


def test_without_any_time_left_there_is_one_booster_that_has_learnt_something(memory: Store) -> None:
    world = make_world(memory)
    study = world.tune(trials=4)
    trained(world, study.model_copy(update={"fit_seconds": 0.0}))
    (grown,) = memory.read_json(f"{study.prefix}/fits.json")["grown"]
    planned = study.fits[0]
    assert grown["fit"]["trial"] == planned.trial
    progress = grown["fit"]["rounds"] * grown["fit"]["learning_rate"]
    assert progress >= min(4.0, planned.rounds * planned.learning_rate)
    assert grown["fit"]["rounds"] < planned.rounds


@pytest.mark.parametrize("name", ["recipe.json", "fits.json"])
def test_what_a_newer_version_stored_is_refused(memory: Store, name: str) -> None:
    world = make_world(memory)
    study = world.tune(trials=None, budget=2.0)
    trained(world, study)
    key = f"{study.prefix}/{name}"
    memory.write_json(key, {**memory.read_json(key), "format": 2})
    with pytest.raises(UserError, match=rf"{name} has format 2; this Tidemill reads up to 1: upgrade it"):
        trained(world, study)
