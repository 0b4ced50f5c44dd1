"""The section ``fairness`` of a ``usecase.yaml``: groups of rows that a model is to treat alike."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from tidemill.task import Task
from tidemill.usecase.section import Section
from tidemill.usecase.values import Columns, FieldError

__all__ = ["MEASURES", "FairnessLimits", "FairnessRules"]

MEASURES: dict[str, tuple[str, ...]] = {
    "binary": ("selection_rate", "selection_ratio", "tpr", "fpr", "calibration", "error"),
    "multiclass": ("selection_rate", "selection_ratio", "tpr", "fpr", "calibration", "error"),
    "regression": ("calibration", "error"),
    "count": ("calibration", "error"),
    "ranking": ("exposure",),
}
"""What is measured of each group, by task."""

_Gap = Annotated[float, Field(gt=0.0)]
_Share = Annotated[float, Field(gt=0.0, lt=1.0)]


class FairnessLimits(Section):
    """How far apart groups may be: a gap counts as too large when its whole interval lies beyond its limit."""

    selection_rate: _Share | None = Field(
        None, description="Classification: largest difference in the share of rows for which a class is said."
    )
    selection_ratio: _Share | None = Field(
        None,
        description="Classification: least that the lowest of these shares may be of the highest; 0.8 is the "
        "four-fifths rule.",
    )
    tpr: _Share | None = Field(
        None, description="Classification: largest difference in the share of a class's own rows that are found."
    )
    fpr: _Share | None = Field(
        None, description="Classification: largest difference in the share of other rows that are taken for the class."
    )
    calibration: _Gap | None = Field(
        None,
        description="Largest difference in what is predicted less what happened, on average: probabilities, or the "
        "target's unit.",
    )
    error: _Gap | None = Field(
        None,
        description="Largest difference in the share of wrong answers; for numbers in the mean absolute error, in the "
        "target's unit.",
    )
    exposure: _Gap | None = Field(
        None, description="Ranking: largest difference in how near the top rows stand; 1 is as near as chance brings."
    )

    @property
    def given(self) -> dict[str, float]:
        """The limits that are set, by measure."""
        return {name: value for name, value in self.model_dump().items() if value is not None}

    def unfit(self, task: Task) -> tuple[str, str] | None:
        """The first limit of something that is not measured for this task, and what to do; None where all fit."""
        for name in self.given:
            if name not in MEASURES[task]:
                fitting = ", ".join(f"`{one}`" for one in MEASURES[task])
                return name, f"it is not measured for the task {task}, but {fitting}: limit these, or leave it out"
        return None


class FairnessRules(Section):
    """Groups of rows that the model is to treat alike, measured on the gate rows."""

    groups: Columns = Field(
        (),
        description="Columns that say which group a row belongs to, such as `[sex, region]`. The model need not read "
        "them: columns that are ignored, forbidden or personal can be named here.",
    )
    bands: dict[str, tuple[float, ...]] = Field(
        default_factory=dict,
        description="Where to cut the numbers of a column into groups, such as `{age: [25, 40, 60]}`. Left out: "
        "quarters, where there are many values.",
    )
    limits: FairnessLimits = Field(default_factory=FairnessLimits, description=FairnessLimits.__doc__ or "")
    beyond: Literal["report", "refuse"] = Field(
        "report",
        description="What a gap beyond its limit does: `report` says so, `refuse` keeps the model from being promoted.",
    )
    minimum_rows: int = Field(
        50,
        ge=10,
        description="Fewest gate rows by which a group is judged; for `tpr` and `fpr` of those that they are shares "
        "of.",
    )

    @model_validator(mode="after")
    def _goes_together(self) -> FairnessRules:
        for name, edges in self.bands.items():
            if name not in self.groups:
                raise FieldError(("bands", name), "it is none of the `groups`: name it there too")
            if not edges or any(low >= high for low, high in pairwise(edges)):
                raise FieldError(("bands", name), "give numbers that rise, such as `[25, 40, 60]`")
        if not self.groups and self.limits.given:
            raise FieldError("limits", "there are no `groups` that they could be for: name columns there")
        if self.beyond == "refuse" and not self.limits.given:
            raise FieldError("beyond", "it says refuse, and there are no `limits`: set one, such as `tpr: 0.1`")
        return self
