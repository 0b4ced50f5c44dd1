from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.personal.people import PERSONAL, column
from tidemill.personal import KIND_WORDS, mask, redact


@pytest.mark.parametrize(
    ("value", "kind", "masked"),
    [
        ("siti@mail.example.com", "email", "s•••@•••.com"),
        ("+62 812-3456-7890", "phone", "•••90"),
        (3174015203950001, "identity", "•••01"),
        ("Siti Rahayu", "name", "S. R."),
        ("Rahayu, Siti", "name", "R. S."),
        (pd.Timestamp("1987-03-04"), "birth", "198•-••-••"),
        ("04-03-1987", "birth", "•••"),
        ("Jl. Merdeka 1", "address", "(address, 13 characters)"),
        ("call me", "text", "(text, 7 characters)"),
        ("10.1.2.3", "ip", "•••"),
        ("12", "phone", "•••"),
        ("anything", "a kind of tomorrow", "•••"),
        (None, "email", "missing"),
        (np.nan, "phone", "missing"),
        (pd.NaT, "birth", "missing"),
    ],
)
def test_what_is_left_of_a_value(value: object, kind: str, masked: str) -> None:
    assert mask(value, kind) == masked


@given(st.text(min_size=3), st.sampled_from(sorted(KIND_WORDS)))
def test_no_value_survives(value: str, kind: str) -> None:
    """Single letters may: the initials of a name that is nothing else."""
    text = value.strip()
    words = [word for word in text.replace(",", " ").split() if len(word) > 1]
    masked = mask(value, kind)
    if kind in ("address", "text"):
        masked = masked.partition(",")[0]
        words = [word for word in words if word not in "(address" and word not in "(text"]
    assert all(word.strip(".•") not in masked for word in words if len(word.strip(".•")) > 2 and "@" not in word)


@pytest.mark.parametrize(
    "what", ["email", "phone with a plus", "indonesian mobile", "american phone", "nik", "card", "iban"]
)
def test_a_text_is_redacted_and_can_still_be_read(what: str) -> None:
    for value in column(PERSONAL[what][2], 20, seed=5):
        text = redact(f"Please call {value} before 12 May 2024, order 4711.")
        assert str(value) not in text
        assert text.startswith("Please call")
        assert text.endswith("before 12 May 2024, order 4711.")
