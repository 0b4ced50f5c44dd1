"""Tidy text: trimmed, one space between words, letters and synonyms as the rules say, words for missing null.

The Arrow functions work on a whole column; serving calls them on one value, so that both give the same.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tidemill.usecase.cleaning import Case, CleanRules

__all__ = ["arrow_text", "folded", "tidy_texts"]

_ODD = r"[^\x21-\x7e ]|  "
_SPACE = r"[\t-\r\x{1c}-\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]+"


def arrow_text(column: pd.Series) -> pa.Array:
    """A ``str`` column as one Arrow array."""
    values = pa.array(column, type=pa.large_string(), from_pandas=True)
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def tidy_texts(values: pa.Array, rules: CleanRules, name: str, case: Case) -> pa.Array:
    """The texts of the column ``name``, tidied; ``case`` is what becomes of their letters. Twice changes nothing."""
    words = rules.synonyms.get(name)
    values = _spaced(values, rules)
    if case != "keep" or words:
        values = _renamed(_cased(_without(values, rules), case), words, rules, case)
    return _without(values, rules)


def folded(text: str) -> str:
    """What spellings of one thing have in common: no case, and no white space."""
    return "".join(text.casefold().split())


def _spaced(values: pa.Array, rules: CleanRules) -> pa.Array:
    if _is_plain(values):
        return values
    if rules.spaces:
        odd = pc.fill_null(pc.match_substring_regex(values, _ODD), False)
        if pc.any(odd).as_py():
            one = pc.utf8_normalize(pc.filter(values, odd), "NFC")
            values = pc.replace_with_mask(values, odd, pc.replace_substring_regex(one, _SPACE, " "))
    return pc.utf8_trim_whitespace(values) if rules.strip else values


def _is_plain(values: pa.Array) -> bool:
    """A quick look at the bytes: ASCII to be seen, no space at an end, and none beside another."""
    offsets = np.frombuffer(values.buffers()[1], dtype=np.int64)[values.offset : values.offset + len(values) + 1]
    data = np.frombuffer(values.buffers()[2] or b"", dtype=np.uint8)[offsets[0] : offsets[-1]]
    if not len(data):
        return True
    if (data - np.uint8(0x20)).max() > 0x7E - 0x20:
        return False
    space = data == 0x20
    if (space[1:] & space[:-1]).any():
        return False
    start, end = offsets[:-1] - offsets[0], offsets[1:] - offsets[0]
    full = end > start
    return not (space[start[full]].any() or space[end[full] - 1].any())


def _cased(values: pa.Array, case: Case) -> pa.Array:
    if case == "lower":
        return pc.utf8_lower(values)
    if case == "upper":
        return pc.utf8_upper(values)
    return pc.utf8_title(pc.utf8_lower(values)) if case == "title" else values


def _renamed(values: pa.Array, words: dict[str, str] | None, rules: CleanRules, case: Case) -> pa.Array:
    """Synonyms put in, themselves tidied so that it does not matter how the rules spell them."""
    if not words:
        return values
    said = _cased(_spaced(pa.array(list(words), values.type), rules), case)
    meant = _cased(_spaced(pa.array(list(words.values()), values.type), rules), case)
    place = pc.index_in(values, value_set=said)
    return pc.coalesce(pc.take(meant, place), values)


def _without(values: pa.Array, rules: CleanRules) -> pa.Array:
    """Null in place of the words for missing."""
    missing = pa.array(["", *rules.missing] if rules.strip else rules.missing, values.type)
    gone = pc.is_in(values, value_set=missing)
    return pc.if_else(gone, pa.scalar(None, values.type), values) if pc.any(gone).as_py() else values
