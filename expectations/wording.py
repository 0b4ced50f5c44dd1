"""An expectation and what was observed, in words that read on after "expected that … , but …"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from tidemill.reporting.wording import percent, short
from tidemill.said import to_say, to_tell

__all__ = ["expected", "observed"]

_BETWEEN = {
    "expect_column_values_to_be_between": to_say("values are {told}"),
    "expect_column_value_lengths_to_be_between": to_say("texts have a length {told}"),
    "expect_column_mean_to_be_between": to_say("the mean is {told}"),
    "expect_column_median_to_be_between": to_say("the median is {told}"),
    "expect_column_min_to_be_between": to_say("the smallest value is {told}"),
    "expect_column_max_to_be_between": to_say("the largest value is {told}"),
    "expect_column_stdev_to_be_between": to_say("the standard deviation is {told}"),
    "expect_column_sum_to_be_between": to_say("the sum is {told}"),
    "expect_column_unique_value_count_to_be_between": to_say("the number of different values is {told}"),
    "expect_column_proportion_of_unique_values_to_be_between": to_say("the share of different values is {told}"),
    "expect_column_proportion_of_non_null_values_to_be_between": to_say("the share of rows with a value is {told}"),
    "expect_table_row_count_to_be_between": to_say("the number of rows is {told}"),
    "expect_table_column_count_to_be_between": to_say("the number of columns is {told}"),
}
_PLAIN = {
    "expect_column_to_exist": to_say("the column is there"),
    "expect_column_values_to_not_be_null": to_say("every row has a value"),
    "expect_column_values_to_be_null": to_say("no row has a value"),
    "expect_column_values_to_be_unique": to_say("no value comes twice"),
    "expect_column_values_to_be_of_type": to_say("the type is {type_}"),
    "expect_column_type_to_be": to_say("the type is {type_}"),
    "expect_column_values_to_be_in_set": to_say("values are among {value_set}"),
    "expect_column_values_to_not_be_in_set": to_say("values are not among {value_set}"),
    "expect_column_distinct_values_to_be_in_set": to_say("values are among {value_set}"),
    "expect_column_distinct_values_to_contain_set": to_say("{value_set} all occur"),
    "expect_column_distinct_values_to_equal_set": to_say("the values that occur are {value_set}"),
    "expect_column_values_to_match_regex": to_say("values match {regex}"),
    "expect_column_values_to_not_match_regex": to_say("values do not match {regex}"),
    "expect_column_value_lengths_to_equal": to_say("texts are {value} long"),
    "expect_column_values_to_be_increasing": to_say("values grow from row to row"),
    "expect_compound_columns_to_be_unique": to_say("no combination of {column_list} comes twice"),
    "expect_column_pair_values_a_to_be_greater_than_b": to_say("{column_A} is greater than {column_B}"),
    "expect_column_pair_values_to_be_equal": to_say("{column_A} equals {column_B}"),
    "expect_table_columns_to_match_set": to_say("the columns are {column_set}"),
    "expect_table_row_count_to_equal": to_say("the number of rows is {value}"),
    "expect_column_most_common_value_to_be_in_set": to_say("the commonest value is among {value_set}"),
    "expect_column_values_to_fall_in_hours": to_say("times are from {first_hour}:00 to {last_hour}:59 UTC"),
    "expect_column_missing_share_of_any_day_to_be_less_than": to_say("less than {threshold} is missing on every day"),
}
_MOST_LISTED = 8


def expected(type_: str, kwargs: Mapping[str, Any]) -> str:
    """What the expectation says of good data, such as ``values are between 0 and 100, in 99 % of rows``."""
    said = {name: _shown(value) for name, value in kwargs.items()}
    if type_ in _BETWEEN:
        text = to_tell(_BETWEEN[type_], told=_bounds(kwargs))
    elif type_ == "expect_column_quantile_values_to_be_between":
        text = _quantiles(kwargs.get("quantile_ranges"))
    elif type_ == "expect_column_kl_divergence_to_be_less_than":
        text = _shares(kwargs.get("partition_object"), said.get("threshold", "…"))
    elif type_ in _PLAIN:
        text = _PLAIN[type_].format_map(_Known(said))
    else:
        more = ", ".join(f"{name} {value}" for name, value in said.items() if name not in ("column", "mostly"))
        text = type_.removeprefix("expect_").removeprefix("column_").replace("_", " ") + (f" ({more})" if more else "")
    mostly = kwargs.get("mostly")
    if mostly in (None, 1, 1.0):
        return text
    return to_tell("{told}, in at least {share:g} % of rows", told=text, share=100 * float(mostly))


def observed(result: Mapping[str, Any], *, passed: bool) -> str:
    """What was found, from Great Expectations' result: ``3 of 1,200 rows fail (0.25 %), such as 7, 9``."""
    if "unexpected_count" in result and "element_count" in result:
        return _rows_observed(result)
    details = (result.get("details") or {}).get("mismatched") or {}
    missing, more = _shown(details.get("missing") or ()), _shown(details.get("unexpected") or ())
    if missing and more:
        return to_tell("{missing} is missing and {more} is too many", missing=missing, more=more)
    if missing or more:
        return to_tell("{missing} is missing", missing=missing) if missing else to_tell("{more} is too many", more=more)
    value = result.get("observed_value")
    if isinstance(value, Mapping) and {"quantiles", "values"} <= set(value):
        return to_tell("they are {values}", values=_shown(value["values"]))
    if value is None:
        return to_say("it is so") if passed else to_say("it is not so")
    return to_tell("it is {value}", value=_shown(value))


