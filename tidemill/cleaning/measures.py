"""Numbers with a unit, a percent sign or a currency sign, read in one unit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tidemill.units import conversion

__all__ = ["measured", "units_in"]

_MARK = r"(?:US|A|C|R|S)?\$|[€£¥₹₩₽₺₫฿₱]|Rp\.?|RM|[A-Z]{3}"
_DIGITS = r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?|[0-9]+(?:\.[0-9]*)?|\.[0-9]+"
_MEASURE = (
    rf"^\s*(?P<sign>[+-]?)\s*(?P<mark>{_MARK}|)\s*(?P<minus>[+-]?)(?P<digits>{_DIGITS})(?P<power>[eE][+-]?[0-9]+|)"
    r"\s*(?P<unit>[^\s0-9.,+-](?:[^0-9]|\^[0-9])*|)$"
)


def measured(values: pa.Array, unit: str) -> npt.NDArray[np.float64]:
    """What texts such as `154 lb` say, in ``unit``; not-a-number where that can't be told, shape ``(n,)``."""
    parts = pc.extract_regex(values, _MEASURE)
    numbers = _numbers(parts)
    marks, units = (pc.utf8_trim_whitespace(pc.struct_field(parts, name)) for name in ("mark", "unit"))
    found = pc.binary_join_element_wise(marks, units, pa.scalar("\0", marks.type)).dictionary_encode()
    ways = [_way(*str(one).split("\0", 1), unit=unit) for one in found.dictionary.to_pylist()]
    factors = np.array([way[0] for way in ways] + [np.nan])
    offsets = np.array([way[1] for way in ways] + [np.nan])
    places = found.indices.fill_null(len(ways)).to_numpy(zero_copy_only=False)
    return np.asarray(numbers * factors[places] + offsets[places], dtype=np.float64)


def units_in(values: pa.Array) -> pa.Array:
    """The unit or sign that each text has beside its number, empty for a bare number; null where there is no number."""
    parts = pc.extract_regex(values, _MEASURE)
    mark, unit = pc.struct_field(parts, "mark"), pc.struct_field(parts, "unit")
    return pc.utf8_trim_whitespace(pc.binary_join_element_wise(mark, unit, pa.scalar("", mark.type)))


def _numbers(parts: pa.StructArray) -> npt.NDArray[np.float64]:
    """The bare numbers, as exactly as Python would read them."""
    sign, minus = pc.struct_field(parts, "sign"), pc.struct_field(parts, "minus")
    both = pc.and_(pc.not_equal(sign, ""), pc.not_equal(minus, ""))
    digits = pc.replace_substring(pc.struct_field(parts, "digits"), ",", "")
    said = pc.binary_join_element_wise(sign, minus, digits, pc.struct_field(parts, "power"), pa.scalar("", sign.type))
    plain = pc.utf8_ltrim(pc.if_else(both, pa.scalar(None, said.type), said), "+")
    numbers = pc.cast(plain, pa.float64()).to_numpy(zero_copy_only=False)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _way(mark: str, found: str = "", *, unit: str) -> tuple[float, float]:
    """From a sign before the number and a unit after it to ``unit``; both must lead there."""
    ways = [conversion(one, unit) for one in (mark, found) if one] or [(1.0, 0.0)]
    known = [way for way in ways if way is not None]
    return known[-1] if len(known) == len(ways) else (np.nan, np.nan)
