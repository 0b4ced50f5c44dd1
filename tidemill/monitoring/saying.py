"""Numbers as the values of stored sentences: rounded as a person reads them, respelled in each language."""

from __future__ import annotations

from collections.abc import Mapping

from tidemill.monitoring.records import Clause
from tidemill.reporting.wording import number, percent
from tidemill.results import Interval
from tidemill.said import Said, Value

__all__ = ["clause", "figure", "hundredths", "interval_values"]


def clause(text: str, values: Mapping[str, Value] | None = None) -> Clause:
    """A clause of an alarm, about no column."""
    return Clause(said=Said(text=text, values=dict(values or {})))


def figure(value: float, digits: int = 3) -> Value:
    """The value with so many digits that count."""
    return _value(number(value, digits))


def hundredths(share: float) -> Value:
    """The share in hundredths, as a page shows it before its `%`."""
    return _value(percent(share).partition("\N{NO-BREAK SPACE}")[0])


def interval_values(interval: Interval, prefix: str = "") -> dict[str, Value]:
    """`value`, `low` and `high` of an interval."""
    return {f"{prefix}{name}": figure(getattr(interval, name)) for name in ("value", "low", "high")}


def _value(text: str) -> Value:
    """The number that a text spells in English; the text where it is none, or one that Python spells otherwise."""
    plain = text.replace(",", "").replace("\N{MINUS SIGN}", "-")
    try:
        made = float(plain) if "." in plain else int(plain)
    except ValueError:
        return text
    return text if "e" in str(made) else made
