"""What a study tells beyond its best trial: what matters, what lies at an end of its range, and the plateau."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.learning.world import make_world
from tidemill.learning.brought import Brought, read_brought
from tidemill.learning.findings import Edge, Findings, Plateau, find
from tidemill.learning.space import Space
from tidemill.learning.trials import Trial
from tidemill.store import Store

SPACE = Space("binary", ordered=False, categories=False)
KNOWN = {**SPACE.starting_points()[0], "colsample_bynode": 0.7}


def trial(number: int, value: float, *, seconds: float = 1.0, pruned: bool = False, **parameters: object) -> Trial:
    return Trial.model_validate(
        {
            "number": number,
            "state": "pruned" if pruned else "finished",
            "parameters": {**KNOWN, **parameters},
            "value": value,
            "folds": (value - 0.02, value, value + 0.02),
            "rounds": 10,
            "ran": 20,
            "reported": {2: value},
            "cut": False,
            "seconds": seconds,
        }
    )


def drawn(count: int, seed: int = 1) -> list[Trial]:
    """Trials at random, whose value hangs on the depth alone."""
    random = np.random.default_rng(seed)
    found = []
    for number in range(count):
        settings = {
            "max_depth": int(random.integers(2, 12)),
            "subsample": float(random.uniform(0.4, 1.0)),
            "gamma": float(10 ** random.uniform(-3, 1)),
            "learning_rate": float(0.03 * 10 ** random.uniform(0, 1)),
        }
        value = 0.8 - 0.01 * abs(settings["max_depth"] - 6) + float(random.normal(scale=0.0005))
        found.append(trial(number, value, **settings))
    return found


def test_the_setting_that_the_value_hangs_on_matters_most() -> None:
    importance = find(drawn(60), "auc").importance
    assert next(iter(importance)) == "max_depth"
    assert sum(importance.values()) == pytest.approx(1.0)


def test_what_is_said_does_not_change_and_few_trials_say_nothing() -> None:
    assert find(drawn(40), "auc") == find(drawn(40), "auc")
    assert find(drawn(10), "auc").importance == {}
    assert find([trial(number, 0.7) for number in range(30)], "auc").importance == {}
    assert find([], "auc") == Findings({}, (), None, {})


def test_the_best_trials_at_the_end_of_a_range_are_an_edge() -> None:
    deep = [trial(number, 0.9 + 0.001 * number, max_depth=11) for number in range(6)]
    plain = [trial(number, 0.5, max_depth=5) for number in range(6, 12)]
    assert find(deep + plain, "auc").edges == (Edge("max_depth", 11.0, "highest", 2, 11),)
    assert find(deep + plain, "log_loss").edges == ()


def test_one_lucky_trial_at_an_end_is_none() -> None:
    trials = [trial(0, 0.9, gamma=0.001), *(trial(number, 0.8, gamma=1.0) for number in range(1, 6))]
    assert find(trials, "auc").edges == ()


def test_edges_are_on_the_scale_that_is_searched() -> None:
    low = [trial(number, 0.9, min_child_weight=1.2e-5) for number in range(5)]
    assert [edge.end for edge in find(low, "auc").edges] == ["lowest"]
    middle = [trial(number, 0.9, min_child_weight=12.0) for number in range(5)]
    assert find(middle, "auc").edges == ()


@pytest.mark.parametrize(("metric", "sign"), [("auc", 1.0), ("rmse", -1.0)])
def test_the_plateau_is_what_the_last_of_the_time_brought(metric: str, sign: float) -> None:
    values = [0.5, 0.6, 0.7, 0.7, 0.65, 0.6, 0.69, 0.7003, 0.7, 0.6]
    trials = [trial(number, sign * value) for number, value in enumerate(values)]
    plateau = find(trials, metric).plateau
    assert plateau is not None
    assert plateau.gain == pytest.approx(0.0003)
    assert plateau.found_at == pytest.approx(0.8)
    assert plateau.noise == pytest.approx(0.02 / 3**0.5)
    assert plateau.reached
    late = find([*trials, trial(10, sign * 0.9, seconds=0.1)], metric).plateau
    assert late is not None
    assert not late.reached
    assert Plateau(0.4, 0.0, 0.3, None).reached


def test_what_was_given_up_early_is_not_the_best() -> None:
    trials = [trial(number, 0.7) for number in range(9)]
    plateau = find([*trials, trial(9, 0.99, pruned=True)], "auc").plateau
    assert plateau is not None
    assert plateau.gain == 0.0


def test_what_averaging_and_calibrating_brought_is_kept_beside_the_model(memory: Store) -> None:
    from tidemill.learning.training import train

    world = make_world(memory)
    study = world.tune(trials=6)
    model = train(memory, world.use_case, world.labelled, world.split, study, {})
    found = read_brought(memory, model)
    assert isinstance(found, Brought)
    assert found.best == study.best_value
    assert found.together >= found.best
    assert found.calibrated is not None
    assert found.uncalibrated is not None
    assert 0 < found.calibrated <= found.uncalibrated
    memory.write_json(f"{model.prefix}/brought.json", {"format": 2})
    assert read_brought(memory, model) is None
    memory.delete(f"{model.prefix}/brought.json")
    assert read_brought(memory, model) is None


def test_the_space_is_that_of_the_trials() -> None:
    space = find(drawn(5), "auc").space
    kind = SPACE.distributions()["max_depth"]
    assert space["max_depth"] == (kind.low, kind.high)  # type: ignore[attr-defined]
    assert "max_cat_to_onehot" not in space
