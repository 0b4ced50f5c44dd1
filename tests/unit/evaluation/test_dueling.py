"""Challenger against champion: bounds that know of rows and of seeds, second opinions, and slices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from benchmarks.gate.simulating import compared, racer
from tidemill.evaluation.areas import Area
from tidemill.evaluation.dueling import Duel
from tidemill.evaluation.field import Field, Racer, Role, measure
from tidemill.evaluation.luck import luck_of
from tidemill.evaluation.metrics import statistic
from tidemill.evaluation.opinions import delong, mcnemar
from tidemill.evaluation.slice_tests import slice_tests
from tidemill.learning.orders import Lists
from tidemill.learning.queries import Queries
from tidemill.results import SliceTest
from tidemill.usecase.schema import UseCase

KINDS = {"region": "category", "age": "number", "at": "time"}


def use_case(**sections: object) -> UseCase:
    said = {"name": "toy", "sources": {"rows": {"url": "rows.csv"}}, "target": {"column": "bought"}, "time": "at"}
    return UseCase.model_validate({**said, "evaluate": {"resamples": 100}, **sections})


def table(rows: int, random: np.random.Generator) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "region": random.choice(["north", "south", "east", "west"], rows),
            "age": random.integers(18, 80, rows).astype(float),
            "at": pd.date_range("2024-01-01", periods=rows, freq="h", tz="UTC"),
        }
    )


def model(signal: np.ndarray, noise: float, boosters: int, random: np.random.Generator) -> np.ndarray:
    """Boosters that each see the signal through noise of their own: shape ``(boosters, rows)``."""
    return signal + random.normal(0, noise, (boosters, len(signal)))


def coin(signal: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return (random.uniform(size=len(signal)) < 1 / (1 + np.exp(-signal))).astype(np.float64)


def test_the_same_model_with_other_seeds_is_promoted_no_more_often_than_stated() -> None:
    """Forty comparisons; at the stated 5 % more than six promotions would come of chance once in 300 such tests."""
    case, random = use_case(), np.random.default_rng(8)
    promoted = 0
    for _ in range(40):
        frame, signal = table(800, random), random.normal(size=800)
        target = coin(signal, random)
        both = [model(signal, 0.9, 4, random) for _ in range(2)]
        promoted += compared(case, KINDS, frame, target, *both).passed
    assert promoted <= 6


def test_a_truly_better_model_is_promoted() -> None:
    case, random = use_case(), np.random.default_rng(9)
    promoted = 0
    for _ in range(6):
        frame, signal = table(4_000, random), random.normal(size=4_000)
        target = coin(signal, random)
        worse = model(0.5 * signal, 0.4, 4, random) + 0.4 * random.normal(size=4_000)
        promoted += compared(case, KINDS, frame, target, model(signal, 0.4, 4, random), worse).passed
    assert promoted >= 5


def test_a_region_that_gets_worse_is_found_and_named() -> None:
    case, random = use_case(), np.random.default_rng(10)
    frame, signal = table(6_000, random), random.normal(size=6_000)
    target = coin(2 * signal, random)
    champion = model(signal + 0.8 * random.normal(size=6_000), 0.1, 3, random)
    ours = model(signal, 0.1, 3, random)
    old_and_north = (frame["region"] == "north") & (frame["age"] > 60)
    ours[:, old_and_north.to_numpy()] = random.normal(size=(3, int(old_and_north.sum())))
    found = compared(case, KINDS, frame, target, ours, champion)
    assert found.champion is not None
    assert found.champion.difference.low > 0
    worse = [one.said.english for one in found.findings if one.rule == "slices" and one.verdict == "fail"]
    assert any("age is above 6" in one or "region is north" in one for one in worse), worse
    assert not found.passed


def test_what_is_searched_for_on_one_half_is_tested_on_the_other() -> None:
    """On pairs that differ by chance alone, searched slices are called worse as often as their p says."""
    case, random = use_case(), np.random.default_rng(11)
    chances: list[float] = []
    for _ in range(10):
        frame, signal = table(1_200, random), random.normal(size=1_200)
        target = coin(signal, random)
        found = compared(case, KINDS, frame, target, *(model(signal, 0.6, 3, random) for _ in range(2)))
        chances += [one.p for one in found.slices if one.origin == "searched"]
    assert len(chances) >= 15
    assert binomtest(sum(p < 0.2 for p in chances), len(chances), 0.2, alternative="greater").pvalue > 0.01


def test_luck_is_how_far_other_seeds_move_the_lead() -> None:
    random = np.random.default_rng(12)
    signal = random.normal(size=3_000)
    target = coin(signal, random)

    def area(scores: np.ndarray) -> float:
        return Area.of(target == 1, scores.mean(axis=0)).value()

    leads, estimated = [], []
    for _ in range(60):
        pair = [model(signal, 1.0, 5, random) for _ in range(2)]
        leads.append(area(pair[0]) - area(pair[1]))
        lesser = [[area(np.delete(one, place, axis=0)) for place in range(5)] for one in pair]
        luck = luck_of(lesser, [5, 5])
        assert luck is not None
        estimated.append(luck.spread**2)
    assert np.sqrt(np.mean(estimated)) == pytest.approx(np.std(leads), rel=0.25)


def test_a_single_booster_is_taken_to_be_as_lucky_as_one_of_the_others() -> None:
    several = [0.70, 0.71, 0.72]
    luck, both = luck_of([[], several], [1, 3]), luck_of([several, several], [3, 3])
    assert luck is not None
    assert both is not None
    assert luck.spread == pytest.approx(both.spread * np.sqrt((3 + 1) / 2))
    assert luck_of([[], []], [1, 1]) is None


def test_delongs_bound_is_the_bootstraps() -> None:
    random = np.random.default_rng(13)
    signal = random.normal(size=4_000)
    target = coin(signal, random)
    ours, theirs = (racer(name, "challenger", model(signal, 0.5, 1, random)) for name in ("a", "b"))
    areas = [Area.of(target == 1, one.answers) for one in (ours, theirs)]
    case = use_case(evaluate={"resamples": 1000})
    field = Field("binary", "auc", target, (replace(ours), replace(theirs, role="baseline")))
    lead = measure(field, case).lead(field.racers[1], "auc", 0.025)
    opinion = delong(areas[0], areas[1], 4_000, 0.025)
    assert opinion.low == pytest.approx(lead.low, abs=0.2 * lead.error)
    assert (opinion.p < 0.025) == (opinion.low is not None and opinion.low > 0)


def test_mcnemars_p_is_the_exact_one_less_half_of_what_was_seen() -> None:
    ours = np.array([1.0] * 15 + [0.0] * 5 + [1.0] * 30)
    theirs = np.array([0.0] * 15 + [1.0] * 5 + [1.0] * 30)
    exact = binomtest(15, 20, 0.5, alternative="greater").pvalue
    point = binomtest(15, 20, 0.5, alternative="greater").pvalue - binomtest(16, 20, 0.5, alternative="greater").pvalue
    assert mcnemar(ours, theirs).p == pytest.approx(exact - point / 2)
    assert mcnemar(ours, ours).p == 1.0


@pytest.mark.parametrize("metric", ["log_loss", "accuracy", "f1", "average_precision"])
def test_every_metric_of_two_classes_is_tested_in_slices(metric: str) -> None:
    case, random = use_case(tune={"metric": metric}), np.random.default_rng(14)
    frame, signal = table(1_600, random), random.normal(size=1_600)
    target = coin(signal, random)
    ours, worse = (model(signal, noise, 3, random) for noise in (0.3, 2.5))
    found = compared(case, KINDS, frame, target, worse, ours, metric)
    assert {one.column for one in found.slices} >= {"region", "at"}
    assert all(0 <= one.p <= 1 for one in found.slices)
    assert np.mean([one.lead for one in found.slices]) < 0
    assert not found.passed


def lists_of(rows: int, a_query: int) -> Lists:
    return Lists(Queries(np.repeat(np.arange(rows // a_query), a_query)), "exponential")


@pytest.mark.parametrize("task", ["regression", "ranking", "weighted"])
def test_other_tasks_are_compared_and_tested(task: str) -> None:
    random = np.random.default_rng(15)
    rows = 1_600
    frame = table(rows, random)
    signal = random.normal(size=rows)
    lists = lists_of(rows, 8) if task == "ranking" else None
    if lists is not None:
        frame["region"] = np.repeat(random.choice(["north", "south"], rows // 8), 8)
    target = np.clip(np.round(signal + 1.5), 0, 4) if lists is not None else signal
    weights = random.uniform(0.2, 2.0, rows) if task == "weighted" else None
    close, far = (signal + random.normal(0, noise, (3, rows)) for noise in (0.2, 0.6))

    def numbers(name: str, role: Role, parts: np.ndarray) -> Racer:
        lesser = tuple(np.delete(parts, place, axis=0).mean(axis=0) for place in range(3))
        return Racer(name, role, parts.mean(axis=0), lesser=lesser, boosters=3)

    metric = "ndcg@10" if lists is not None else "rmse"
    racers = (numbers("this model", "challenger", close), numbers("champion", "champion", far))
    field = Field("ranking" if lists is not None else "regression", metric, target, racers, weights, lists)
    case = use_case(gate={"slices": {"margin": 0.0}})
    standings, duel = measure(field, case), Duel.of(case, field)
    lead = duel.whole(standings)
    assert lead.low > 0
    assert lead.luck is not None
    assert lead.opinion is None
    tests: tuple[SliceTest, ...] = slice_tests(case, duel, frame, KINDS, {})
    assert any(one.column == "region" for one in tests)
    assert all(one.p > 0.05 for one in tests)
    backwards = replace(duel, ours=duel.theirs, theirs=duel.ours)
    assert min(one.p for one in slice_tests(case, backwards, frame, KINDS, {})) < 0.01


def test_values_of_persons_are_not_named() -> None:
    case, random = use_case(evaluate={"slices": ["region"], "resamples": 100}), np.random.default_rng(16)
    frame, signal = table(1_200, random), random.normal(size=1_200)
    target = coin(signal, random)
    racers = (
        racer("a", "challenger", model(signal, 0.3, 2, random)),
        racer("b", "champion", model(signal, 0.3, 2, random)),
    )
    duel = Duel.of(case, Field("binary", "auc", target, racers))
    found = slice_tests(case, duel, frame, KINDS, {"region": "name"})
    assert "region" in {one.column for one in found}
    assert not any(name in one.value for one in found for name in ("north", "south", "east", "west"))


def test_the_statistic_is_the_metric_on_the_rows() -> None:
    random = np.random.default_rng(17)
    signal = random.normal(size=400)
    target = coin(signal, random)
    racers = (
        racer("a", "challenger", model(signal, 0.3, 2, random)),
        racer("b", "champion", model(signal, 1.0, 2, random)),
    )
    duel = Duel.of(use_case(), Field("binary", "auc", target, racers))
    some = np.arange(0, 400, 2)
    values = [statistic("auc", target[some], one.answers[some]).value() for one in racers]
    assert duel.moved(some)[0] == pytest.approx(values[0] - values[1])
