"""A time column whose clock is right: events fall into the hours of the day in which they can."""

from __future__ import annotations

from typing import Any

import pandas as pd
from great_expectations.compatibility.pydantic import Field
from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import (
    column_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
    ColumnMapMetricProvider,
)

__all__ = ["ExpectColumnValuesToFallInHours"]


class ColumnValuesFallInHours(ColumnMapMetricProvider):
    """Whether each time's hour lies between two hours, over midnight where the first is the later one."""

    condition_metric_name = "column_values.fall_in_hours"
    condition_value_keys = ("first_hour", "last_hour")

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column: pd.Series, first_hour: int, last_hour: int, **_: Any) -> pd.Series:
        hours: pd.Series = column.dt.hour
        late, early = hours >= first_hour, hours <= last_hour
        return late & early if first_hour <= last_hour else late | early


class ExpectColumnValuesToFallInHours(ColumnMapExpectation):
    """Expect times (UTC) to be from ``first_hour`` to ``last_hour`` of the day, both included.

    A local clock taken for UTC is wrong by hours in every row, in no range and of no other type. Where nothing
    happens at night, this sees it.
    """

    first_hour: int = Field(ge=0, le=23)
    last_hour: int = Field(ge=0, le=23)

    map_metric = "column_values.fall_in_hours"
    success_keys = ("first_hour", "last_hour", "mostly")
    args_keys = ("column", "first_hour", "last_hour")
