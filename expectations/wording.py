"""An expectation and what was observed, in words that read on after "expected that … , but …"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from tidemill.reporting.wording import count, percent, short

__all__ = ["expected", "observed"]

_BETWEEN = {
    "expect_column_values_to_be_between": "values are",
    "expect_column_value_lengths_to_be_between": "texts have a length",
    "expect_column_mean_to_be_between": "the mean is",
    "expect_column_median_to_be_between": "the median is",
    "expect_column_min_to_be_between": "the smallest value is",
    "expect_column_max_to_be_between": "the largest value is",
    "expect_column_stdev_to_be_between": "the standard deviation is",
    "expect_column_sum_to_be_between": "the sum is",
    "expect_column_unique_value_count_to_be_between": "the number of different values is",
    "expect_column_proportion_of_unique_values_to_be_between": "the share of different values is",
    "expect_column_proportion_of_non_null_values_to_be_between": "the share of rows with a value is",
    "expect_table_row_count_to_be_between": "the number of rows is",
    "expect_table_column_count_to_be_between": "the number of columns is",
}
_PLAIN = {
    "expect_column_to_exist": "the column is there",
    "expect_column_values_to_not_be_null": "every row has a value",
    "expect_column_values_to_be_null": "no row has a value",
    "expect_column_values_to_be_unique": "no value comes twice",
    "expect_column_values_to_be_of_type": "the type is {type_}",
    "expect_column_type_to_be": "the type is {type_}",
    "expect_column_values_to_be_in_set": "values are among {value_set}",
    "expect_column_values_to_not_be_in_set": "values are not among {value_set}",
    "expect_column_distinct_values_to_be_in_set": "values are among {value_set}",
    "expect_column_distinct_values_to_contain_set": "{value_set} all occur",
    "expect_column_distinct_values_to_equal_set": "the values that occur are {value_set}",
    "expect_column_values_to_match_regex": "values match {regex}",
    "expect_column_values_to_not_match_regex": "values do not match {regex}",
    "expect_column_value_lengths_to_equal": "texts are {value} long",
    "expect_column_values_to_be_increasing": "values grow from row to row",
    "expect_compound_columns_to_be_unique": "no combination of {column_list} comes twice",
    "expect_column_pair_values_a_to_be_greater_than_b": "{column_A} is greater than {column_B}",
    "expect_column_pair_values_to_be_equal": "{column_A} equals {column_B}",
    "expect_table_columns_to_match_set": "the columns are {column_set}",
    "expect_table_row_count_to_equal": "the number of rows is {value}",
    "expect_column_most_common_value_to_be_in_set": "the commonest value is among {value_set}",
    "expect_column_values_to_fall_in_hours": "times are from {first_hour}:00 to {last_hour}:59 UTC",
    "expect_column_missing_share_of_any_day_to_be_less_than": "less than {threshold} is missing on every day",
}
_MOST_LISTED = 8


def expected(type_: str, kwargs: Mapping[str, Any]) -> str:
    """What the expectation says of good data, such as ``values are between 0 and 100, in 99 % of rows``."""
    said = {name: _shown(value) for name, value in kwargs.items()}
    if type_ in _BETWEEN:
        text = f"{_BETWEEN[type_]} {_bounds(kwargs)}"
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
    return text if mostly in (None, 1, 1.0) else f"{text}, in at least {100 * float(mostly):g} % of rows"


def observed(result: Mapping[str, Any], *, passed: bool) -> str:
    """What was found, from Great Expectations' result: ``3 of 1,200 rows fail (0.25 %), such as 7, 9``."""
    if "unexpected_count" in result and "element_count" in result:
        return _rows_observed(result)
    details = (result.get("details") or {}).get("mismatched") or {}
    said = [f"{_shown(names)} {word}" for word, names in (("is missing", details.get("missing")),
            ("is too many", details.get("unexpected"))) if names]  # fmt: skip
    if said:
        return " and ".join(said)
    value = result.get("observed_value")
    if isinstance(value, Mapping) and {"quantiles", "values"} <= set(value):
        return f"they are {_shown(value['values'])}"
    if value is None:
        return "it is so" if passed else "it is not so"
    return f"it is {_shown(value)}"


def _rows_observed(result: Mapping[str, Any]) -> str:
    rows = int(result["element_count"] or 0) - int(result.get("missing_count") or 0)
    failed = int(result["unexpected_count"] or 0)
    if not failed:
        return f"all {count(rows)} rows pass"
    examples = [value for value in result.get("partial_unexpected_list") or () if value is not None]
    such = f", such as {_shown(list(dict.fromkeys(map(_example, examples)))[:3])}" if examples else ""
    share = f" ({percent(failed / rows)})" if rows else ""
    return f"{count(failed)} of {count(rows)} rows fail{share}{such}"


def _example(value: object) -> str:
    """A failing value; those of several columns in brackets."""
    return f"({_shown(value)})" if isinstance(value, list | tuple | dict) else _shown(value)


def _quantiles(said: object) -> str:
    """``the 5 % quantile is between 1 and 40, the 50 % quantile …``"""
    ranges = said if isinstance(said, Mapping) else {}
    each = zip(ranges.get("quantiles") or (), ranges.get("value_ranges") or (), strict=False)
    told = [
        f"{100 * float(share):g} % {_bounds(dict(zip(('min_value', 'max_value'), bounds, strict=False)))}"
        for share, bounds in each
    ]
    return f"the quantiles are: {'; '.join(told)}"


def _shares(said: object, threshold: str) -> str:
    """``the shares of values are like a 30 %, b 70 % (relative entropy below 0.1)``."""
    partition = said if isinstance(said, Mapping) else {}
    pairs = list(zip(partition.get("values") or (), partition.get("weights") or (), strict=False))
    told = [f"{_shown(value)} {percent(float(weight))}" for value, weight in pairs[:_MOST_LISTED]]
    more = f" and {len(pairs) - _MOST_LISTED} more" if len(pairs) > _MOST_LISTED else ""
    return f"the shares of the values are like {', '.join(told)}{more} (relative entropy below {threshold})"


class _Known(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "…"


def _bounds(kwargs: Mapping[str, Any]) -> str:
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    if low is None:
        return f"{'below' if kwargs.get('strict_max') else 'at most'} {_shown(high)}"
    if high is None:
        return f"{'above' if kwargs.get('strict_min') else 'at least'} {_shown(low)}"
    return f"between {_shown(low)} and {_shown(high)}"


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
        items = [_shown(one) for one in value]
        more = len(items) - _MOST_LISTED
        return ", ".join(items[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")
    return short(str(value), 60)
