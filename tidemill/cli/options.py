"""Kinds of values that commands take, read with one clear message when they are wrong."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

import click

__all__ = ["MOMENT", "SECONDS"]


class _Moment(click.ParamType[datetime]):
    """A date or an ISO 8601 time; without an offset it is UTC."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        from tidemill.usecase.values import parse_moment

        try:
            return parse_moment(value)
        except ValueError as error:
            self.fail(f"`{value}`: {error}", param, ctx)


class _Seconds(click.ParamType[float]):
    """A finite number of seconds above nothing."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            seconds = float(value)
        except ValueError:
            seconds = math.nan
        if not 0 < seconds < math.inf:
            self.fail(f"`{value}` is no number of seconds above 0, such as 60", param, ctx)
        return seconds


MOMENT = _Moment()
SECONDS = _Seconds()
