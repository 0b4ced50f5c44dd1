"""What every section of a ``usecase.yaml`` is: a frozen pydantic model, every field described and defaulted."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["Section", "Share"]

Share = Annotated[float, Field(gt=0.0, lt=1.0)]


class Section(BaseModel):
    """A part of the file: unknown keys are refused, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_left_out(cls, said: object) -> object:
        """A field with nothing after its colon counts as left out: all of a section's lines may be comments."""
        if not isinstance(said, dict):
            return said
        known = {field.alias or name for name, field in cls.model_fields.items()}
        return {name: value for name, value in said.items() if value is not None or name not in known}
