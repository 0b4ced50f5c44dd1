"""An expression on one row of plain values gives exactly what it gives on a frame."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tidemill.errors import UserError
from tidemill.expressions import evaluate
from tidemill.expressions.single import compiled

KINDS = {"a": "number", "b": "number", "t": "time", "u": "time", "flag": "boolean", "s": "category"}
NUMBERS = st.none() | st.integers(-100, 100) | st.floats(-1e6, 1e6)
MOMENTS = st.none() | st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
ROWS = st.fixed_dictionaries(
    {"a": NUMBERS, "b": NUMBERS, "t": MOMENTS, "u": MOMENTS, "flag": st.none() | st.booleans()}
)

NUMERIC = st.recursive(
    st.sampled_from(
        ["a", "b", "flag", "2", "-0.5", "hour(t)", "weekday(u)", "month(t)", "year(u)", "(t - u) / hours(1)"]
    ),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda value: f"abs({value} + 0)"),
        inner.map(lambda value: f"(t + minutes({value}) - u) / days(1)"),
    ),
    max_leaves=5,
)
WHOLE = st.one_of(
    NUMERIC,
    st.tuples(NUMERIC, st.sampled_from(["<", "<=", "==", "!=", ">", ">="]), NUMERIC).map(" ".join),
    NUMERIC.map(lambda value: f"t + minutes({value})"),
    NUMERIC.map(lambda value: f"hours({value}) * 1 / seconds(1)"),
)


def frame_of(row: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "a": pd.Series([row["a"]], dtype="float64"),
            "b": pd.Series([row["b"]], dtype="float64"),
            "t": pd.to_datetime(pd.Series([row["t"]], dtype="datetime64[us, UTC]")),
            "u": pd.to_datetime(pd.Series([row["u"]], dtype="datetime64[us, UTC]")),
            "flag": pd.Series([row["flag"]], dtype="boolean"),
        }
    )


def plain(value: Any) -> Any:
    return None if value is None or pd.isna(value) else value


@settings(max_examples=150)
@given(expression=WHOLE, row=ROWS)
@example(expression="a / b", row={"a": 1, "b": 0, "t": None, "u": None, "flag": None})
@example(expression="a / b > 1", row={"a": 1, "b": 0, "t": None, "u": None, "flag": None})
@example(
    expression="(t - u) / (u - u)", row={"a": 1, "b": 0, "t": datetime(2000, 1, 1, tzinfo=UTC), "u": None, "flag": None}
)
def test_one_row_alone_is_one_row_of_a_frame(expression: str, row: dict[str, Any]) -> None:
    single = compiled(expression, KINDS)
    if single is None:
        return
    values = {
        name: (math.nan if value is None else float(value)) if KINDS[name] in ("number", "boolean") else value
        for name, value in row.items()
    }
    try:
        expected = plain(evaluate(expression, frame_of(row)).iloc[0])
    except UserError:
        with pytest.raises(OverflowError):
            single.value(values)
        return
    try:
        found = plain(single.value(values))
    except OverflowError:  # beyond the years of a datetime: the caller goes the general way
        return
    assert found == expected


@pytest.mark.parametrize(
    "expression",
    ["lower(s)", "contains(s, 'x')", "s == 'x'", "a > 1 and b > 1", "fill(a, 0)", "t - u", "t > '2013-01-01'"],
)
def test_what_needs_the_general_way_says_so(expression: str) -> None:
    assert compiled(expression, KINDS) is None


def test_what_ships_is_computed_the_short_way() -> None:
    single = compiled("time_hour + minutes(minute)", {"time_hour": "time", "minute": "number"})
    assert single is not None
    assert single.columns == {"time_hour", "minute"}
    row = {"time_hour": datetime(2013, 1, 1, 5, tzinfo=UTC), "minute": 15.0}
    assert single.value(row) == datetime(2013, 1, 1, 5, 15, tzinfo=UTC)
