"""What drives a Model, on samples of the gate rows: importances, dependences, pairs of columns, counter-checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from tidemill.evaluation.counterchecks import left_out, looked_at, shuffled, taken
from tidemill.evaluation.evidence import Interaction, Kind, TwoWay
from tidemill.evaluation.explaining import dependence, importances, sample, two_way
from tidemill.evaluation.field import Field
from tidemill.evaluation.masking import masked_dependence, masked_two_way
from tidemill.learning.leaving_out import Refitting
from tidemill.learning.model import Model
from tidemill.usecase.schema import UseCase

__all__ = ["Drivers"]

_COST = 400e6
_EXPLAINED = 1000
_FEWEST_EXPLAINED = 100
_DEPENDENCE = 6
_PAIRS = 10
_TWO_WAY = 2


@dataclass(frozen=True)
class Drivers:
    """A Model and the gate rows that show what drives it. ``frame`` is completed, in the order of ``field``."""

    use_case: UseCase
    model: Model
    field: Field
    frame: pd.DataFrame
    kinds: Mapping[str, Kind]
    masked: Mapping[str, str]

    def evidence(self, refitting: Refitting | None) -> dict[str, Any]:
        """The fields of an Evidence that tell of it. ``refitting`` fits anew without columns; None leaves that out."""
        model, kinds, masked = self.model, self.kinds, self.masked
        chosen = sample(len(self.frame), self._explained(), self.use_case.seed)
        explained = self.frame.iloc[chosen]
        contributions = model.contributions(explained)
        ranked = importances(contributions)
        top = [one.column for one in ranked[:_DEPENDENCE] if one.mean > 0]
        names = [one.column for one in ranked]
        return {
            "importances": ranked,
            "dependence": masked_dependence(dependence(contributions, explained, top, kinds), masked),
            "explained_rows": len(chosen),
            **self._interactions(contributions, explained),
            **self._checked(names, refitting),
        }

    def _explained(self) -> int:
        """How many rows to explain: fewer for a Model of many or deep trees, so that it takes seconds."""
        return int(max(min(_COST / self.model.explaining_cost, _EXPLAINED), _FEWEST_EXPLAINED))

    def _interactions(self, contributions: pd.DataFrame, explained: pd.DataFrame) -> dict[str, Any]:
        found = self.model.interactions(self.model.matrix(explained))
        if found is None:
            return {"interaction_rows": 0}
        strongest = [(pair, mean) for pair, mean in found.pairs.items() if mean > 0][:_PAIRS]
        shown: list[TwoWay] = []
        for pair, _ in strongest:
            if len(shown) == _TWO_WAY:
                break
            one = two_way(contributions, explained, pair, self.kinds)
            if one is not None:
                shown.append(one)
        return {
            "interactions": tuple(Interaction(columns=pair, mean=mean) for pair, mean in strongest),
            "interaction_rows": found.rows,
            "interaction_share": found.share,
            "two_way": masked_two_way(shown, self.masked),
        }

    def _checked(self, names: list[str], refitting: Refitting | None) -> dict[str, Any]:
        rows = looked_at(self.model, self.field, len(names), self.use_case.seed)
        own, matrix = taken(self.field, rows), self.model.matrix(self.frame.iloc[rows])
        found = shuffled(self.use_case, self.model, own, matrix, names)
        fewer = None if refitting is None else left_out(self.use_case, self.model, own, matrix, found, refitting)
        return {"shuffled": found, "shuffled_rows": len(rows), "left_out": fewer}
