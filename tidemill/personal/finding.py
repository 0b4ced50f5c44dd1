"""The scan for personal data: what the values of a sample are, read together with what the column is called.

A value alone decides where its form can't be anything else (an e-mail address, an IBAN, an identity
number with a date and check digits). Otherwise the column's name must agree: ten digits are a telephone
number only in a column that is called one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from tidemill.personal.masking import EMAIL, LONG_NUMBER, PHONE, PersonalKind, mask
from tidemill.personal.numbers import bank_match, identity_match, is_ip, phone_match
from tidemill.personal.words import (
    ADDRESS_WORDS,
    BIRTH_WORDS,
    IDENTITY_WORDS,
    NAME_WORDS,
    NOT_A_PERSON,
    NOT_POSTAL,
    PEOPLE_WORDS,
    PERSON_NAMES,
    PHONE_WORDS,
    SURE_IDENTITY,
    plain,
    says,
)
from tidemill.results import PersonalColumn
from tidemill.said import to_say, to_tell

__all__ = ["KIND_WORDS", "find_personal"]

KIND_WORDS: Mapping[str, str] = {
    "email": to_say("e-mail addresses"),
    "phone": to_say("telephone numbers"),
    "identity": to_say("identity numbers"),
    "bank": to_say("bank or card numbers"),
    "birth": to_say("dates of birth"),
    "name": to_say("names of persons"),
    "address": to_say("postal addresses"),
    "ip": to_say("IP addresses"),
    "text": to_say("text that holds personal data"),
    "declared": to_say("personal data"),
}

_SAMPLE = 2_000
_CHECKED = 400
_FEWEST_DIGITS = 7
_TEXT_SHARE = 0.01
_OLDEST_YEARS = 120

_WORD = r"[^\W\d_][^\W\d_'’.-]*(?:['’.-][^\W\d_]+)*\.?"
_PERSON = re.compile(rf"{_WORD}(?:,? {_WORD}){{0,4}}\Z")
_STREET = re.compile(
    r"(?:\b(?:street|st|road|rd|avenue|ave|lane|ln|drive|boulevard|blvd|court|jl|jln|jalan|gang|str|platz|rue|calle|"
    r"avenida|av|via|piazza|rua|ulica|ul|cadde|sokak)\b|\w(?:straße|strasse|straat|gasse|gatan|weg|laan)\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class _Column:
    """A column's sample: different values as text, in the order of the rows, and how many rows they are of."""

    name: str
    values: Sequence[str]
    times: pd.Series | None
    rows: int

    def share(self, holds: Callable[[str], object]) -> float:
        """The share of the different values that ``holds``."""
        return sum(bool(holds(value)) for value in self.values) / max(len(self.values), 1)


@dataclass(frozen=True)
class _Found:
    kind: PersonalKind
    what: str
    share: float
    example: str


def find_personal(
    frame: pd.DataFrame,
    rules: Mapping[str, str] | None = None,
    *,
    skip: Collection[str] = (),
    seed: int = 7,
) -> list[PersonalColumn]:
    """The columns of ``frame`` that hold personal data, in its order, each with its evidence and a masked example.

    ``rules`` is ``columns.personal`` of a use case: ``leave_out`` finds the column without evidence,
    ``allow`` marks it ``allowed``, ``not_personal`` takes the user's word. Columns of ``skip`` are not
    looked at. Of each column at most 2,000 rows with a value are read, drawn with ``seed``.
    """
    rules = rules or {}
    found = []
    for place, (key, column) in enumerate(frame.items()):
        name = str(key)
        rule = rules.get(name)
        if name in skip or rule == "not_personal":
            continue
        sampled = _sampled(name, column, np.random.default_rng((seed, place)))
        one = _judged(sampled) if sampled is not None else None
        if one is None and rule is None:
            continue
        found.append(_record(name, sampled.rows if sampled else 0, one, allowed=rule == "allow"))
    return found


def _record(name: str, rows: int, found: _Found | None, *, allowed: bool) -> PersonalColumn:
    if found is None:
        return PersonalColumn(
            column=name, kind="declared", share=1.0, sampled=rows, example="",
            evidence=to_say("the use case says so (`columns.personal`)"), allowed=allowed,
        )  # fmt: skip
    example = mask(found.example, found.kind)
    evidence = to_tell(
        "{share} of the values in {rows:,} sampled rows {told}, such as `{example}`",
        share=_percent(found.share),
        rows=rows,
        told=found.what,
        example=example,
    )
    return PersonalColumn(
        column=name, kind=found.kind, share=found.share, sampled=rows, example=example, evidence=evidence,
        allowed=allowed,
    )  # fmt: skip


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.1 or not share else f"{share:.1%}"


