"""What tuning searches, and the settings that it tries first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tidemill.learning.boosting import Parameters

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

__all__ = ["DEAR_RATE", "SLOWEST_RATE", "SPACE_VERSION", "Space"]

SPACE_VERSION = 3
SLOWEST_RATE = 0.02
FEW_PAIRS = 0.03
DEAR_RATE = 0.1
DEAR_COLUMNS = 0.4

_HALF_LIVES = (0.0, 0.25, 0.75)
_FASTEST_RATE = 0.3


@dataclass(frozen=True)
class Space:
    """The settings of one study, by XGBoost's names.

    ``ordered`` (rows have a time) adds ``half_life``: how fast old rows lose weight, as a share of the training
    span; 0 weighs all alike. ``categories`` adds what only they need. No learning rate is below ``slowest``, which
    is raised where a round takes so long that a slower one would not come to an end: then, in ``wide`` tables, trees
    see fewer columns. ``dear`` says that there is time for few rounds of all rows: settings that learn fast come first.
    """

    task: str
    ordered: bool
    categories: bool
    wide: bool = False
    slowest: float = SLOWEST_RATE
    dear: bool = False

    def distributions(self) -> dict[str, BaseDistribution]:
        """Optuna's distributions."""
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        space: dict[str, BaseDistribution] = {
            "learning_rate": FloatDistribution(self.slowest, max(_FASTEST_RATE, 2.0 * self.slowest), log=True),
            "max_depth": IntDistribution(2, 11),
            "min_child_weight": FloatDistribution(1e-5, 300.0, log=True),
            "subsample": FloatDistribution(0.4, 1.0),
            "colsample_bytree": FloatDistribution(0.1 if self.slowest >= DEAR_RATE and self.wide else 0.25, 1.0),
            "colsample_bynode": FloatDistribution(0.3, 1.0),
            "reg_lambda": FloatDistribution(1e-3, 100.0, log=True),
            "gamma": FloatDistribution(1e-3, 10.0, log=True),
        }
        if self.categories:
            space["max_cat_to_onehot"] = CategoricalDistribution((4, 64))
        if self.ordered:
            space["half_life"] = CategoricalDistribution(_HALF_LIVES)
        return space

    def starting_points(self) -> tuple[Parameters, ...]:
        """Settings that do well in most places, one of each kind.

        Tamed; XGBoost's own, which is quick and what all else must beat; shallow; the defaults that were tuned on many
        data sets for classes and for numbers (Holzmüller et al., "Better by Default", 2024); and deep. Where rounds are
        dear, XGBoost's own comes first, then the same with deep trees, which learn most of each round. Where rows are
        ranked a leaf's weight is that of its pairs, which is far less than its rows'.
        """
        tuned = (
            (0.08, 6, 1e-5, 0.65, 1.0, 0.9, 1e-3, 1e-3)
            if self.task in ("binary", "multiclass")
            else (0.05, 9, 2.0, 0.7, 1.0, 1.0, 1e-3, 1e-3)
        )
        few = FEW_PAIRS if self.task == "ranking" else 1.0
        tamed = (0.1, 6, 30.0 * few, 0.7, 0.5, 1.0, 5.0, 1.0)
        own = (0.3, 6, 1.0, 1.0, 1.0, 1.0, 1.0, 1e-3)
        first = (own, (0.3, 10, 1.0, 1.0, 1.0, 1.0, 1.0, 1e-3), tamed) if self.dear else (tamed, own)
        others = (
            (0.1, 3, 10.0 * few, 0.8, 0.8, 1.0, 1.0, 1e-3),
            tuned,
            (0.06, 9, 100.0 * few, 0.7, 0.4, 1.0, 10.0, 0.1),
        )
        return tuple(self._point(*point) for point in (*first, *others))

    def _point(
        self,
        rate: float,
        depth: int,
        weight: float,
        rows: float,
        columns: float,
        node_columns: float,
        shrink: float,
        gain: float,
    ) -> Parameters:
        point: dict[str, float | int | str | bool | None] = {
            "learning_rate": max(rate, self.slowest),
            "max_depth": depth,
            "min_child_weight": weight,
            "subsample": rows,
            "colsample_bytree": columns * DEAR_COLUMNS if self.slowest >= DEAR_RATE and self.wide else columns,
            "colsample_bynode": node_columns,
            "reg_lambda": shrink,
            "gamma": gain,
        }
        if self.categories:
            point["max_cat_to_onehot"] = 4
        if self.ordered:
            point["half_life"] = 0.0
        return point
