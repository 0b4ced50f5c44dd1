"""Columns of very many levels, and numbers that are codes: read by the target's mean, never by a row's own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.learning.world import make_use_case
from tidemill.learning.encoding import LevelMeans, blocks
from tidemill.learning.features import Recipe
from tidemill.learning.fitting import fit_recipe
from tidemill.learning.folds import Fold
from tidemill.learning.levels import Known
from tidemill.learning.matrices import TrainingRows
from tidemill.learning.rows import RowReader

ROWS = 4_000


def shops(*, levels: int = 400, seed: int = 4, effect: float = 1.0) -> pd.DataFrame:
    """A level moves the target by its own effect; ``number`` says the same level as a number, in no order."""
    random = np.random.default_rng(seed)
    level = random.integers(0, levels, ROWS)
    moved = random.normal(size=levels)[level] * effect
    return pd.DataFrame(
        {
            "shop": [f"s{one}" for one in level],
            "number": (random.permutation(levels) * 7)[level],
            "amount": random.normal(size=ROWS),
            "age": random.integers(18, 80, ROWS),
            "bought": (random.uniform(size=ROWS) < 1 / (1 + np.exp(-moved))).astype(int),
        }
    )


def recipe_of(frame: pd.DataFrame, known: Known | None = None, **sections: object) -> tuple[Recipe, np.ndarray]:
    return fit_recipe(frame, make_use_case(time=None, id=[], derive={}, **sections), {}, known)


FRAME = shops()
RECIPE, CODED = recipe_of(FRAME)


def training(recipe: Recipe, coded: np.ndarray, target: np.ndarray) -> TrainingRows:
    return TrainingRows(recipe, coded, target, None, None, {})


def test_very_many_levels_are_read_by_the_mean_and_a_code_beside_its_number() -> None:
    assert RECIPE.feature_names == ["shop: mean target", "number", "amount", "age"]
    assert "one to one" in RECIPE.excluded.get("number", "one to one")
    alone, _ = recipe_of(FRAME.drop(columns="shop"))
    assert alone.feature_names == ["number", "number: mean target", "amount", "age"]


def test_a_quantity_is_not_taken_for_a_code() -> None:
    random = np.random.default_rng(1)
    age = random.integers(18, 90, ROWS)
    frame = pd.DataFrame({"age": age, "bought": (random.uniform(size=ROWS) < (age - 10) / 100).astype(int)})
    assert recipe_of(frame)[0].feature_names == ["age"]


def test_the_mean_of_a_level_is_drawn_towards_that_of_all_the_more_the_fewer_its_rows() -> None:
    random = np.random.default_rng(2)
    level = np.repeat(np.arange(1, 101), np.tile([5, 75], 50)).astype(float)
    target = (random.uniform(size=len(level)) < random.beta(4, 4, 101)[level.astype(int)]).astype(float)
    means = LevelMeans.of(level, target[:, None], np.zeros(len(level), dtype=np.int64), 100)
    raw = np.asarray([target[level == one].mean() for one in range(1, 101)])
    drawn = (means.table(0)[1:] - target.mean()) / (raw - target.mean())
    few, many = drawn[0::2], drawn[1::2]
    np.testing.assert_allclose(few, few[0])
    assert 0.2 < few[0] < 0.6 < many[0] < 1
    assert means.strength[0] == pytest.approx(8, rel=0.6)  # a beta of 4 and 4 weighs as 8 rows


def test_a_row_never_reads_its_own_target_and_check_rows_only_those_of_fit_rows() -> None:
    target = FRAME["bought"].to_numpy(float)
    fold = Fold(np.arange(0, 3_000), np.arange(3_000, ROWS))
    fit, check = training(RECIPE, CODED, target).of(fold)
    other = target.copy()
    other[3_000:] = 1 - other[3_000:]
    again = training(RECIPE, CODED, other).of(fold)
    np.testing.assert_array_equal(again[0], fit)
    np.testing.assert_array_equal(again[1], check)
    place, means = 0, LevelMeans.of(CODED[:, 0], target[:, None], blocks(ROWS, None, None), 400)
    part = blocks(ROWS, None, None)
    for row in (0, 17, 1_234):
        level = FRAME["shop"] == FRAME["shop"][row]
        others = target[level & (part != part[row])]
        drawn = (others.sum() + means.strength[0] * means.prior[0]) / (len(others) + means.strength[0])
        full = training(RECIPE, CODED, target).full()
        assert full[row, place] == pytest.approx(drawn, rel=1e-6)


def test_levels_that_tell_nothing_look_as_worthless_in_training_as_they_are() -> None:
    told = []
    for seed in range(100, 106):
        random = np.random.default_rng(seed)
        frame = shops(effect=0.0).assign(bought=random.integers(0, 2, ROWS))
        recipe, coded = recipe_of(frame)
        target = frame["bought"].to_numpy(float)
        read = training(recipe, coded, target).full()[:, 0].astype(float)
        told.append(((read - read.mean()) * (target - target.mean())).mean())
    assert max(map(abs, told)) < 0.002


def test_rows_in_time_are_read_by_other_stretches_and_groups_stay_whole() -> None:
    ages = np.linspace(1, 0, 100)
    assert (np.diff(blocks(100, ages, None)) >= 0).all()
    assert len(np.unique(blocks(100, ages, None))) == 5
    groups = np.random.default_rng(1).integers(0, 30, 500)
    part = blocks(500, None, groups)
    assert all(len(np.unique(part[groups == one])) == 1 for one in range(30))


def test_serving_reads_the_means_of_all_training_rows_and_unseen_levels_as_the_prior() -> None:
    frame = pd.DataFrame([{"shop": "never seen", "number": 3, "amount": 0.0, "age": 30}] * 2)
    frame.loc[1, "shop"] = None
    matrix = RECIPE.transform(frame)
    assert matrix[0, 0] == pytest.approx(FRAME["bought"].mean(), rel=1e-6)
    assert np.isnan(matrix[1, 0])


def test_several_classes_have_a_share_each_and_of_many_classes_the_most_frequent() -> None:
    frame = shops()
    for classes, columns in ((3, 3), (15, 10)):
        frame["bought"] = (frame["shop"].str[1:].astype(int) + np.arange(ROWS) % 2) % classes
        known = Known(frame["bought"].to_numpy(float), classes)
        recipe, coded = recipe_of(frame.drop(columns="number"), known)
        shares = [name for name in recipe.feature_names if "share of class" in name]
        assert len(shares) == columns
        assert training(recipe, coded, known.target).full().shape == (ROWS, columns + 2)


def test_a_hundred_thousand_levels_are_read_in_bounded_size() -> None:
    random = np.random.default_rng(3)
    level = random.integers(0, 100_000, 250_000)
    told = random.normal(size=100_000)[level]
    frame = pd.DataFrame({"user": level.astype(str), "bought": (told + random.normal(size=len(level)) > 0).astype(int)})
    recipe, coded = recipe_of(frame)
    assert recipe.feature_names == ["user: mean target"]
    assert len(recipe.encodings["user"].levels) <= 50_000
    assert len(recipe.model_dump_json()) < 2_000_000
    full = training(recipe, coded, frame["bought"].to_numpy(float)).full()[:, 0]
    assert np.corrcoef(full, told)[0, 1] > 0.3


def test_what_names_rows_stays_out_with_a_reason() -> None:
    frame = shops().assign(shop=[f"ticket {number % 3_900}" for number in range(ROWS)])
    assert "different in most rows (3900 values in 4000 rows)" in recipe_of(frame)[0].excluded["shop"]


def test_a_category_that_is_another_by_other_names_is_left_out() -> None:
    frame = shops(levels=12)
    frame["name"] = "shop of " + frame["shop"].map(lambda said: said[::-1])
    assert recipe_of(frame)[0].excluded["name"] == "one to one with `shop`"
    many = shops()
    many["name"] = "shop of " + many["shop"].map(lambda said: said[::-1])
    assert recipe_of(many)[0].excluded["name"] == "one to one with `shop`"


cell = st.one_of(
    st.none(), st.sampled_from(["s1", " s2 ", "s3", "7", "", "new"]), st.integers(-9, 2_800), st.floats(), st.booleans()
)
amount = st.one_of(st.none(), st.integers(-9, 2_800), st.floats(), st.sampled_from(["7", "14.0", ""]))


@settings(max_examples=40)
@given(st.lists(st.fixed_dictionaries({"shop": cell, "number": amount, "amount": amount, "age": amount}), min_size=1))
def test_a_row_over_rest_is_read_as_in_a_frame(found: list[dict[str, object]]) -> None:
    both, _ = recipe_of(FRAME.assign(number=FRAME["number"] + np.arange(ROWS) % 2))
    assert both.feature_names[:3] == ["shop: mean target", "number", "number: mean target"]
    expected = np.vstack([both.transform(pd.DataFrame([row])) for row in found])
    np.testing.assert_array_equal(RowReader(both).matrix(found), expected)


@pytest.mark.parametrize("same", [7, 7.0, "7"])
def test_a_level_is_the_same_in_every_type(same: object) -> None:
    frame = shops().assign(shop=lambda said: said["shop"].str[1:])
    recipe, _ = recipe_of(frame, columns={"types": {"shop": "category"}})
    row = {"shop": same, "number": same, "amount": 0.0, "age": 1}
    wanted = recipe.encodings["shop"].values[0][recipe.encodings["shop"].levels.index("7")]
    assert recipe.transform(pd.DataFrame([row]))[0, 0] == pytest.approx(wanted)
    assert RowReader(recipe).matrix([row])[0, 0] == recipe.transform(pd.DataFrame([row]))[0, 0]
