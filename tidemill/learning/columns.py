"""Tidy columns as numbers: what a column is, and the parts of a time that a booster can use."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from tidemill.cleaning import Kind

__all__ = ["TimePart", "as_numbers", "kind_of", "time_part"]

TimePart = Literal["hour", "weekday", "day of month", "day of year", "hours before"]
Doubles = NDArray[np.float64]


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


def time_part(part: TimePart, at: pd.Series, reference: pd.Series | None) -> Doubles:
    """One number a row out of UTC moments: hour with its fraction, weekday from 0 (Monday), days from 1.

    ``hours before`` is how long before ``reference`` the moment was.
    """
    clock = at.dt
    if part == "hours before":
        if reference is None:
            return np.full(len(at), np.nan)
        return as_numbers((reference - at).dt.total_seconds() / 3600.0)
    if part == "hour":
        return as_numbers(clock.hour + clock.minute / 60.0 + clock.second / 3600.0)
    days = {"weekday": clock.day_of_week, "day of month": clock.day, "day of year": clock.day_of_year}
    return as_numbers(days[part])
