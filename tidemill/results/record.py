"""What the records have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["Interval", "Record"]


class Record(BaseModel):
    """Base of the records: frozen, and unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Interval(Record):
    """A measured value with its bootstrap interval."""

    name: str
    value: float
    low: float
    high: float
