"""Numbers, moments and names as a person reads them, the same on every page and in every chart."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

__all__ = [
    "METRIC_NAMES",
    "MISSING",
    "bytes_text",
    "count",
    "day",
    "listed",
    "metric_name",
    "moment",
    "number",
    "percent",
    "plural",
    "seconds_text",
    "short",
    "signed",
    "span",
]

MISSING = "–"

METRIC_NAMES = {
    "auc": "AUC",
    "log_loss": "log loss",
    "brier": "Brier score",
    "precision": "precision",
    "recall": "recall",
    "accuracy": "accuracy",
    "rmse": "RMSE",
    "mae": "mean absolute error",
    "r2": "R²",
    "f1": "F1",
    "mcc": "Matthews correlation",
    "mape": "mean absolute percentage error",
    "smape": "symmetric mean absolute percentage error",
    "rmsle": "RMSLE",
    "poisson_deviance": "Poisson deviance",
    "map": "MAP",
    "mrr": "MRR",
}


def metric_name(metric: str) -> str:
    """``auc`` as ``AUC``: a metric's name in running text."""
    if metric.startswith("ndcg"):
        return metric.upper()
    return METRIC_NAMES.get(metric, metric.replace("_", " "))


def count(value: float) -> str:
    """``277,546``: a whole number with its thousands apart."""
    return f"{value:,.0f}"


def number(value: float | None, digits: int = 4) -> str:
    """``0.6721``, ``1357`` or ``12,340``: ``digits`` figures that count, no exponents for what people meet."""
    if value is None or math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if size < -5 or size > 14:
        return f"{value:.{digits - 1}e}".replace("-", "−")
    decimals = max(digits - 1 - size, 0)
    text = f"{value:,.{decimals}f}" if size >= 4 else f"{value:.{decimals}f}"
    if float(value).is_integer() and "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace("-", "−")


def signed(value: float, digits: int = 3) -> str:
    """``+0.057``: a difference, with its sign."""
    return f"+{number(value, digits)}" if value > 0 else number(value, digits)


def span(low: float, high: float, digits: int = 4) -> str:
    """``0.665 to 0.679``: an interval, which stays on one line."""
    return f"{number(low, digits)}\u00a0to\u00a0{number(high, digits)}"


def percent(share: float | None, decimals: int | None = None) -> str:
    """``24 %``, ``2.4 %``, ``0.24 %``, ``99.7 %``: a share, with as many decimals as it needs."""
    if share is None or math.isnan(share):
        return MISSING
    if decimals is None:
        near = min(abs(share), 10 * abs(1 - share)) if 0 < share < 1 else 1.0
        decimals = 0 if near >= 0.1 else 1 if near >= 0.01 else 2
    text = f"{100 * share:.{decimals}f}".removesuffix(".0")
    if share > 0 and float(text) == 0:
        text = "< 0.01"
    return f"{text}\u00a0%".replace("-", "−")


def seconds_text(seconds: float) -> str:
    """``0.4 s``, ``12 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def bytes_text(size: float) -> str:
    """``812 kB``, ``3.4 MB``: a size in powers of ten."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{size:,.0f} {unit}" if size >= 10 or unit == "bytes" else f"{size:,.1f} {unit}"


def moment(value: datetime | None) -> str:
    """``1 October 2013, 06:00 UTC``; midnight is left out."""
    if value is None:
        return MISSING
    at = value.astimezone(UTC)
    clock = "" if (at.hour, at.minute, at.second) == (0, 0, 0) else f", {at:%H:%M} UTC"
    return f"{day(at)}{clock}"


def day(value: datetime) -> str:
    """``1 October 2013``."""
    return f"{value.day} {value:%B %Y}"


def plural(how_many: int, one: str, more: str | None = None) -> str:
    """``1 row``, ``2 rows``."""
    return f"{count(how_many)} {one if how_many == 1 else more or one + 's'}"


def listed(names: list[str], last: str = "and") -> str:
    """``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}" if names else ""


def short(text: str, most: int = 26) -> str:
    """The text on one line, cut with an ellipsis where it is longer than ``most`` characters."""
    line = re.sub(r"[ \t\r\n]+", " ", text).strip()
    return line if len(line) <= most else f"{line[: most - 1]}…"