def _rows_observed(result: Mapping[str, Any]) -> str:
    rows = int(result["element_count"] or 0) - int(result.get("missing_count") or 0)
    failed = int(result["unexpected_count"] or 0)
    if not failed:
        return to_tell("all {rows:,} rows pass", rows=rows)
    examples = [value for value in result.get("partial_unexpected_list") or () if value is not None]
    if not rows:
        return to_tell("{failed:,} of {rows:,} rows fail", failed=failed, rows=rows)
    text = (
        "{failed:,} of {rows:,} rows fail ({share}), such as {examples}"
        if examples
        else "{failed:,} of {rows:,} rows fail ({share})"
    )
    such = _shown(list(dict.fromkeys(map(_example, examples)))[:3])
    return to_tell(text, failed=failed, rows=rows, share=percent(failed / rows), examples=such)


def _example(value: object) -> str:
    """A failing value; those of several columns in brackets."""
    return f"({_shown(value)})" if isinstance(value, list | tuple | dict) else _shown(value)


def _quantiles(said: object) -> str:
    """``the 5 % quantile is between 1 and 40, the 50 % quantile …``"""
    ranges = said if isinstance(said, Mapping) else {}
    each = zip(ranges.get("quantiles") or (), ranges.get("value_ranges") or (), strict=False)
    told = [
        to_tell(
            "{share:g} % {told}",
            share=100 * float(share),
            told=_bounds(dict(zip(("min_value", "max_value"), bounds, strict=False))),
        )
        for share, bounds in each
    ]
    return to_tell("the quantiles are: {told}", told="; ".join(told))


def _shares(said: object, threshold: str) -> str:
    """``the shares of values are like a 30 %, b 70 % (relative entropy below 0.1)``."""
    partition = said if isinstance(said, Mapping) else {}
    pairs = list(zip(partition.get("values") or (), partition.get("weights") or (), strict=False))
    told = [f"{_shown(value)} {percent(float(weight))}" for value, weight in pairs[:_MOST_LISTED]]
    text = to_say("the shares of the values are like {shares} (relative entropy below {threshold})")
    return to_tell(text, shares=_some(told, len(pairs)), threshold=threshold)


class _Known(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "…"


def _bounds(kwargs: Mapping[str, Any]) -> str:
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    if low is None:
        return to_tell("below {high}" if kwargs.get("strict_max") else "at most {high}", high=_shown(high))
    if high is None:
        return to_tell("above {low}" if kwargs.get("strict_min") else "at least {low}", low=_shown(low))
    return to_tell("between {low} and {high}", low=_shown(low), high=_shown(high))


def _shown(value: object) -> str:
    """A value as a person writes it; long lists are cut."""
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, int) and abs(value) < 10_000:
        return str(value)
    if isinstance(value, int | float):
        return f"{float(value):,.6g}".replace("-", "−")
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}".removesuffix(" 00:00")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_shown(one)}" for name, one in value.items())
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str):
        return _some([_shown(one) for one in value], len(value))
    return short(str(value), 60)


def _some(items: Sequence[str], of: int) -> str:
    """The first of ``of`` items, and how many more there are."""
    shown = ", ".join(items[:_MOST_LISTED])
    return to_tell("{items} and {more} more", items=shown, more=of - _MOST_LISTED) if of > _MOST_LISTED else shown
