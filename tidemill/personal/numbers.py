"""Numbers that name a person or an account: by their form and their check digits (python-stdnum, phonenumbers).

A scheme is *sure* where a number that is drawn at random passes in fewer than 4 of 100 cases: it has a
date of birth, letters or several check digits. The others pass one time in ten (a product number with a
check digit of the same kind, always), so that the column's name must say so too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

from tidemill.said import to_say

__all__ = ["Match", "bank_match", "identity_match", "is_ip", "phone_match", "phone_regions"]

_REGIONS = (
    "ID", "US", "GB", "DE", "FR", "NL", "IN", "AU", "ES", "IT", "BR", "MY", "SG", "JP", "CN", "PL", "TR", "MX", "CH",
)  # fmt: skip
_TRIED = 40
_CARD = re.compile(
    r"(?:4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|3[47]\d{13}|6(?:011|5\d\d)\d{12}|35\d{14})\Z"
)
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}\Z")


@dataclass(frozen=True)
class Match:
    """What values of a column are, and the share of them that are."""

    what: str
    share: float


@dataclass(frozen=True)
class _Scheme:
    """A kind of number: python-stdnum's module, the form that is worth a look, and whether passing proves it."""

    what: str
    module: str
    form: re.Pattern[str]
    sure: bool = True


def _scheme(what: str, module: str, form: str, sure: bool = True) -> _Scheme:
    return _Scheme(what, f"stdnum.{module}", re.compile(form + r"\Z"), sure)


_SCHEMES = (
    _scheme(to_say("Indonesian identity numbers (NIK)"), "id.nik", r"\d{16}"),
    _scheme(to_say("Indonesian tax numbers (NPWP)"), "id.npwp", r"\d{2}\.\d{3}\.\d{3}\.\d-\d{3}\.\d{3}"),
    _scheme(to_say("Indonesian tax numbers (NPWP)"), "id.npwp", r"\d{15}", sure=False),
    _scheme(to_say("US social security numbers"), "us.ssn", r"\d{3}-\d{2}-\d{4}"),
    _scheme(to_say("British NHS numbers"), "gb.nhs", r"\d{3}[ -]?\d{3}[ -]?\d{4}", sure=False),
    _scheme(to_say("Dutch BSN"), "nl.bsn", r"\d{9}", sure=False),
    _scheme(to_say("French NIR"), "fr.nir", r"[12][\d ]{12,18}[\dAB ]{0,8}"),
    _scheme(to_say("German tax numbers (IdNr)"), "de.idnr", r"[1-9]\d[ ]?\d{3}[ ]?\d{3}[ ]?\d{3}"),
    _scheme(to_say("Spanish DNI"), "es.dni", r"\d{8}[ -]?[A-Z]"),
    _scheme(to_say("Spanish NIE"), "es.nie", r"[XYZ][ -]?\d{7}[ -]?[A-Z]"),
    _scheme(to_say("Italian codici fiscali"), "it.codicefiscale", r"[A-Z]{6}\d[\dA-Z]{9}"),
    _scheme(to_say("Brazilian CPF"), "br.cpf", r"\d{3}\.?\d{3}\.?\d{3}-?\d{2}"),
    _scheme(to_say("Indian Aadhaar numbers"), "in_.aadhaar", r"\d{4} \d{4} \d{4}|\d{12}", sure=False),
    _scheme(to_say("Indian PAN"), "in_.pan", r"[A-Z]{5}\d{4}[A-Z]"),
    _scheme(to_say("Chinese identity numbers"), "cn.ric", r"\d{17}[\dX]"),
    _scheme(to_say("Korean resident numbers"), "kr.rrn", r"\d{6}-?\d{7}"),
    _scheme(to_say("Polish PESEL"), "pl.pesel", r"\d{11}"),
    _scheme(to_say("Swedish personal numbers"), "se.personnummer", r"(?:\d{2})?\d{6}[-+]?\d{4}"),
    _scheme(to_say("Norwegian birth numbers"), "no.fodselsnummer", r"\d{6} ?\d{5}"),
    _scheme(to_say("Finnish personal codes"), "fi.hetu", r"\d{6}[-+A]\d{3}[\dA-Z]"),
    _scheme(to_say("Danish CPR numbers"), "dk.cpr", r"\d{6}-\d{4}"),
    _scheme(to_say("Danish CPR numbers"), "dk.cpr", r"\d{10}", sure=False),
    _scheme(to_say("Swiss AHV numbers"), "ch.ssn", r"756\.?\d{4}\.?\d{4}\.?\d{2}"),
    _scheme(to_say("Belgian national numbers"), "be.nn", r"\d{2}\.?\d{2}\.?\d{2}[-.]?\d{3}\.?\d{2}"),
    _scheme(to_say("Turkish identity numbers"), "tr.tckimlik", r"[1-9]\d{10}"),
    _scheme(to_say("Mexican CURP"), "mx.curp", r"[A-Z]{4}\d{6}[HM][A-Z]{5}[\dA-Z]\d"),
    _scheme(to_say("South African identity numbers"), "za.idnr", r"\d{13}"),
    _scheme(to_say("Canadian social insurance numbers"), "ca.sin", r"\d{3}[ -]?\d{3}[ -]?\d{3}", sure=False),
    _scheme(to_say("Australian tax numbers"), "au.tfn", r"\d{3} ?\d{3} ?\d{2,3}", sure=False),
    _scheme(to_say("Malaysian NRIC"), "my.nric", r"\d{6}-\d{2}-\d{4}"),
    _scheme(to_say("Malaysian NRIC"), "my.nric", r"\d{12}", sure=False),
    _scheme(to_say("Thai identity numbers"), "th.pin", r"\d-?\d{4}-?\d{5}-?\d{2}-?\d", sure=False),
    _scheme(to_say("Romanian CNP"), "ro.cnp", r"\d{13}"),
    _scheme(to_say("Bulgarian EGN"), "bg.egn", r"\d{10}"),
    _scheme(to_say("Czech birth numbers"), "cz.rc", r"\d{6}/\d{3,4}"),
    _scheme(to_say("Estonian and Lithuanian personal codes"), "ee.ik", r"[1-6]\d{10}"),
    _scheme(to_say("Yugoslav personal numbers (JMBG)"), "si.emso", r"\d{13}"),
    _scheme(to_say("Croatian OIB"), "hr.oib", r"\d{11}", sure=False),
    _scheme(to_say("Chilean RUT"), "cl.rut", r"\d{1,2}\.\d{3}\.\d{3}-[\dK]"),
    _scheme(to_say("Ecuadorian identity numbers"), "ec.ci", r"\d{10}", sure=False),
    _scheme(to_say("Greek AMKA"), "gr.amka", r"\d{11}"),
)


