"""Slices and explanations: what is said of parts of the rows, and of columns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.unit.learning.world import make_use_case
from tidemill.errors import UserError
from tidemill.evaluation.explaining import dependence, importances, sample
from tidemill.evaluation.slicing import Ground, slices
from tidemill.usecase.schema import UseCase

ROWS = 3000


@pytest.fixture
def ground() -> Ground:
    """A model that is good in the north and guesses in the south; ten rows lie in the west."""
    random = np.random.default_rng(6)
    region = np.where(random.uniform(size=ROWS) < 0.5, "north", "south").astype(object)
    region[:10] = "west"
    region[10:200] = None
    target = (random.uniform(size=ROWS) < 0.4).astype(np.float64)
    values = np.clip(np.where(region == "north", 0.3 + 0.3 * target, 0.4) + random.normal(0, 0.1, ROWS), 0, 1)
    frame = pd.DataFrame(
        {
            "region": region,
            "level": random.integers(1, 4, ROWS),
            "amount": random.gamma(2, 50, ROWS),
            "at": pd.date_range("2024-01-01", periods=ROWS, freq="30min", tz="UTC"),
        }
    )
    return Ground(frame, target, values, 0.5, np.full(ROWS, 0.4), "auc")


def use_case(**rules: object) -> UseCase:
    return make_use_case(evaluate={"resamples": 100, **rules})


def test_good_and_bad_parts_are_told_apart(ground: Ground) -> None:
    found = {one.value: one for one in slices(use_case(slices=["region"]), ground, {"region": "category"})}
    assert found["north"].verdict == "better"
    assert found["south"].verdict == "worse"
    assert found["west"].verdict == "too few rows"
    assert found["west"].metric is None
    assert found["missing"].rows == 190
    north = found["north"].metric
    assert north is not None
    assert north.low > 0.8
    assert found["north"].baseline == pytest.approx(0.5)
    assert sum(one.rows for one in found.values()) == ROWS


def test_without_a_word_time_and_categories_with_few_values_are_looked_at(ground: Ground) -> None:
    found = slices(use_case(), ground, {"region": "category", "amount": "number"})
    assert {one.column for one in found} == {"at", "region"}
    assert all(one.value.startswith(("2024-", "week of")) for one in found if one.column == "at")


def test_numbers_are_cut_into_quarters_and_few_values_stay_in_order(ground: Ground) -> None:
    found = slices(use_case(slices=["amount", "level"]), ground, {"amount": "number", "level": "number"})
    assert [one.rows for one in found if one.column == "amount"] == [750] * 4
    assert [one.value for one in found if one.column == "level"] == ["1", "2", "3"]


def test_lower_errors_are_better(ground: Ground) -> None:
    by_error = Ground(ground.frame, ground.target, ground.values, 0.5, ground.baseline, "log_loss")
    found = {one.value: one for one in slices(use_case(slices=["region"]), by_error, {})}
    assert found["north"].verdict == "better"
    assert found["south"].verdict == "worse"


def test_an_unknown_column_is_named(ground: Ground) -> None:
    with pytest.raises(UserError, match=r"evaluate\.slices: there is no column `regoin`.*did you mean `region`"):
        slices(use_case(slices=["regoin"]), ground, {})


def test_importance_is_the_mean_absolute_contribution() -> None:
    found = importances(pd.DataFrame({"small": [0.1, -0.1], "large": [-0.6, 0.2], "none": [0.0, 0.0]}))
    assert [(one.column, round(one.mean, 3), round(one.share, 3)) for one in found] == [
        ("large", 0.4, 0.8),
        ("small", 0.1, 0.2),
        ("none", 0.0, 0.0),
    ]


def test_dependence_follows_values_of_every_kind() -> None:
    random = np.random.default_rng(7)
    frame = pd.DataFrame(
        {
            "number": np.append(random.uniform(0, 10, 499), np.nan),
            "level": random.choice(["a", "b"], 500),
            "at": pd.date_range("2024-01-01", periods=500, freq="D", tz="UTC"),
            "flag": random.uniform(size=500) < 0.5,
        },
        index=range(1000, 1500),
    )
    moved = pd.DataFrame(
        {
            "number": np.append(frame["number"].to_numpy()[:-1] - 5.0, 9.0),
            "level": np.where(frame["level"] == "a", 1.0, -1.0),
            "at": np.linspace(-1, 1, 500),
            "flag": np.where(frame["flag"], 0.5, -0.5),
            "derived": 1.0,
        }
    )
    found = {one.column: one for one in dependence(moved, frame, list(moved), {"number": "number"})}
    assert set(found) == {"number", "level", "at", "flag"}
    *known, missing = found["number"].pieces
    assert (missing.label, missing.mean, missing.x) == ("missing", 9.0, None)
    assert all(abs((piece.x or 0.0) - 5.0 - piece.mean) < 1e-9 for piece in known)
    assert [(piece.label, piece.mean) for piece in found["level"].pieces] == [("a", 1.0), ("b", -1.0)]
    assert found["at"].kind == "time"
    assert found["flag"].kind == "boolean"


def test_a_sample_is_in_order_and_follows_the_seed() -> None:
    assert list(sample(5, 10, 0)) == [0, 1, 2, 3, 4]
    chosen = sample(1000, 50, 3)
    assert len(set(chosen)) == 50
    assert list(chosen) == sorted(chosen)
    assert list(chosen) == list(sample(1000, 50, 3))
