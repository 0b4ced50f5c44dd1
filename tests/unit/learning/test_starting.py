"""What a study tries first: the settings of the champion, within today's space, then those that do well in most places."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.lineage import made_up_balance, made_up_lineage, write_model
from tests.unit.learning.test_tuning import content, copy_of
from tests.unit.learning.world import World, make_world
from tidemill.learning.space import Space
from tidemill.learning.starting import fitted_into
from tidemill.learning.trials import TrialLog
from tidemill.registry import Registry
from tidemill.results import Study
from tidemill.store import Store

SPACE = Space("binary", ordered=True, categories=True)
KNOWN = SPACE.starting_points()


def crown(store: Store, study: Study) -> None:
    """Make the study's model the champion."""
    lineage = made_up_lineage().model_copy(update={"study": study})
    write_model(store, lineage, 0)
    registry = Registry(store, "toy")
    version = registry.register(lineage, balance=made_up_balance(), excluded={})
    registry.decide(version.version, "promote", "the first")


@pytest.fixture(scope="module")
def crowned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Study]:
    """A lake whose champion came from a study of other rows. Tests only read from it."""
    store = Store(f"memory://{tmp_path_factory.mktemp('crowned')}")
    study = make_world(store, count=700).tune(trials=6)
    crown(store, study)
    return store, study


@pytest.fixture
def earlier(crowned: tuple[Store, Study], memory: Store) -> tuple[Store, Study]:
    """A copy of that lake for a test alone."""
    store, study = crowned
    return copy_of(store, memory.url), study


def first_settings(world: World, study: Study) -> dict[str, Any]:
    return dict(TrialLog(world.store, study.prefix).read()[0].parameters)


def test_the_champions_settings_come_first_and_are_part_of_what_the_study_is(earlier: tuple[Store, Study]) -> None:
    store, before = earlier
    world = make_world(store)
    alone = make_world(Store(f"{store.url}-alone"))
    study, without = world.tune(trials=2), alone.tune(trials=2)
    assert first_settings(world, study) == before.best_parameters
    assert first_settings(alone, without) == KNOWN[0]
    assert study.id != without.id
    other = copy_of(store, f"{store.url}-copy")
    assert make_world(other).tune(trials=2) == study
    assert content(other, study.prefix) == content(store, study.prefix)


def test_the_study_that_the_champion_came_from_goes_on(memory: Store) -> None:
    world = make_world(memory)
    few = world.tune(trials=2)
    crown(memory, few)
    more = world.tune(trials=4)
    assert (more.id, more.trials) == (few.id, 4)


def test_a_study_that_began_with_a_champion_goes_on_when_its_own_model_is_crowned(
    earlier: tuple[Store, Study],
) -> None:
    store, _ = earlier
    world = make_world(store)
    few = world.tune(trials=2)
    crown(store, few)
    assert world.tune(trials=3).id == few.id


def test_a_champion_whose_study_is_gone_is_no_matter(earlier: tuple[Store, Study]) -> None:
    store, before = earlier
    for key in store.list(before.prefix):
        store.delete(key)
    world = make_world(store)
    assert first_settings(world, world.tune(trials=1)) == KNOWN[0]


VALUES = some.one_of(some.none(), some.booleans(), some.integers(-1000, 1000), some.floats(-1e6, 1e6), some.text())


@given(some.dictionaries(some.sampled_from([*SPACE.distributions(), "gone"]), VALUES))
def test_any_earlier_settings_fit_into_the_space(settings: dict[str, Any]) -> None:
    space = SPACE.distributions()
    fitted = fitted_into(settings, space, KNOWN[0])
    assert fitted.keys() == space.keys()
    for name, kind in space.items():
        assert kind._contains(kind.to_internal_repr(fitted[name]))
    assert fitted_into(fitted, space, KNOWN[1]) == fitted
