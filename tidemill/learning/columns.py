"""Tidy columns as numbers: what a column is, and the parts of a time that a booster can use."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from tidemill.cleaning import Kind

__all__ = ["HOURS", "Pairing", "TimePart", "as_numbers", "combined", "kind_of", "time_part"]

TimePart = Literal["hour", "weekday", "day of month", "day of year", "hours before", "days since 1970"]
Pairing = Literal["difference", "ratio"]
Doubles = NDArray[np.float64]

MICROSECONDS_AN_HOUR = 3_600_000_000
HOURS = 24
THURSDAY = 3


def kind_of(column: pd.Series) -> Kind:
    """What a normalised column is, by its type. Durations are numbers (seconds)."""
    if types.is_bool_dtype(column.dtype):
        return "boolean"
    if types.is_datetime64_any_dtype(column.dtype):
        return "time"
    if types.is_numeric_dtype(column.dtype) or types.is_timedelta64_dtype(column.dtype):
        return "number"
    return "category"


def as_numbers(column: pd.Series) -> Doubles:
    """A normalised number, boolean or duration column as float64; not-a-number where there is no value."""
    if types.is_timedelta64_dtype(column.dtype):
        column = column.dt.total_seconds()
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def combined(pairing: Pairing, one: Doubles, other: Doubles) -> Doubles:
    """The difference of two columns of numbers or their ratio; not-a-number where there is none."""
    if pairing == "difference":
        return one - other
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(np.divide(one, other, out=np.full(len(one), np.nan), where=other != 0))


def time_part(part: TimePart, at: pd.Series, reference: pd.Series | None) -> Doubles:
    """One number a row out of UTC moments: hour with its fraction, weekday from 0 (Monday), days from 1.

    ``hours before`` is how long before ``reference`` the moment was, ``days since 1970`` has a fraction.
    Plain numpy, because pandas' own accessors take most of the time that one row takes.
    """
    moments = at.to_numpy(dtype="datetime64[us]")
    if part == "hours before":
        if reference is None:
            return np.full(len(at), np.nan)
        return _count(reference.to_numpy(dtype="datetime64[us]") - moments, MICROSECONDS_AN_HOUR)
    if part == "days since 1970":
        return _count(moments - np.datetime64("1970-01-01", "us"), HOURS * MICROSECONDS_AN_HOUR)
    days = moments.astype("datetime64[D]")
    if part == "hour":
        return _count(moments - days, MICROSECONDS_AN_HOUR)
    if part == "weekday":
        return (_count(days - np.datetime64("1970-01-01"), 1) + THURSDAY) % 7
    period = "datetime64[M]" if part == "day of month" else "datetime64[Y]"
    return _count(days - moments.astype(period), 1) + 1


def _count(spans: NDArray[np.timedelta64], unit: int) -> Doubles:
    """Spans in units of ``unit`` of their own ticks; not-a-number for what is missing."""
    ticks = spans.astype(np.int64) / unit
    return np.where(np.isnat(spans), np.nan, ticks)
