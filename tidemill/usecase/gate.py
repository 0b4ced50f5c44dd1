"""The section ``gate``: when a model may be promoted."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from tidemill.usecase.section import Section
from tidemill.usecase.values import FieldError, Span

__all__ = ["GateRules", "SliceRules"]

Policy = Literal["better", "non_inferior", "cost"]


class SliceRules(Section):
    """Which slices of the gate rows may not get worse than with the champion."""

    false_discovery_rate: Annotated[float, Field(ge=0.0, lt=1.0)] = Field(
        0.1,
        description="Of the slices that are called worse, the share that may be so by chance; no larger is the chance "
        "that a model is refused for a slice when none is worse. 0: no slice stops a promotion.",
    )
    margin: float = Field(0.0, ge=0, description="How much worse a slice may get, in the metric's own units.")


class GateRules(Section):
    """When a model may be promoted."""

    policy: Policy = Field(
        "better",
        description="What a challenger must show against the champion: `better` by more than `champion_margin`, "
        "`non_inferior` (worse by less than `champion_margin`), or better on `cost` a row, by `tune.threshold.costs`.",
    )
    margin: float = Field(
        0.0, ge=0, description="How much better than every baseline, in the metric's own units, a model must be."
    )
    champion_margin: float = Field(
        0.0,
        description="How much better than the champion a challenger must be on rows that neither was trained on; with "
        "`non_inferior`, how much worse is still fine. In the metric's own units, or in what a row costs.",
    )
    false_promotions: Annotated[float, Field(gt=0.0, le=0.5)] = Field(
        0.05,
        description="The most often that a challenger is promoted over the champion though it is not better.",
    )
    slices: SliceRules = Field(default_factory=SliceRules, description=SliceRules.__doc__ or "")
    approval: Literal["auto", "manual"] = Field(
        "auto",
        description="`manual`: a version that passes waits for a person, in the Prefect UI or by `tidemill approve`.",
    )
    approval_timeout: Span = Field(
        timedelta(days=3),
        description="How long such a version waits. When nobody has answered by then, it is rejected.",
    )

    @property
    def level(self) -> float:
        """How often the bound of a lead may be passed by the true one: half of what is promised.

        The other half is for what is only estimated: how far other seeds would have moved a model of few boosters.
        """
        return self.false_promotions / 2.0

    @property
    def least(self) -> float:
        """The lead over the champion that has to be exceeded; below 0 where being a little worse is fine."""
        return -self.champion_margin if self.policy == "non_inferior" else self.champion_margin

    @model_validator(mode="after")
    def _goes_together(self) -> GateRules:
        if self.policy == "non_inferior" and self.champion_margin <= 0:
            raise FieldError(
                "champion_margin",
                "`policy: non_inferior` asks how much worse is still fine: give `champion_margin`, above 0",
            )
        return self
