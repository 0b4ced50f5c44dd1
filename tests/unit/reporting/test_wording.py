from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest

from tidemill.reporting.wording import (
    bytes_text,
    count,
    day,
    listed,
    metric_name,
    moment,
    number,
    percent,
    plural,
    seconds_text,
    short,
    signed,
    span,
)


@pytest.mark.parametrize(
    ("value", "digits", "said"),
    [
        (0.68312, 4, "0.6831"), (0.0170, 3, "0.0170"), (0.0025, 2, "0.0025"), (1357.2, 3, "1357"), (2013.0, 4, "2013"),
        (12_340.4, 4, "12,340"), (-0.25, 2, "−0.25"), (0.0, 3, "0"), (16.0, 3, "16"), (1e-9, 3, "1.00e−09"), (3e17, 2, "3.0e+17"),
        (None, 3, "–"), (math.nan, 3, "–"), (-math.inf, 3, "−∞"),
    ],
)  # fmt: skip
def test_numbers(value: float | None, digits: int, said: str) -> None:
    assert number(value, digits) == said


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.24, "24"), (0.024, "2.4"), (0.02, "2"), (0.0024, "0.24"), (0.00001, "< 0.01"), (0.0, "0"), (1.0, "100"), (0.9973, "99.7"), (-0.5, "−50"), (1.2, "120")],
)  # fmt: skip
def test_shares(share: float, said: str) -> None:
    assert percent(share) == f"{said}\u00a0%"


def test_the_rest() -> None:
    assert count(277_546) == "277,546"
    assert signed(0.057) == "+0.0570"
    assert signed(-0.057) == "−0.0570"
    assert span(0.5, 0.25, 2) == "0.50\u00a0to\u00a00.25"
    assert percent(None) == "–"
    assert [seconds_text(one) for one in (0.42, 12, 200, 7500)] == ["0.4 s", "12 s", "3 min 20 s", "2 h 5 min"]
    assert [bytes_text(one) for one in (12, 8_123, 812_000, 3.44e6)] == ["12 bytes", "8.1 kB", "812 kB", "3.4 MB"]
    at = datetime(2013, 10, 1, 6, 30, tzinfo=UTC)
    assert moment(at) == "1 October 2013, 06:30 UTC"
    assert moment(at.replace(hour=0, minute=0)) == day(at) == "1 October 2013"
    assert moment(None) == "–"
    assert [plural(1, "row"), plural(2, "row"), plural(1200, "entry", "entries")] == [
        "1 row",
        "2 rows",
        "1,200 entries",
    ]
    assert [listed([]), listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert short("a \n b" * 20, 8) == "a ba ba…"
    assert [metric_name("auc"), metric_name("some_thing")] == ["AUC", "some thing"]
