"""Units of measure: how a number in one unit is said in another, and which currency a sign stands for."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # half a second to import: only who declares a unit pays
    import pint

__all__ = ["CURRENCIES", "conversion", "is_unit"]

CURRENCIES = {
    "$": "USD", "US$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₩": "KRW", "₽": "RUB", "₺": "TRY",
    "₫": "VND", "฿": "THB", "₱": "PHP", "R$": "BRL", "Rp": "IDR", "Rp.": "IDR", "RM": "MYR", "S$": "SGD", "A$": "AUD",
    "C$": "CAD", "kr": "SEK", "zł": "PLN",
}  # fmt: skip
_CODES = frozenset({*CURRENCIES.values(), "CHF", "CNY", "NOK", "DKK", "CZK", "HUF", "ILS", "MXN", "NZD", "ZAR", "HKD"})
_UNIT = re.compile(r"[^\W\d_]{1,24}|[^\W\d_]{0,24}[%°/^*·²³ ][\w%°/^*·²³ ]{0,24}")
_PLAIN = ("1", "fraction")


def is_unit(text: str) -> bool:
    """Whether numbers can be wanted in this unit: one that pint knows, ``%``, ``1``, or a currency."""
    return _currency(text) is not None or _quantity(text) is not None


@lru_cache(maxsize=4_096)
def conversion(found: str, wanted: str) -> tuple[float, float] | None:
    """Factor and offset that take numbers in the unit ``found`` to ``wanted``; None when there is no way."""
    found, wanted = found.strip(), wanted.strip()
    if not found or found == wanted:
        return 1.0, 0.0
    if _currency(found) or _currency(wanted):
        return (1.0, 0.0) if _currency(found) == _currency(wanted) else None
    one, other = _quantity(found), _quantity(wanted)
    if one is None or other is None or one.dimensionality != other.dimensionality:
        return None
    registry = _registry()
    zero = float(registry.Quantity(0.0, one).to(other).magnitude)
    step = float(registry.Quantity(1.0, one).to(other).magnitude) - zero
    return float(f"{step:.14g}"), float(f"{zero:.14g}")


def _currency(text: str) -> str | None:
    code = CURRENCIES.get(text, text.upper() if len(text) == 3 else text)
    return code if code in _CODES else None


def _quantity(text: str) -> pint.Unit | None:
    """The unit as pint knows it; as written first, for `mg` and `Mg` are two, and in small letters else."""
    if text in _PLAIN:
        return _registry().dimensionless
    if not _UNIT.fullmatch(text):
        return None
    for said in dict.fromkeys((text, text.lower())):
        try:
            return _registry().parse_units(said)
        except Exception:  # whatever pint's parser makes of a stranger's text, it is no unit
            continue
    return None


@cache
def _registry() -> pint.UnitRegistry[float]:
    import pint

    return pint.UnitRegistry()
