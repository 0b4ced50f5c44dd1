"""The feature recipe: fitted once, and the same answer for any frame of the same rows."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.learning.world import make_use_case, rows
from tidemill.errors import UserError
from tidemill.learning.columns import TimePart, time_part
from tidemill.learning.features import Recipe
from tidemill.learning.fitting import fit_recipe, returning_features
from tidemill.learning.folds import forward_folds


def fitted(**sections: object) -> Recipe:
    frame = rows(600)
    frame["bought"] = 0
    return fit_recipe(frame, make_use_case("binary", **sections), {})[0]


RECIPE = fitted()
ROW = {
    "at": "2024-03-04T05:30:00Z",
    "age": 40,
    "amount": 20.5,
    "region": "north",
    "shop": "s1",
    "member": True,
    "since": "2024-03-03T05:30:00Z",
    "noise": 0.25,
}


def value(recipe: Recipe, row: dict[str, object], feature: str) -> float:
    matrix = recipe.transform(pd.DataFrame([row]))
    return float(matrix[0, recipe.feature_names.index(feature)])


def test_columns_that_say_nothing_are_left_out_with_a_reason() -> None:
    assert RECIPE.excluded["same"] == "the same value in every training row"
    assert RECIPE.excluded["empty"] == "empty in every training row"
    assert RECIPE.excluded["copy"] == "the same in every training row as `age`"
    assert "different in most rows (600 values in 600 rows)" in RECIPE.excluded["note"]
    assert RECIPE.excluded["row"] == "it names a row"
    assert not {"same", "empty", "copy", "note", "row", "bought"} & {column.name for column in RECIPE.columns}


def test_excluded_forbidden_and_ignored_columns_stay_out_and_so_does_what_is_made_of_them() -> None:
    frame = rows(200)
    frame["per_year"] = frame["amount"] / frame["age"]
    frame["twice"] = frame["per_year"] * 2
    frame["bought"] = 0
    use_case = make_use_case(
        columns={"forbid": ["amount"], "ignore": ["noise"]},
        derive={"per_year": "amount / age", "twice": "per_year * 2"},
    )
    recipe, _ = fit_recipe(frame, use_case, {"shop": "leak: it knows"})
    assert recipe.excluded["shop"] == "leak: it knows"
    assert recipe.excluded["noise"] == "ignored by the use case"
    for name in ("per_year", "twice"):
        assert recipe.excluded[name] == "made from a column that the model must not see"
    assert {column.name for column in recipe.columns} == {"at", "age", "region", "member", "since"}


def test_the_columns_of_the_target_expression_are_no_features() -> None:
    frame = rows(100).assign(late=0, delay=np.arange(100.0))
    use_case = make_use_case(target={"expression": "delay > 15", "name": "late"}, derive={})
    assert fit_recipe(frame, use_case, {})[0].excluded["delay"] == "the target is made from it"


def test_a_part_of_a_longer_id_may_be_a_feature() -> None:
    recipe = fitted(id=["shop", "at"])
    assert {"shop: mean target", "at: hour"} <= set(recipe.feature_names)


def test_nothing_left_to_learn_from_is_the_users_error() -> None:
    frame = pd.DataFrame({"row": range(20), "flat": [1] * 20, "bought": [0, 1] * 10})
    with pytest.raises(UserError, match="no column is left to learn from"):
        fit_recipe(frame, make_use_case(time=None, derive={}), {})


def test_times_become_parts_of_a_day_a_week_and_a_year() -> None:
    assert value(RECIPE, ROW, "at: hour") == 5.5
    assert value(RECIPE, ROW, "at: weekday") == 0
    assert value(RECIPE, ROW, "since: hours before") == 24.0


def test_times_tell_how_long_they_were_before_each_other_and_the_date_where_there_is_no_own_time() -> None:
    frame = rows(300).assign(bought=0, until=lambda said: said["since"] + pd.to_timedelta(said["age"], unit="h"))
    both, _ = fit_recipe(frame, make_use_case(derive={}), {})
    row = {**ROW, "until": "2024-03-03T09:00:00Z", "per_year": 1.0}
    assert value(both, row, "since: hours before until") == 3.5
    assert {"since", "until"} <= {column.name for column in both.columns if column.required}
    alone, _ = fit_recipe(frame.drop(columns="at"), make_use_case(time=None, derive={}), {})
    assert value(alone, row, "since: days since 1970") == pytest.approx(19_785.229, abs=0.001)
    assert "at: days since 1970" not in both.feature_names  # it never comes back


@pytest.mark.parametrize("same", [7, 7.0, "7", " 7 ", np.int64(7), np.float32(7.0)])
def test_a_number_is_the_same_in_every_type(same: object) -> None:
    assert value(RECIPE, {**ROW, "age": same}, "age") == 7.0


@pytest.mark.parametrize("same", ["2024-03-04T05:30:00Z", "2024-03-04 05:30", datetime(2024, 3, 4, 5, 30, tzinfo=UTC)])
def test_a_time_is_the_same_in_every_type(same: object) -> None:
    assert value(RECIPE, {**ROW, "at": same}, "at: hour") == 5.5


@pytest.mark.parametrize("same", [True, 1, 1.0, "yes", "TRUE"])
def test_a_boolean_is_the_same_in_every_type(same: object) -> None:
    assert value(RECIPE, {**ROW, "member": same}, "member") == 1.0


def test_numbers_as_categories_are_levels_whatever_their_type() -> None:
    frame = rows(600).assign(bought=0, age=lambda said: said["age"] // 10 * 10)
    recipe, _ = fit_recipe(frame, make_use_case(columns={"types": {"age": "category"}}, derive={}), {})
    codes = {value(recipe, {**ROW, "copy": 40, "age": same}, "age") for same in (40, 40.0, "40")}
    assert len(codes) == 1
    assert codes.pop() >= 1


def test_an_unseen_level_is_read_like_the_rare_ones_or_as_missing() -> None:
    frame = rows(600).assign(bought=0)
    frame["shop"] = [f"s{number % 8 if number else 99}" for number in range(600)]
    recipe, _ = fit_recipe(frame, make_use_case(), {})
    assert value(recipe, {**ROW, "shop": "never seen"}, "shop") == 0.0
    assert np.isnan(value(recipe, {**ROW, "region": "never seen"}, "region"))
    assert np.isnan(value(recipe, {**ROW, "shop": None}, "shop"))


def test_a_derived_column_is_made_where_it_did_not_come_along() -> None:
    frame = rows(300)
    frame["per_year"] = frame["amount"] / frame["age"]
    frame["bought"] = 0
    recipe, matrix = fit_recipe(frame, make_use_case(), {})
    without = recipe.coded(frame.drop(columns="per_year"))
    np.testing.assert_array_equal(without, matrix)
    assert "per_year" not in {column.name for column in recipe.columns}


def test_a_missing_column_is_named_with_the_nearest_one() -> None:
    row = {**ROW, "regoin": "north"}
    del row["region"]
    with pytest.raises(UserError, match=r"no column `region`.*did you mean `regoin`"):
        RECIPE.transform(pd.DataFrame([row]))


def test_a_missing_input_of_a_derived_column_is_named() -> None:
    frame = rows(300)
    frame["per_year"] = frame["amount"] / frame["age"]
    frame["bought"] = 0
    recipe, _ = fit_recipe(frame, make_use_case(columns={"ignore": ["amount"]}), {})
    with pytest.raises(UserError, match="no column `amount`"):
        recipe.transform(pd.DataFrame([{name: said for name, said in ROW.items() if name != "amount"}]))
    amount = next(column for column in recipe.columns if column.name == "amount")
    assert not amount.required


def test_text_where_a_number_belongs_is_named_by_row_and_column() -> None:
    with pytest.raises(UserError, match=r"row 1 .*'many'.*`amount`.*is a number"):
        RECIPE.transform(pd.DataFrame([ROW, {**ROW, "amount": "many"}]))


def test_no_rows_give_an_empty_matrix() -> None:
    assert RECIPE.transform(pd.DataFrame([ROW]).iloc[:0]).shape == (0, len(RECIPE.features))


def test_json_gives_the_same_recipe_back() -> None:
    again = Recipe.model_validate(json.loads(json.dumps(RECIPE.model_dump(mode="json"))))
    assert again == RECIPE
    frame = rows(50, seed=9)
    np.testing.assert_array_equal(again.transform(frame), RECIPE.transform(frame))


def test_features_whose_values_never_come_back_are_left_out() -> None:
    frame = rows(2000).assign(bought=0, month=lambda said: said["at"].dt.month, ticket=lambda said: said["row"] + 5)
    recipe, matrix = fit_recipe(frame, make_use_case(derive={}), {})
    folds = forward_folds(frame["at"], None, None)
    kept, fewer = returning_features(recipe, matrix, folds)
    assert "ticket" in recipe.feature_names
    assert "ticket" not in kept.feature_names
    assert "never come back" in kept.excluded["ticket"]
    assert "at: day of year" not in kept.feature_names
    assert {"at: hour", "at: weekday", "age", "region"} <= set(kept.feature_names)
    assert fewer.shape == (2000, len(kept.features))


anything = st.one_of(st.none(), st.text(max_size=5), st.integers(-(2**60), 2**60), st.booleans(), st.floats(-9, 9))
number = st.one_of(st.none(), st.integers(-(2**60), 2**60), st.floats(), st.just("12.5"), st.just(""))
moment = st.one_of(st.none(), st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)))


@settings(max_examples=25)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "at": moment,
                "age": number,
                "amount": number,
                "region": anything,
                "shop": anything,
                "member": st.sampled_from([True, False, None, 1, 0, "yes", ""]),
                "since": moment,
                "noise": number,
            }
        ),
        min_size=1,
        max_size=3,
    )
)
def test_it_never_raises_on_values_of_a_readable_kind_and_a_row_is_read_alike_alone(
    found: list[dict[str, object]],
) -> None:
    frame = pd.DataFrame(found)
    together = RECIPE.transform(frame)
    assert together.shape == (len(found), len(RECIPE.features))
    assert not np.isinf(together).any()
    alone = np.vstack([RECIPE.transform(pd.DataFrame([row])) for row in found])
    np.testing.assert_array_equal(together, alone)


@given(st.lists(st.one_of(st.none(), st.datetimes(datetime(1890, 1, 1), datetime(2200, 1, 1))), min_size=1, max_size=9))
def test_parts_of_times_are_pandas_own(found: list[datetime | None]) -> None:
    at = pd.to_datetime(pd.Series(found, dtype="object"), utc=True).astype("datetime64[us, UTC]")
    clock = at.dt
    expected: dict[TimePart, pd.Series] = {
        "hour": clock.hour + clock.minute / 60 + clock.second / 3600 + clock.microsecond / 3.6e9,
        "weekday": clock.day_of_week,
        "day of month": clock.day,
        "day of year": clock.day_of_year,
        "days since 1970": (at - pd.Timestamp("1970-01-01", tz="UTC")).dt.total_seconds() / 86_400,
        "hours before": (at.iloc[0] - at).dt.total_seconds() / 3600,
    }
    for part, said in expected.items():
        np.testing.assert_allclose(
            time_part(part, at, at.iloc[[0] * len(at)].reset_index(drop=True)), said.astype(float)
        )
