"""What names a person, compared as text whatever type its column happens to have, and hashed for keeping."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from tidemill.reading.plain import TEXT

__all__ = ["fields", "hashed", "said", "spelt", "telling", "token"]

_WHOLE = 2.0**53
_FRACTION = r"^(-?(?:0|[1-9][0-9]*))\.0+$"
_SEPARATORS = (re.compile(r"[,;\t|]"), re.compile(r"[,;\t|:{}\[\]]"))
_WORD = re.compile(r"[\w.@+-]+")
_FEWEST, _FEWEST_DIGITS, _LONG = 6, 9, 16


def said(column: pa.ChunkedArray, *, fold: bool = False) -> pa.ChunkedArray:
    """Each value as text without space around it: ``17`` for 17, 17.0 and `17.0`, and `017` as it is.

    ``fold`` makes letters small, for a use case whose cleaning changes their case.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        return said(column.cast(kind.value_type), fold=fold)
    if pa.types.is_floating(kind):
        whole = pc.and_(pc.equal(pc.floor(column), column), pc.less(pc.abs(column), _WHOLE))
        whole = pc.fill_null(whole, False)
        integers = pc.cast(pc.if_else(whole, column, 0.0), pa.int64())
        return pc.if_else(whole, pc.cast(integers, TEXT), pc.cast(column, TEXT))
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return column.cast(TEXT) if _has_text(kind) else pa.chunked_array([pa.nulls(len(column), TEXT)])
    texts = pc.utf8_trim_whitespace(column.cast(TEXT))
    if pc.any(pc.match_substring(texts.filter(pc.fill_null(pc.ends_with(texts, "0"), False)), ".0")).as_py():
        texts = pc.replace_substring_regex(texts, _FRACTION, r"\1")
    return pc.utf8_lower(texts) if fold else texts


def spelt(value: str, *, fold: bool = False) -> str:
    """One value as :func:`said` gives it."""
    return str(said(pa.chunked_array([pa.array([value], TEXT)]), fold=fold)[0].as_py())


def hashed(salt: str, columns: Sequence[str], values: Sequence[str]) -> str:
    """A keyed hash (BLAKE2b, 128 bits, hex) of what columns hold. Equal values of other columns have another one."""
    text = json.dumps([*columns, *values], ensure_ascii=False)
    return hashlib.blake2b(text.encode(), key=bytes.fromhex(salt), digest_size=16).hexdigest()


def telling(value: str) -> bool:
    """Whether the value is found in a text only where it is meant: long enough, and neither a word nor a number."""
    if value.isdigit():
        return len(value) >= _FEWEST_DIGITS
    if "@" in value and len(value) >= _FEWEST:
        return True
    mixed = any(one.isdigit() for one in value) and any(one.isalpha() for one in value)
    return (mixed and len(value) >= _FEWEST) or len(value) >= _LONG


def token(value: str) -> re.Pattern[str]:
    """Where a text holds the value with nothing of a word around it."""
    return re.compile(rf"(?<!\w){re.escape(value)}(?!\w)")


def fields(raw: str, *, fold: bool = False) -> set[str]:
    """What a line that nobody could read may say of a person: each of its fields, and its longer words."""
    pieces = [piece for separator in _SEPARATORS for piece in separator.split(raw)]
    found = {piece.strip().strip("\"'").strip() for piece in pieces}
    found |= {word for word in _WORD.findall(raw) if telling(word)}
    texts = pa.chunked_array([pa.array(sorted(found - {""}), TEXT)])
    return set(said(texts, fold=fold).to_pylist())


def _has_text(kind: pa.DataType) -> bool:
    return not (pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_null(kind))
