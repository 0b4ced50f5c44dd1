"""Numbers and names as the gate's sentences hold them."""

from __future__ import annotations

import math
from statistics import NormalDist

from tidemill.results import Lead

__all__ = ["metric_name", "rows_needed", "shown", "visible"]

POWER = 0.8
_NAMES = {
    "auc": "AUC",
    "log_loss": "log loss",
    "brier": "Brier score",
    "rmse": "RMSE",
    "mae": "MAE",
    "r2": "R²",
    "poisson_deviance": "Poisson deviance",
    "map": "MAP",
    "mrr": "MRR",
    "cost": "of cost a row",
}


def shown(value: float) -> float:
    """The value with as many decimals as its size asks for."""
    if abs(value) >= 1000:
        return round(value)
    return round(value, 4 if abs(value) < 10 else 2) + 0.0


def metric_name(metric: str) -> str:
    """``auc`` as ``AUC``."""
    return metric.upper() if metric.startswith("ndcg") else _NAMES.get(metric, metric.replace("_", " "))


def rows_needed(lead: Lead, least: float, rows: int) -> int | None:
    """How many rows would show such a lead to be above ``least`` four times in five; None where none would.

    The error shrinks with the root of the rows, luck does not, and the lead is taken for the true one.
    """
    ahead = (lead.value - least) / _deviations(lead)
    left = ahead**2 - (lead.luck or 0.0) ** 2
    if ahead <= 0 or left <= 0:
        return None
    needed = rows * lead.error**2 / left
    size = 10 ** max(math.floor(math.log10(max(needed, 1.0))) - 1, 0)
    return int(math.ceil(needed / size) * size)


def visible(lead: Lead, least: float) -> float:
    """The smallest lead that these rows would show to be above ``least`` four times in five."""
    return least + _deviations(lead) * math.hypot(lead.error, lead.luck or 0.0)


def _deviations(lead: Lead) -> float:
    normal = NormalDist()
    return normal.inv_cdf(1.0 - lead.rate) + normal.inv_cdf(POWER)
