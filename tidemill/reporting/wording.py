"""Numbers, moments and names as a person reads them, in the language that is spoken, on every page and in every chart.

English is what this module spells by itself; other languages take their marks, months and units from their file
of translations (:mod:`tidemill.reporting.language`) and from babel.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

from tidemill.reporting.language import ENGLISH, language, say, say_number, say_plural, to_say

__all__ = [
    "METRIC_NAMES",
    "MISSING",
    "bytes_text",
    "count",
    "day",
    "duration_words",
    "listed",
    "metric_name",
    "moment",
    "month",
    "number",
    "percent",
    "percent_of",
    "plural",
    "rival_name",
    "seconds_text",
    "sentence",
    "short",
    "signed",
    "span",
    "value_name",
]

MISSING = "–"

METRIC_NAMES = {
    "auc": to_say("AUC"),
    "log_loss": to_say("log loss"),
    "brier": to_say("Brier score"),
    "precision": to_say("precision"),
    "recall": to_say("recall"),
    "accuracy": to_say("accuracy"),
    "balanced_accuracy": to_say("balanced accuracy"),
    "average_precision": to_say("average precision"),
    "rmse": to_say("RMSE"),
    "mae": to_say("mean absolute error"),
    "r2": to_say("R²"),
    "f1": to_say("F1"),
    "mcc": to_say("Matthews correlation"),
    "mape": to_say("mean absolute percentage error"),
    "smape": to_say("symmetric mean absolute percentage error"),
    "rmsle": to_say("RMSLE"),
    "poisson_deviance": to_say("Poisson deviance"),
    "map": to_say("MAP"),
    "mrr": to_say("MRR"),
}

_RIVALS = {
    "constant": to_say("constant"),
    "random order": to_say("random order"),
    "logistic regression": to_say("logistic regression"),
    "linear regression": to_say("linear regression"),
    "Poisson regression": to_say("Poisson regression"),
    "XGBoost defaults": to_say("XGBoost defaults"),
    "seasonal naive": to_say("seasonal naive"),
}


def rival_name(name: str) -> str:
    """The name of a plain model as a person reads it; a champion's is its version."""
    known, _, season = name.partition(" (")
    said = say(_RIVALS[known]) if known in _RIVALS else known
    return f"{said} ({season}" if season else said


def value_name(value: str) -> str:
    """A value of a column as a person reads it: one that is missing has a word for that."""
    return say("missing") if value == "missing" else value


def metric_name(metric: str) -> str:
    """``auc`` as ``AUC``: a metric's name in running text."""
    if metric.startswith("ndcg"):
        return metric.upper()
    known = METRIC_NAMES.get(metric)
    return metric.replace("_", " ") if known is None else say(known)


def count(value: float) -> str:
    """``277,546``: a whole number with its thousands apart."""
    return say_number(f"{value:,.0f}")


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
        return say_number(f"{value:.{digits - 1}e}".replace("-", "−"))
    decimals = max(digits - 1 - size, 0)
    text = f"{value:,.{decimals}f}" if size >= 4 else f"{value:.{decimals}f}"
    if float(value).is_integer() and "." in text:
        text = text.rstrip("0").rstrip(".")
    return say_number(text.replace("-", "−"))


def signed(value: float, digits: int = 3) -> str:
    """``+0.057``: a difference, with its sign."""
    return f"+{number(value, digits)}" if value > 0 else number(value, digits)


def span(low: float, high: float, digits: int = 4, *, sign: bool = False) -> str:
    """``0.665 to 0.679``: an interval, which stays on one line; with ``sign`` that of a difference."""
    spell = signed if sign else number
    return say("{low} to {high}", low=spell(low, digits), high=spell(high, digits)).replace(" ", "\u00a0")


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
    return percent_of(say_number(text.replace("-", "−")))


def percent_of(number: str) -> str:
    """``24 %``: the sign behind a number that is spelled already, on the same line."""
    return say("{number} %", number=number).replace(" %", "\u00a0%")


def seconds_text(seconds: float) -> str:
    """``0.4 s``, ``12 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if seconds < 9.95:
        return say("{seconds:.1f} s", seconds=seconds)
    whole = round(seconds)
    if whole < 60:
        return say("{seconds} s", seconds=whole)
    if whole < 3600:
        return say("{minutes} min {seconds} s", minutes=whole // 60, seconds=whole % 60)
    return say("{hours} h {minutes} min", hours=whole // 3600, minutes=whole % 3600 // 60)


def duration_words(text: str) -> str:
    """``7d`` as ``7 days``: a duration as a use case writes it, in words."""
    amount, unit = text[:-1], text[-1:]
    if not amount.isdigit() or unit not in "smhdw":
        return text
    how_many = int(amount)
    if unit == "w":
        return say_plural("{count} week", "{count} weeks", how_many)
    if unit == "d":
        return say_plural("{count} day", "{count} days", how_many)
    if unit == "h":
        return say_plural("{count} hour", "{count} hours", how_many)
    if unit == "m":
        return say_plural("{count} minute", "{count} minutes", how_many)
    return say_plural("{count} second", "{count} seconds", how_many)


def bytes_text(size: float) -> str:
    """``812 kB``, ``3.4 MB``: a size in powers of ten."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    if unit == "bytes":
        return say("{size:,.0f} bytes", size=size)
    return say_number(f"{size:,.0f} {unit}" if size >= 10 else f"{size:,.1f} {unit}")


def moment(value: datetime | None) -> str:
    """``1 October 2013, 06:00 UTC``; midnight is left out."""
    if value is None:
        return MISSING
    at = value.astimezone(UTC)
    clock = "" if (at.hour, at.minute, at.second) == (0, 0, 0) else f", {at:%H:%M} UTC"
    return f"{day(at)}{clock}"


def day(value: datetime) -> str:
    """``1 October 2013``."""
    if language() == ENGLISH:
        return f"{value.day} {value:%B %Y}"
    from babel.dates import format_date

    return format_date(value, "long", locale=language())


def month(value: datetime) -> str:
    """``Oct``: a month's name where there is little room."""
    if language() == ENGLISH:
        return f"{value:%b}"
    from babel.dates import get_month_names

    return str(get_month_names("abbreviated", locale=language())[value.month])


def plural(how_many: int, one: str, more: str | None = None) -> str:
    """``1 row``, ``2 rows``: in English alone, for logs and the command line; pages say it by ``say_plural``."""
    return f"{count(how_many)} {one if how_many == 1 else more or one + 's'}"


def listed(names: list[str]) -> str:
    """``a, b and c``."""
    if len(names) < 2:
        return "".join(names)
    if len(names) == 2:
        return say("{first} and {last}", first=names[0], last=names[1])
    return say("{several} and {last}", several=", ".join(names[:-1]), last=names[-1])


def sentence(text: str) -> str:
    """A clause as a sentence: with a capital and a full stop."""
    ended = text if text.endswith((".", "!", "?")) else f"{text}."
    return ended[:1].upper() + ended[1:]


def short(text: str, most: int = 26) -> str:
    """The text on one line, cut with an ellipsis where it is longer than ``most`` characters."""
    line = re.sub(r"[ \t\r\n]+", " ", text).strip()
    return line if len(line) <= most else f"{line[: most - 1]}…"
