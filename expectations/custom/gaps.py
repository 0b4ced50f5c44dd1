"""A day on which a column was lost: its share of missing values, day by day."""

from __future__ import annotations

from typing import Any

import pandas as pd
from great_expectations.compatibility.pydantic import Field
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import ColumnAggregateExpectation
from great_expectations.expectations.metrics.column_aggregate_metric_provider import ColumnAggregateMetricProvider
from great_expectations.expectations.metrics.metric_provider import metric_value

__all__ = ["ExpectColumnMissingShareOfAnyDayToBeLessThan"]


class ColumnMissingShareOfDays(ColumnAggregateMetricProvider):
    """The day with the greatest share of missing values, among days with enough rows, and that share."""

    metric_name = "column.missing_share_of_days"
    value_keys = ("time_column", "least_rows")

    @metric_value(engine=PandasExecutionEngine)
    def _pandas(
        cls,
        execution_engine: PandasExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> dict[str, Any]:
        frame, _, domain = execution_engine.get_compute_domain(metric_domain_kwargs, MetricDomainTypes.COLUMN)
        days = frame[metric_value_kwargs["time_column"]].dt.floor("D")
        shares = frame[domain["column"]].isna().groupby(days).agg(["mean", "size"])
        shares = shares[shares["size"] >= metric_value_kwargs["least_rows"]]["mean"]
        if shares.empty:
            return {"share": 0.0, "day": None}
        worst: pd.Timestamp = shares.idxmax()
        return {"share": float(shares.max()), "day": f"{worst:%Y-%m-%d}"}


class ExpectColumnMissingShareOfAnyDayToBeLessThan(ColumnAggregateExpectation):
    """Expect less than ``threshold`` of a column to be missing on every day of ``time_column`` with ``least_rows``.

    A sensor that was out for a day is half a percent of a year's values, and passes any limit on the whole.
    """

    time_column: str
    threshold: float = Field(gt=0, le=1)
    least_rows: int = Field(20, ge=1)

    metric_dependencies = ("column.missing_share_of_days",)
    success_keys = ("time_column", "threshold", "least_rows")
    args_keys = ("column", "time_column", "threshold")

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        found = metrics["column.missing_share_of_days"]
        return {
            "success": found["share"] < self.threshold,
            "result": {"observed_value": found["share"], "details": {"worst_day": found["day"]}},
        }
