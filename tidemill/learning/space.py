"""What tuning searches, and the settings that it tries first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidemill.learning.boosting import Parameters

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

__all__ = ["SPACE_VERSION", "distributions", "starting_points"]

SPACE_VERSION = 1

_HALF_LIVES = (0.0, 0.25, 0.75)


def distributions(*, ordered: bool) -> dict[str, BaseDistribution]:
    """Optuna's distributions by XGBoost's names.

    ``ordered`` (rows have a time) adds ``half_life``: how fast old rows lose weight, as a share of the
    training span; 0 weighs all alike.
    """
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    space: dict[str, BaseDistribution] = {
        "learning_rate": FloatDistribution(0.03, 0.3, log=True),
        "max_depth": IntDistribution(2, 11),
        "min_child_weight": FloatDistribution(0.5, 300.0, log=True),
        "subsample": FloatDistribution(0.4, 1.0),
        "colsample_bytree": FloatDistribution(0.25, 1.0),
        "reg_lambda": FloatDistribution(0.05, 100.0, log=True),
        "gamma": FloatDistribution(0.001, 10.0, log=True),
        "max_cat_to_onehot": CategoricalDistribution((4, 64)),
    }
    if ordered:
        space["half_life"] = CategoricalDistribution(_HALF_LIVES)
    return space


def starting_points(*, ordered: bool) -> tuple[Parameters, ...]:
    """Settings that do well in most places, one of each kind: tamed, deep, shallow, XGBoost's own."""
    points: tuple[Parameters, ...] = (
        _point(0.1, 6, 30.0, 0.7, 0.5, 5.0, 1.0),
        _point(0.06, 9, 100.0, 0.7, 0.4, 10.0, 0.1),
        _point(0.1, 3, 10.0, 0.8, 0.8, 1.0, 0.001),
        _point(0.3, 6, 1.0, 1.0, 1.0, 1.0, 0.001),
    )
    return tuple({**point, "half_life": 0.0} for point in points) if ordered else points


def _point(
    rate: float, depth: int, weight: float, rows: float, columns: float, shrink: float, gain: float
) -> Parameters:
    return {
        "learning_rate": rate,
        "max_depth": depth,
        "min_child_weight": weight,
        "subsample": rows,
        "colsample_bytree": columns,
        "reg_lambda": shrink,
        "gamma": gain,
        "max_cat_to_onehot": 4,
    }
