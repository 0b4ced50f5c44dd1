"""Made-up persons with numbers that pass their check digits, and honest columns that look like personal ones."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pandas as pd
from stdnum import iban, luhn
from stdnum.br import cpf
from stdnum.iso7064 import mod_97_10

__all__ = ["HONEST", "PERSONAL", "column"]

Maker = Callable[[np.random.Generator], object]
GIVEN = [
    "Siti", "Budi", "Agus", "Dewi", "Maria", "Hans", "Sophie", "Mehmet", "Wei", "Ngozi",
    "Raj", "Olga", "José", "Anna", "Tom", "Grace", "Ayu", "Putri", "Rizky", "Hendra",
]  # fmt: skip
FAMILY = [
    "Rahayu", "Santoso", "Wijaya", "Müller", "Garcia", "Rossi", "Nguyen", "Tanaka", "Smith", "Kowalski",
    "Okafor", "Patel", "Ivanova", "Jansen",
]  # fmt: skip


def _digits(random: np.random.Generator, count: int) -> str:
    return "".join(str(one) for one in random.integers(0, 10, count))


def name(random: np.random.Generator) -> str:
    return f"{random.choice(GIVEN)} {random.choice(FAMILY)}"


def email(random: np.random.Generator) -> str:
    return f"{random.choice(GIVEN).lower()}.{random.integers(1000)}@mail{random.integers(50)}.example.org"


def nik(random: np.random.Generator) -> str:
    day = int(random.integers(1, 29)) + int(random.choice([0, 40]))
    place = random.choice(["317401", "327301", "357801", "340401"])
    return f"{place}{day:02d}{random.integers(1, 13):02d}{random.integers(50, 99)}{random.integers(1, 9999):04d}"


def card(random: np.random.Generator) -> str:
    begin = "4" + _digits(random, 14)
    return begin + luhn.calc_check_digit(begin)


def account(random: np.random.Generator) -> str:
    bban = "37040044" + _digits(random, 10)
    check = 98 - int(mod_97_10.checksum(bban + "DE00"))
    number = f"DE{check:02d}{bban}"
    return number if iban.is_valid(number) else account(random)


def brazilian(random: np.random.Generator) -> str:
    base = _digits(random, 9)
    for check in range(100):
        if cpf.is_valid(f"{base}{check:02d}"):
            return f"{base[:3]}.{base[3:6]}.{base[6:]}-{check:02d}"
    return brazilian(random)


def phone(random: np.random.Generator) -> str:
    return f"+62 81{random.integers(1, 4)}-{_digits(random, 4)}-{_digits(random, 4)}"


def isbn_like(random: np.random.Generator) -> str:
    """Ten digits with the check digit of old ISBN, which is that of British NHS numbers too."""
    base = _digits(random, 9)
    check = -sum((10 - place) * int(digit) for place, digit in enumerate(base)) % 11
    return f"{base}{check}" if check < 10 else isbn_like(random)


def note(random: np.random.Generator) -> str:
    said = random.choice(["called about the invoice", "asks for a new delivery date", "was not at home"])
    reach = f", reach them at {email(random)}" if random.random() < 0.2 else ""
    return f"The customer {said}{reach} on a day in {random.choice(['May', 'June'])}"


PERSONAL: dict[str, tuple[str, str, Maker]] = {
    # what: (column, kind, maker)
    "email": ("contact", "email", email),
    "phone with a plus": ("contact", "phone", phone),
    "indonesian mobile": ("contact", "phone", lambda random: f"0812{_digits(random, 8)}"),
    "american phone": ("contact", "phone", lambda random: f"(212) 5{_digits(random, 2)}-{_digits(random, 4)}"),
    "phone as a number": ("no_hp", "phone", lambda random: int(f"62812{_digits(random, 8)}")),
    "german phone": ("Telefon", "phone", lambda random: f"030 {random.integers(2, 9)}{_digits(random, 6)}"),
    "nik": ("x", "identity", nik),
    "nik as a number": ("x", "identity", lambda random: int(nik(random))),
    "social security": ("x", "identity", lambda random: f"{random.integers(100, 600)}-{random.integers(10, 99)}-1{_digits(random, 3)}"),
    "social security, bare": ("social_security_no", "identity", lambda random: int(random.integers(10**8, 8 * 10**8))),
    "cpf": ("x", "identity", brazilian),
    "nhs": ("nhs_number", "identity", isbn_like),
    "passport": ("passport_no", "identity", lambda random: f"C{_digits(random, 8)}"),
    "card": ("x", "bank", card),
    "card with spaces": ("x", "bank", lambda random: " ".join(re.findall("....", card(random)))),
    "iban": ("x", "bank", account),
    "birth": ("date_of_birth", "birth", lambda random: pd.Timestamp("1950-01-01") + pd.Timedelta(days=int(random.integers(20_000)))),
    "birth as text": ("tgl_lahir", "birth", lambda random: f"{random.integers(1, 28):02d}-{random.integers(1, 12):02d}-{random.integers(1950, 2005)}"),
    "birth in German": ("Geburtsdatum", "birth", lambda random: f"{random.integers(1, 28)}.{random.integers(1, 12)}.{random.integers(1950, 2005)}"),
    "full name": ("customer_name", "name", name),
    "name by its values": ("x", "name", name),
    "surname": ("LastName", "name", lambda random: random.choice(FAMILY) + random.choice(["", "son", "ova", "-Smith"])),
    "nama": ("nama_lengkap", "name", name),
    "address": ("x", "address", lambda random: f"Jl. Merdeka No. {random.integers(1, 300)}, Bandung"),
    "german address": ("Anschrift", "address", lambda random: f"{random.choice(FAMILY)}straße {random.integers(1, 99)}, Berlin"),
    "english address": ("home", "address", lambda random: f"{random.integers(1, 999)} {random.choice(FAMILY)} Street"),
    "ip": ("x", "ip", lambda random: ".".join(str(one) for one in random.integers(1, 255, 4))),
    "text": ("notes", "text", note),
}  # fmt: skip

HONEST: dict[str, tuple[str, Maker]] = {
    "product numbers of ten digits": ("product", lambda random: _digits(random, 10)),
    "the same as numbers": ("product", lambda random: int("2" + _digits(random, 9))),
    "sequential order numbers": ("order", lambda random: int(2_125_550_000 + random.integers(10_000))),
    "orders by date": ("order_no", lambda random: f"24{random.integers(1, 13):02d}{random.integers(1, 29):02d}{_digits(random, 4)}"),
    "isbn": ("isbn", isbn_like),
    "sixteen digits": ("code", lambda random: _digits(random, 16)),
    "sixteen digits that begin as a card": ("code", lambda random: "4" + _digits(random, 15)),
    "nine digits": ("code", lambda random: _digits(random, 9)),
    "amounts": ("amount", lambda random: round(float(random.gamma(2, 1e6)), 2)),
    "whole amounts": ("tax", lambda random: int(random.integers(1e6, 1e9))),
    "postcodes": ("zip", lambda random: _digits(random, 5)),
    "cities": ("city", lambda random: random.choice(["New York", "San Jose", "Jakarta", "Santa Maria", "Victoria"])),
    "states": ("state", lambda random: random.choice(["Virginia", "Georgia", "Maine", "Ohio", "North Carolina"])),
    "brands": ("product_name", lambda random: f"{random.choice(['Tommy', 'Calvin', 'Acme'])} {random.choice(['Shirt', 'Chair'])}"),
    "versions": ("version", lambda random: f"{random.integers(9)}.{random.integers(20)}.{random.integers(9)}.{random.integers(9)}"),
    "epoch seconds": ("stamp", lambda random: int(random.integers(1_500_000_000, 1_700_000_000))),
    "epoch milliseconds": ("stamp", lambda random: int(random.integers(1_500_000_000_000, 1_700_000_000_000))),
    "uuids": ("key", lambda random: f"{_digits(random, 8)}-{_digits(random, 4)}-4{_digits(random, 3)}-a{_digits(random, 3)}-{_digits(random, 12)}"),
    "hashes": ("key", lambda random: f"{int(random.integers(2**62)):016x}"),
    "tail numbers": ("tailnum", lambda random: f"N{_digits(random, 3)}{random.choice(['UA', 'JB'])}"),
    "horsepower": ("hp", lambda random: int(random.integers(50, 500))),
    "delivery dates": ("delivered", lambda random: pd.Timestamp("2020-01-01") + pd.Timedelta(days=int(random.integers(900)))),
    "birth weights": ("birth_weight", lambda random: int(random.integers(1500, 5000))),
    "comments": ("comment", lambda random: f"the goods came {random.choice(['late', 'in time'])} on day {random.integers(30)} of 2024"),
    "occupations": ("occupation", lambda random: random.choice(["Adm-clerical", "Sales", "Tech-support", "Baker", "Cook"])),
    "part numbers": ("part", lambda random: f"{_digits(random, 3)}-{_digits(random, 4)}"),
    "letters and digits": ("sku", lambda random: f"B00{random.choice(list('ABCDEF'))}{_digits(random, 6)}"),
    "coordinates": ("geo", lambda random: f"-6.{_digits(random, 4)}, 106.{_digits(random, 4)}"),
}  # fmt: skip


def column(maker: Maker, rows: int, seed: int, gaps: float = 0.0) -> pd.Series:
    """``rows`` values, of which a share of ``gaps`` is missing, as a table that was read would hold them."""
    random = np.random.default_rng(seed)
    values = pd.Series([maker(random) for _ in range(rows)])
    if values.dtype.kind in "iu" and gaps:
        values = values.astype("float64")
    return values.mask(random.random(rows) < gaps) if gaps else values
