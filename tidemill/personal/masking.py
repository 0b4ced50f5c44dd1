"""Values of persons, made unreadable: what reports, listings and pages print in their place."""

from __future__ import annotations

import re
from typing import Literal

import pandas as pd

__all__ = ["EMAIL", "LONG_NUMBER", "PHONE", "PersonalKind", "mask", "redact"]

PersonalKind = Literal["email", "phone", "identity", "bank", "birth", "name", "address", "ip", "text", "declared"]

EMAIL = re.compile(r"(?<![\w.+-])[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:[\w-]{1,63}\.)+[^\W\d_]{2,24}(?![\w-])")
PHONE = re.compile(
    r"(?<![\w.])(?:\+|00|0|\()[\d(][\d\s().\-/]{5,18}\d(?!\w)|(?<![\w.-])\d{3}[-. ]\d{3}[-. ]\d{4}(?![\w-])"
)
LONG_NUMBER = re.compile(r"(?<![\w.])[A-Z]{0,2}\d(?:[ -]?[A-Z0-9]){7,33}(?!\w)")
_HIDDEN = "•••"


def mask(value: object, kind: str) -> str:
    """``value`` with just enough left to tell two of them apart by eye; ``kind`` is a :data:`PersonalKind`.

    ``s•••@•••.com``, ``•••67``, ``S. R.``, ``198•-••-••``; addresses and texts leave their length only,
    and whatever does not look like its kind nothing at all. A missing value is ``missing``.
    """
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and value != value):
        return "missing"
    text = str(value).strip()
    if kind == "email":
        return f"{text[0]}{_HIDDEN}@{_HIDDEN}.{text.rpartition('.')[2]}" if EMAIL.fullmatch(text) else _HIDDEN
    if kind in ("phone", "identity", "bank"):
        return f"{_HIDDEN}{text[-2:]}" if len(text) >= 7 else _HIDDEN
    if kind == "name":
        words = [word for word in re.split(r"[\s,]+", text) if word]
        return " ".join(f"{word[0]}." for word in words[:4]) if words else _HIDDEN
    if kind == "birth":
        year = re.match(r"(1[89]|20)\d(?=\d)", text)
        return f"{year[0]}•-••-••" if year else _HIDDEN
    if kind == "address":
        return f"(address, {len(text):,} characters)"
    if kind == "text":
        return f"(text, {len(text):,} characters)"
    return _HIDDEN


def redact(text: str) -> str:
    """A text that a person must still be able to read, with the e-mail addresses, telephone and other long
    numbers in it masked. Names can't be told from words, so they stay: use :func:`mask` for what is published."""
    text = EMAIL.sub(lambda found: mask(found[0], "email"), text)
    text = LONG_NUMBER.sub(lambda found: mask(found[0], "identity"), text)
    return PHONE.sub(lambda found: mask(found[0], "phone"), text)
