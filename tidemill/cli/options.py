"""Kinds of values that commands take, read with one clear message when they are wrong."""

from __future__ import annotations

import math
from datetime import datetime

import click

__all__ = ["moment", "seconds"]


def moment(value: str) -> datetime:
    """A date or an ISO 8601 time; without an offset it is UTC."""
    from tidemill.usecase.values import parse_moment

    try:
        return parse_moment(value)
    except ValueError as error:
        raise click.BadParameter(f"`{value}`: {error}") from None


def seconds(value: str) -> float:
    """A finite number of seconds above nothing."""
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise click.BadParameter(f"`{value}` is no number of seconds above 0, such as 60")
    return number