def identity_match(values: Sequence[str], *, named: bool) -> Match | None:
    """The scheme that most of ``values`` (different ones) pass; ``named``: the column's name speaks of identity."""
    best: Match | None = None
    for scheme in _SCHEMES:
        if not scheme.sure and not named:
            continue
        formed = [value for value in values if scheme.form.match(value.upper())]
        least = 0.8 if not scheme.sure else 0.2 if named else 0.5
        if len(formed) < max(least * len(values), 1):
            continue
        share = sum(_valid(scheme.module, value) for value in formed) / len(values)
        if share >= least and (best is None or share > best.share):
            best = Match(scheme.what, share)
    return best


def bank_match(values: Sequence[str]) -> Match | None:
    """Payment cards (a card scheme's first digits, its length, the Luhn digit) or IBAN, when at least half are."""
    compact = [re.sub(r"[ -]", "", value).upper() for value in values]
    for what, module, form in ((to_say("card numbers"), "stdnum.luhn", _CARD), (to_say("IBAN"), "stdnum.iban", _IBAN)):
        formed = [value for value in compact if form.match(value)]
        if len(formed) >= 0.5 * len(values):
            share = sum(_valid(module, value) for value in formed) / len(values)
            if share >= 0.5:
                return Match(what, share)
    return None


def phone_match(values: Sequence[str], *, named: bool) -> Match | None:
    """Telephone numbers: with a ``+`` anywhere, and as a country writes them where the name or the form says so.

    Digits alone may be anything: they count only in a column that is called a telephone.
    """
    international = [value for value in values if value.startswith("+") or re.match(r"00\d", value)]
    if len(international) >= 0.5 * len(values):
        share = sum(_is_phone(re.sub(r"^00", "+", value), None) for value in international) / len(values)
        return Match(to_say("telephone numbers"), share) if share >= 0.5 else None
    formed = [value for value in values if named or _NATIONAL.match(value)]
    least = 0.5 if named else 0.8
    if len(formed) < least * len(values) or (not named and len(formed) < 5):
        return None
    regions = phone_regions(formed[:_TRIED])
    if not regions:
        return None
    share = sum(any(_is_phone(value, region) for region in regions) for value in formed) / len(values)
    return Match(to_say("telephone numbers"), share) if share >= least else None


# As the United States, Indonesia, France and Britain write them, with their separators; 08… is an Indonesian mobile.
_NATIONAL = re.compile(
    r"(?:\(\d{3}\) ?\d{3}[-. ]\d{4}|\d{3}[-. ]\d{3}[-. ]\d{4}|08\d{2}[-. ]?\d{3,4}[-. ]?\d{3,5}"
    r"|\(0\d{2,3}\) ?\d{5,8}|0\d(?:[ .]\d\d){4}|0\d{3,4} \d{3} ?\d{3,4})\Z"
)


def phone_regions(values: Sequence[str]) -> tuple[str, ...]:
    """The country whose numbers most of ``values`` are, where at least half of them are one's; else none."""
    counts = {region: sum(_is_phone(value, region) for value in values) for region in _REGIONS}
    best = max(counts, key=lambda region: counts[region])
    return (best,) if counts[best] >= 0.5 * len(values) else ()


def is_ip(value: str) -> bool:
    """An IPv4 or IPv6 address. Four small numbers are a version (``1.2.0.4``), not an address."""
    import ipaddress

    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return False
    return address.version == 6 or max(address.packed) > 31


def _is_phone(value: str, region: str | None) -> bool:
    import phonenumbers

    text = f"+{value}" if region and re.match(r"[1-9]\d{9,13}\Z", value) and _has_code(value, region) else value
    try:
        return bool(phonenumbers.is_valid_number(phonenumbers.parse(text, region)))
    except phonenumbers.NumberParseException:
        return False


def _has_code(value: str, region: str) -> bool:
    """Whether the digits begin with the country's own code, as where a ``+`` was lost."""
    import phonenumbers

    code = str(phonenumbers.country_code_for_region(region))
    return value.startswith(code) and len(value) > 10


def _valid(module: str, value: str) -> bool:
    try:
        return bool(import_module(module).is_valid(value))
    except (KeyError, ValueError, IndexError):  # python-stdnum's tables of places have holes
        return False
