"""Expressions on single rows give what expressions on frames give."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidemill.expressions import evaluate
from tidemill.expressions.single import compiled

KINDS = {"a": "number", "b": "number", "flag": "boolean", "t": "time", "u": "time", "word": "category"}
DTYPES = {"a": "float64", "b": "float64", "flag": "boolean", "t": "datetime64[us, UTC]", "u": "datetime64[us, UTC]"}
EXPRESSIONS = (
    "a + b", "a - 2", "a * b", "a / b", "a / 0", "-3 * a", "a + flag", "abs(a - b)", "`a` / `b`",
    "a > b", "a <= 3", "a == b", "a != flag", "(a > 1) + (b > 1)",
    "t + minutes(a)", "t - hours(b)", "seconds(a) + t", "t + (days(a) - minutes(b))",
    "(t - u) / minutes(1)", "(t - u) / (u - t)", "hour(t)", "weekday(t + hours(a))", "month(u)", "year(t) - 2000",
)  # fmt: skip

numbers = st.one_of(
    st.none(), st.sampled_from([0.0, -0.0, 1e308, -1e308, 1e-300]), st.floats(-1e5, 1e5), st.integers(-99, 99)
)
moments = st.one_of(st.none(), st.datetimes(datetime(1800, 1, 1), datetime(2200, 1, 1)))


@pytest.mark.parametrize("expression", EXPRESSIONS)
@given(a=numbers, b=numbers, flag=st.one_of(st.none(), st.booleans()), t=moments, u=moments)
@settings(max_examples=25)
def test_a_row_alone_and_a_frame_agree(expression: str, **values: Any) -> None:
    single = compiled(expression, KINDS)
    assert single is not None
    row = {name: as_plain(value, KINDS[name]) for name, value in values.items()}
    frame = pd.DataFrame({name: pd.Series([value], dtype=DTYPES[name]) for name, value in row.items()})
    assert single.columns <= set(KINDS)
    (expected,) = evaluate(expression, frame)
    found = single.value(row)
    if single.kind == "time":
        assert (found is None) == pd.isna(expected)
        assert found is None or pd.Timestamp(found) == expected
    else:
        assert found == (math.nan if pd.isna(expected) else float(expected)) or (
            math.isnan(found) and pd.isna(expected)
        )


def as_plain(value: Any, kind: str) -> Any:
    if kind == "time":
        return None if value is None else value.replace(tzinfo=UTC)
    return math.nan if value is None else float(value)


@pytest.mark.parametrize(
    "expression",
    ["lower(word)", "word == \"x\"", "a // b", "a % b", "fill(a, 0)", "a > 1 and b > 1", "isnull(a)", "1 < a < 2",
     "t > u", "t - u", "a * hours(1)", "minimum(a, b)", "other + 1"],
)  # fmt: skip
def test_what_it_does_not_cover_goes_the_general_way(expression: str) -> None:
    assert compiled(expression, KINDS) is None


def test_a_time_beyond_the_calendar_is_told() -> None:
    single = compiled("t + days(a)", KINDS)
    assert single is not None
    with pytest.raises(OverflowError):
        single.value({"t": datetime(9999, 12, 31, tzinfo=UTC), "a": 5.0})
