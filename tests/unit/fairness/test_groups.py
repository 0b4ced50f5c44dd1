"""Groups, what is measured of them, and when a gap is more than chance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.fairness.made import as_two_classes, binary_field, by_level, gaps, measured_of
from tidemill.evaluation.field import Field, Racer
from tidemill.fairness.grouping import groups_of
from tidemill.fairness.measuring import measure
from tidemill.learning.orders import Lists
from tidemill.learning.queries import Queries

LEVELS = st.lists(st.one_of(st.none(), st.sampled_from("abcdefghijklmnopqrstuvwxyz")), min_size=1, max_size=120)
NUMBERS = st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), min_size=1, max_size=120)


@given(st.one_of(LEVELS, NUMBERS), st.booleans(), st.sampled_from([(), (0.0,), (-5.0, 1.5, 99.0)]))
def test_every_row_is_of_one_group(values: list[object], masked: bool, bands: tuple[float, ...]) -> None:
    groups = groups_of(pd.Series(values), bands, fewest=10, masked=masked)
    places = np.concatenate([group.rows for group in groups])
    assert sorted(places) == list(range(len(values)))
    assert len({group.value for group in groups}) == len(groups)


def test_bands_are_from_their_lower_edge_to_below_their_upper_one() -> None:
    groups = groups_of(pd.Series([24, 25, 39, 40, None, 70]), (25, 40), fewest=1, masked=False)
    assert [(group.value, list(group.rows)) for group in groups] == [
        ("under 25", [0]),
        ("25 to under 40", [1, 2]),
        ("40 and more", [3, 5]),
        ("missing", [4]),
    ]


def test_rare_values_of_a_personal_column_are_not_named() -> None:
    values = pd.Series(["Jakarta"] * 60 + ["Kupang"] * 3 + ["Sabang"])
    assert [group.value for group in groups_of(values, (), fewest=50, masked=True)] == ["Jakarta", "2 other values"]
    assert len(groups_of(values, (), fewest=50, masked=False)) == 3


@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_values_are_fairlearns_and_intervals_are_as_wide_as_theory_has_them(task: str, weights: bool) -> None:
    from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate, true_positive_rate

    names = np.random.default_rng(1).choice(["men", "women"], 600)
    field = binary_field(names, {"men": 0.5, "women": 0.3}, 2, weights=weights)
    said = (field.challenger.answers >= 0.5).astype(int)
    groups, label = by_level(names), None
    if task == "multiclass":
        field, label = as_two_classes(field), "yes"
    found = dict(zip((group.value for group in groups), measured_of(field, groups, 400), strict=True))
    metrics = {"selection_rate": selection_rate, "tpr": true_positive_rate, "fpr": false_positive_rate}
    theirs = MetricFrame(
        metrics=metrics,
        y_true=field.target,
        y_pred=said,
        sensitive_features=names,
        sample_params={name: {"sample_weight": field.weights} for name in metrics} if weights else None,
    )
    for group in ("men", "women"):
        for name in metrics:
            ours = found[group][name, label]
            assert ours.draws.value == pytest.approx(theirs.by_group.loc[group, name])
            assert ours.draws.value == pytest.approx(ours.draws.draws.mean(), abs=0.01)
            if not weights:
                theory = np.sqrt(ours.draws.value * (1 - ours.draws.value) / ours.rows)
                assert ours.draws.draws.std() == pytest.approx(theory, rel=0.15)


def test_groups_that_are_treated_alike_are_seldom_called_apart() -> None:
    wrong = 0
    for seed in range(60):
        names = np.random.default_rng(seed).choice(["a", "b", "c"], 300)
        groups = by_level(names)
        field = as_two_classes(binary_field(names, dict.fromkeys("abc", 0.4), 99 + seed))
        found = gaps(measured_of(field, groups, 200), groups, {})
        wrong += any(gap.verdict == "beyond" for gap in found.values())
    assert wrong <= 5


def test_a_gap_beyond_its_limit_is_found_and_one_within_is_left_alone() -> None:
    names = np.random.default_rng(1).choice(["men", "women"], 3000)
    groups = by_level(names)
    measured = measured_of(binary_field(names, {"men": 0.5, "women": 0.3}, 2), groups)
    found = gaps(measured, groups, {"selection_rate": 0.1, "tpr": 0.4, "selection_ratio": 0.8, "fpr": 0.19})
    gap = found["selection_rate", None]
    assert (gap.verdict, gap.high_group, gap.low_group) == ("beyond", "men", "women")
    assert 0.1 < gap.size.low < 0.2 < gap.size.high < 0.3
    assert found["tpr", None].verdict == "within"
    assert found["selection_ratio", None].verdict == "beyond"
    assert found["selection_ratio", None].size.value == pytest.approx(gap.low / gap.high)
    assert found["fpr", None].verdict in ("may be chance", "within")


def test_a_share_of_none_of_a_few_rows_proves_little() -> None:
    names = np.array(["few"] * 25 + ["many"] * 2000)
    groups = by_level(names)
    measured = measured_of(binary_field(names, {"few": 0.0, "many": 0.1}, 4), groups)
    assert measured[1]["selection_rate", None].draws.value == 0.0
    assert gaps(measured, groups, {"selection_rate": 0.02})["selection_rate", None].verdict == "may be chance"


def test_groups_with_too_few_rows_are_not_compared() -> None:
    names = np.array(["few"] * 30 + ["many"] * 500)
    groups = by_level(names)
    measured = measured_of(binary_field(names, {"few": 0.9, "many": 0.1}, 4), groups)
    assert not gaps(measured, groups, {}, fewest=50)
    assert ("tpr", None) not in gaps(measured, groups, {}, fewest=30)


def test_of_several_classes_each_is_a_question() -> None:
    random = np.random.default_rng(3)
    target = random.integers(0, 3, 900).astype(np.float64)
    answers = random.dirichlet([1, 1, 1], 900)
    names = np.where(answers.argmax(axis=1) == 2, "gets c", "others")
    field = Field("multiclass", "log_loss", target, (Racer("this model", "challenger", answers),))
    groups = by_level(names)
    found = gaps(measure(field, ["a", "b", "c"], groups, resamples=100, seed=1), groups, {})
    assert found["selection_rate", "c"].size.value == 1.0
    assert found["selection_rate", "c"].verdict == "beyond"
    assert {label for _, label in found} == {"a", "b", "c", None}


def test_numbers_are_compared_by_their_errors() -> None:
    random = np.random.default_rng(3)
    names = np.where(np.arange(800) % 2, "north", "south")
    target = random.normal(size=800)
    answers = target + np.where(names == "north", 0.5, 0.0) + random.normal(scale=0.1, size=800)
    field = Field("regression", "rmse", target, (Racer("this model", "challenger", answers),))
    groups = by_level(names)
    found = gaps(measure(field, [], groups, resamples=100, seed=1), groups, {"error": 0.6})
    assert set(found) == {("calibration", None), ("error", None)}
    assert found["calibration", None].size.value == pytest.approx(0.5, abs=0.05)
    assert found["calibration", None].verdict == "beyond"
    assert found["error", None].verdict == "within"


def test_in_lists_a_group_at_the_bottom_has_less_exposure() -> None:
    codes = np.repeat(np.arange(80), 5)
    names = np.where(np.arange(400) % 5 < 2, "first", "last")
    random = np.random.default_rng(3)
    lists = Lists(Queries(codes), "linear")
    for shift, verdict in ((2.0, "beyond"), (0.0, "may be chance")):
        scores = random.normal(size=400) + np.where(names == "first", shift, 0.0)
        field = Field("ranking", "ndcg", np.ones(400), (Racer("this model", "challenger", scores),), lists=lists)
        groups = by_level(names)
        gap = gaps(measure(field, [], groups, resamples=200, seed=1), groups, {})["exposure", None]
        assert gap.verdict == verdict
    constant = Field("ranking", "ndcg", np.ones(400), (Racer("it", "challenger", np.zeros(400)),), lists=lists)
    measured = measure(constant, [], groups, resamples=100, seed=1)
    assert [own["exposure", None].draws.value for own in measured] == pytest.approx([1.0, 1.0])
