"""Features that are no better than noise are left out, and pairs of numbers come in, only where it pays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.unit.learning.world import make_use_case, make_world
from tidemill.learning.boosting import Data, Problem
from tidemill.learning.features import Recipe
from tidemill.learning.fitting import fit_recipe
from tidemill.learning.folds import Fold
from tidemill.learning.pairs import with_pairs
from tidemill.learning.preparing import prepare_frame
from tidemill.learning.rows import RowReader
from tidemill.learning.useless import without_useless
from tidemill.store import Store

ROWS = 1_500
PROBLEM = Problem(task="binary", classes=2, metric="auc", threads=1, seed=3)
PARTS = np.arange(ROWS) % 3
FOLDS = [Fold(np.flatnonzero(part != PARTS), np.flatnonzero(part == PARTS)) for part in range(3)]


def table(seed: int = 5) -> pd.DataFrame:
    """Whether ``left`` is more than ``right``, by and large; ``region`` moves it a little, the rest is noise."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({"left": random.gamma(2, 50, ROWS), "region": random.choice(["north", "south", "east"], ROWS)})
    frame["right"] = frame["left"] + random.normal(scale=8, size=ROWS)
    for number in range(8):
        frame[f"noise_{number}"] = random.normal(size=ROWS)
    moved = (frame["left"] - frame["right"]) / 4 + (frame["region"] == "north")
    frame["bought"] = (random.uniform(size=ROWS) < 1 / (1 + np.exp(-moved))).astype(int)
    return frame


def data_of(frame: pd.DataFrame) -> Data:
    recipe, matrix = fit_recipe(frame, make_use_case(time=None, id=[], derive={}), {})
    return Data(recipe, matrix, frame["bought"].to_numpy(float), None)


FRAME = table()
DATA = data_of(FRAME)
NOISE = np.random.default_rng(8).normal(size=(ROWS, 220))
WIDE = pd.concat([FRAME, pd.DataFrame(NOISE, columns=[f"noise_{100 + place}" for place in range(220)])], axis="columns")


def test_noise_is_left_out_with_a_reason_and_what_tells_stays() -> None:
    less = without_useless(data_of(WIDE), FOLDS, PROBLEM)
    assert {"left", "right"} <= set(less.recipe.feature_names)
    noise = [name for name in WIDE if name.startswith("noise") and name in less.recipe.excluded]
    assert len(noise) >= 100
    assert all("shuffled noise" in less.recipe.excluded[name] for name in noise)
    np.testing.assert_array_equal(less.recipe.coded(WIDE), less.matrix)
    assert without_useless(data_of(WIDE), FOLDS, PROBLEM).recipe == less.recipe


def test_few_rows_few_features_or_a_ranking_are_left_as_they_are() -> None:
    wide = data_of(WIDE)
    assert without_useless(wide, [Fold(np.arange(200), np.arange(200, 300))], PROBLEM) is wide
    assert without_useless(wide, FOLDS, replace(PROBLEM, task="ranking")) is wide
    assert without_useless(DATA, FOLDS, PROBLEM) is DATA


def test_a_difference_that_pays_comes_in_and_is_read_alike_everywhere() -> None:
    more = with_pairs(DATA, FOLDS, PROBLEM)
    assert {"left - right", "right - left"} & set(more.recipe.feature_names)
    np.testing.assert_array_equal(more.recipe.coded(FRAME), more.matrix)
    again = Recipe.model_validate_json(more.recipe.model_dump_json())
    rows = [
        {**FRAME.drop(columns="bought").iloc[place].to_dict(), "left": left}
        for place, left in enumerate([0, None, "7", 1e300, -0.0, float("inf"), 3.25])
    ]
    alone = np.vstack([again.transform(pd.DataFrame([row])) for row in rows])
    np.testing.assert_array_equal(RowReader(again).matrix(rows), alone)


def test_nothing_comes_in_where_nothing_pays() -> None:
    random = np.random.default_rng(2)
    data = data_of(FRAME.assign(bought=(random.normal(size=ROWS) + (FRAME["region"] == "north") > 0).astype(int)))
    assert with_pairs(data, FOLDS, PROBLEM) is data


@pytest.mark.parametrize("asked", [True, False])
def test_pairs_come_in_where_the_use_case_asks_for_them(memory: Store, asked: bool) -> None:
    world = make_world(memory, by="random")
    use_case = make_use_case(time=None, id=[], derive={}, tune={"pairs": asked, "threads": 1})
    found = prepare_frame(FRAME, use_case, world.labelled, world.split, {}).data
    assert any(feature.combined is not None for feature in found.recipe.features) is asked
    np.testing.assert_array_equal(found.recipe.coded(FRAME), found.matrix)