def _sampled(name: str, column: pd.Series, rng: np.random.Generator) -> _Column | None:
    """The values to look at; None for a column whose type can't hold any of what is looked for."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.dtype.categories.dtype)
    known = np.flatnonzero(column.notna().to_numpy())
    if not len(known) or pd.api.types.is_bool_dtype(column.dtype):
        return None
    chosen = known if len(known) <= _SAMPLE else np.sort(rng.choice(known, _SAMPLE, replace=False))
    values = column.iloc[chosen]
    if values.dtype.kind == "M":
        return _Column(name, [], values, len(values))
    if values.dtype.kind in "iuf":
        numbers = values.to_numpy(dtype="float64")
        whole = np.isfinite(numbers).all() and (numbers == np.floor(numbers)).all()
        if not whole or (numbers < 10.0 ** (_FEWEST_DIGITS - 1)).mean() > 0.5:
            return None
        texts = [str(int(number)) for number in values]
    elif values.dtype.kind in "OUST" or isinstance(values.dtype, pd.StringDtype):
        texts = [str(value).strip() for value in values]
    else:
        return None
    different = [text for text in dict.fromkeys(texts) if text]
    return _Column(name, different, None, len(texts)) if different else None


def _judged(column: _Column) -> _Found | None:
    """What the column holds; the first of the tests that finds something, the surest first."""
    if column.times is not None:
        return _birth_times(column)
    tests = (_email, _ip, _bank, _identity, _phone, _birth, _address, _name, _text)
    return next((found for test in tests if (found := test(column)) is not None), None)


def _email(column: _Column) -> _Found | None:
    share = column.share(EMAIL.fullmatch)
    if share < 0.05:
        return None
    return _Found("email", to_say("are e-mail addresses"), share, _first(column, EMAIL.fullmatch))


def _ip(column: _Column) -> _Found | None:
    share = column.share(is_ip)
    return _Found("ip", to_say("are IP addresses"), share, _first(column, is_ip)) if share >= 0.5 else None


def _bank(column: _Column) -> _Found | None:
    match = bank_match(column.values[:_CHECKED])
    return (
        None if match is None else _Found("bank", to_tell("are {told}", told=match.what), match.share, column.values[0])
    )


def _identity(column: _Column) -> _Found | None:
    named = says(column.name, IDENTITY_WORDS)
    values = column.values[:_CHECKED]
    match = identity_match(values, named=named)
    if match is not None and (named or len(values) >= 5):
        return _Found("identity", to_tell("are {told}", told=match.what), match.share, values[0])
    if says(column.name, SURE_IDENTITY):
        codes = column.share(lambda value: re.fullmatch(r"(?=.*\d)[A-Za-z\d .\-/]{6,24}", value))
        if codes >= 0.8 and len(column.values) >= 0.5 * column.rows:
            return _Found(
                "identity", to_say("are codes in a column that is called an identity number"), codes, values[0]
            )
    return None


def _phone(column: _Column) -> _Found | None:
    match = phone_match(column.values[:_CHECKED], named=says(column.name, PHONE_WORDS))
    return (
        None
        if match is None
        else _Found("phone", to_tell("are {told}", told=match.what), match.share, column.values[0])
    )


def _birth_times(column: _Column) -> _Found | None:
    if column.times is None or not says(column.name, BIRTH_WORDS):
        return None
    years = (pd.Timestamp(datetime.now(UTC)) - pd.to_datetime(column.times, utc=True)).dt.days / 365.25
    share = float(years.between(0, _OLDEST_YEARS).mean())
    if share < 0.9:
        return None
    return _Found(
        "birth", to_say("are dates of the last 120 years, in a column of births"), share, str(column.times.iloc[0])
    )


def _birth(column: _Column) -> _Found | None:
    if not says(column.name, BIRTH_WORDS):
        return None
    texts = pd.Series(column.values, dtype="str")
    times = pd.to_datetime(texts, utc=True, errors="coerce", format="mixed", dayfirst=True)
    if times.isna().mean() > 0.2 or texts.str.fullmatch(r"\d{1,6}").any():
        return None
    return _birth_times(_Column(column.name, column.values, times.dropna(), column.rows))


def _address(column: _Column) -> _Found | None:
    named = says(column.name, ADDRESS_WORDS) and not says(column.name, NOT_POSTAL)

    def looks(value: str) -> bool:
        words = len(value.split())
        return 2 <= words <= 20 and bool(re.search(r"\d", value)) and (named or bool(_STREET.search(value)))

    share = column.share(looks)
    if share < (0.3 if named else 0.5) or (not named and len(column.values) < 10):
        return None
    return _Found("address", to_say("look like postal addresses"), share, _first(column, looks))


def _name(column: _Column) -> _Found | None:
    """Names: by the column's name and the values' form, or by how many of them have a common name in them."""
    shape = column.share(_person_shaped)
    if shape < 0.6:
        return None
    known = column.share(_has_person_name)
    if says(column.name, NOT_A_PERSON):
        return None
    surely = says(column.name, NAME_WORDS)
    people = says(column.name, PEOPLE_WORDS)
    unnamed = known >= 0.4 and shape >= 0.8 and len(column.values) >= 20
    if not (surely or (people and known >= 0.1 and len(column.values) >= 3) or unnamed):
        return None
    what = to_tell("look like names of persons ({share} have a common given or family name)", share=_percent(known))
    return _Found("name", what, shape, _first(column, _person_shaped))


def _person_shaped(value: str) -> bool:
    return len(value) <= 60 and bool(_PERSON.match(value)) and not value.islower()


def _has_person_name(value: str) -> bool:
    return any(plain(word) in PERSON_NAMES for word in re.split(r"[\s,.]+", value))


def _text(column: _Column) -> _Found | None:
    """Free text of which at least one value in a hundred holds an address or a number of a person."""
    if column.share(lambda value: value.count(" ") >= 2) < 0.3:
        return None
    holding = [value for value in column.values if _holds_personal(value)]
    share = len(holding) / len(column.values)
    if share < _TEXT_SHARE or len(holding) < 2:
        return None
    return _Found(
        "text", to_say("are text with e-mail addresses, telephone or identity numbers in it"), share, holding[0]
    )


def _holds_personal(text: str) -> bool:
    if EMAIL.search(text):
        return True
    phones = [found[0].strip() for found in PHONE.finditer(text)]
    if any(phone_match([phone], named=False) for phone in phones if phone.startswith(("+", "00"))):
        return True
    if any(phone_match([phone] * 5, named=False) for phone in phones):
        return True
    numbers = [found[0] for found in LONG_NUMBER.finditer(text)]
    return any(bank_match([number]) or identity_match([number], named=False) for number in numbers)


def _first(column: _Column, holds: Callable[[str], object]) -> str:
    return next(value for value in column.values if holds(value))
