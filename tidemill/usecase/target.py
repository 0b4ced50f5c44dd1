"""The section that says what the model predicts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from tidemill.expressions import columns_of
from tidemill.usecase.section import Section
from tidemill.usecase.values import Entry, Expression, FieldError, OrText, Text, section_from_text

__all__ = ["LabelFunction", "OneTarget", "Target"]


class LabelFunction(Section):
    """Gives the rows that it knows something about a label, and abstains from the others."""

    when: Expression | None = Field(
        None, description='True for the rows that it labels, such as `contains(lower(review), "refund")`.'
    )
    label: str | int | float | bool | None = Field(None, description="The label that it gives where `when` is true.")
    python: Entry | None = Field(
        None,
        description="`module:function` in the project: it takes a frame, and gives a label a row, null to abstain.",
    )

    @model_validator(mode="after")
    def _goes_together(self) -> LabelFunction:
        if (self.when is None) == (self.python is None):
            raise FieldError("when", "give `when` and a `label`, or `python`, one of the two")
        if (self.when is None) != (self.label is None):
            raise FieldError("label", "`when` and `label` go together; a `python` function gives labels itself")
        return self


class Target(Section):
    """What the model predicts."""

    column: Text | None = Field(None, description="The column that holds the target. Either this or `expression`.")
    expression: Expression | None = Field(
        None, description="An expression that makes the target, such as `arr_delay > 15`. Null in, no label out."
    )
    name: Text = Field("target", description="What the target is called, when no `column` holds it.")
    positive: str | int | float | bool | None = Field(
        None, description="Binary only: the class that counts as positive. Left out: true, 1, yes or the rarer one."
    )
    labels: dict[str, str] = Field(
        default_factory=dict, description="Names for the classes, such as `{true: late, false: on_time}`."
    )
    gain: Literal["auto", "exponential", "linear"] = Field(
        "auto",
        description="Ranking only: what a grade is worth at the top of a list. `exponential` is 2^grade - 1, for whole "
        "grades up to 31; `linear` is the grade itself. `auto`: exponential where the grades allow it.",
    )
    functions: dict[str, LabelFunction] = Field(
        default_factory=dict,
        description="Labelling functions, by name, for rows that have no target by `column` or `expression`.",
    )
    minimum_class_rows: int = Field(
        0,
        ge=0,
        description="A class with fewer rows is left out: they go to Quarantine.",
    )
    combine: Literal["model", "vote"] = Field(
        "model",
        description="How the functions' votes become one label: `model` weighs each function by how right it seems "
        "(Dawid-Skene), `vote` counts.",
    )
    minimum_confidence: float = Field(
        0.5, ge=0, lt=1, description="Rows that the functions are less sure of go to Quarantine."
    )

    @model_validator(mode="after")
    def _goes_together(self) -> Target:
        if self.column is None and self.expression is None and not self.functions:
            raise ValueError("name the target's `column`, or give an `expression` or `functions` that make it")
        for name in ("combine", "minimum_confidence"):
            if not self.functions and getattr(self, name) != type(self).model_fields[name].default:
                raise FieldError(name, "it is about labelling `functions`, and there are none")
        if self.column is not None and self.expression is not None:
            raise FieldError("expression", "the target has a `column` and an `expression`: leave one of them out")
        if len(set(self.labels.values())) < len(self.labels):
            raise FieldError("labels", "two classes have the same name: give each its own")
        return self

    @property
    def inputs(self) -> frozenset[str]:
        """The columns that it is made from: none when labelling functions alone make it."""
        if self.expression is not None:
            return columns_of(self.expression)
        return frozenset() if self.column is None else frozenset({self.column})


OneTarget = Annotated[Target, BeforeValidator(section_from_text("column")), OrText("The target's column.")]
