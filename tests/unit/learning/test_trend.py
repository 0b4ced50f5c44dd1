"""How far in time a row is, is a feature where later rows bear it out, and only there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.unit.learning.world import make_use_case
from tidemill.learning.boosting import Data, Problem
from tidemill.learning.features import Recipe
from tidemill.learning.fitting import fit_recipe, returning_features
from tidemill.learning.folds import Fold, forward_folds
from tidemill.learning.rows import RowReader
from tidemill.learning.trend import with_trend

PROBLEM = Problem(task="regression", classes=0, metric="rmse", threads=1, seed=3)
TREND = "at: days since 1970"


def data_of(frame: pd.DataFrame) -> tuple[Data, tuple[Fold, ...]]:
    folds = forward_folds(frame["at"], None, None)
    recipe, matrix = returning_features(*fit_recipe(frame, make_use_case(time="at", id=[], derive={}), {}), folds)
    return Data(recipe, matrix, frame["bought"].to_numpy(float), np.linspace(1.0, 0.0, len(frame))), folds


def chosen(frame: pd.DataFrame, problem: Problem = PROBLEM) -> Data:
    return with_trend(*data_of(frame), problem, frame["at"])


def hours(count: int = 3_000, *, level: float = 0.0, by_day: float = 0.0) -> pd.DataFrame:
    """Four months of hours: a ``level`` that rises, and what happened ``by_day``."""
    random = np.random.default_rng(11)
    at = pd.Series(pd.date_range("2025-01-01", periods=count, freq="h", tz="UTC").as_unit("us"))
    day = np.arange(count) // 24
    frame = pd.DataFrame({"at": at, "size": random.normal(size=count)})
    accidents = random.normal(size=day.max() + 1)[day]
    told = frame["size"] + random.normal(scale=0.3, size=count)
    frame["bought"] = told + level * day / day.max() + by_day * accidents
    return frame


def test_a_level_that_moves_brings_the_trend_in_and_every_door_reads_it_alike() -> None:
    frame = hours(level=20.0)
    data = chosen(frame)
    assert TREND in data.recipe.feature_names
    np.testing.assert_array_equal(data.recipe.coded(frame), data.matrix)
    again = Recipe.model_validate_json(data.recipe.model_dump_json())
    rows = frame.drop(columns="bought").head(50)
    said = [{**row, "at": row["at"].isoformat()} for row in rows.to_dict("records")]
    np.testing.assert_array_equal(RowReader(again).matrix(said), again.transform(rows))


def test_what_happened_on_some_days_is_no_trend() -> None:
    found = chosen(hours(by_day=3.0)).recipe
    assert TREND not in found.feature_names
    assert {"at: hour", "at: weekday", "size"} <= set(found.feature_names)


@pytest.mark.parametrize("why", ["ranking", "few rows", "one fold", "nothing of the time"])
def test_where_nothing_can_be_told_all_stays_as_it_was(why: str) -> None:
    frame = hours(400 if why == "few rows" else 3_000, level=20.0)
    data, folds = data_of(frame)
    problem = replace(PROBLEM, task="ranking") if why == "ranking" else PROBLEM
    if why == "nothing of the time":
        data = data.keeping([data.recipe.feature_names.index("size")])
    assert with_trend(data, folds[:1] if why == "one fold" else folds, problem, frame["at"]) is data
