"""Every cleaning rule gives the same in training, in a frame and in one REST row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.serving.test_rows import assert_same, scalars, texts
from tidemill.cleaning import normalise
from tidemill.cleaning.mending import mended
from tidemill.errors import UserError
from tidemill.learning.features import ColumnContract, Feature, Recipe
from tidemill.learning.rows import RowReader, Scalar
from tidemill.usecase.schema import CleanRules

KINDS: dict[str, Any] = {
    "weight": "number", "price": "number", "fare": "number", "age": "number", "city": "category", "code": "category",
    "flag": "boolean", "at": "time", "per": "number", "place": "category",
}  # fmt: skip
RULES = CleanRules.model_validate(
    {
        "units": {"weight": "kg", "price": "$"},
        "time_formats": {"at": ["%d/%m/%Y", "%d.%m.%y %H:%M"]},
        "missing_numbers": {"age": [-999, 9999], "weight": [-1], "code": [5]},
        "case": {"city": "title", "code": "upper", "place": "lower"},
        "synonyms": {"city": {"nyc": "new york", "la ": "los  angeles"}, "flag": {"ja": "yes"}, "code": {"7": "seven"}},
        "fitted": {
            "spellings": {"city": {"newyork": "New York", "paris": "Paris"}, "place": {"paris": "PARIS"}},
            "bounds": {
                "fare": {"low": 0.5, "high": 9.25, "then": "clip"},
                "age": {"low": 0, "high": None, "then": "null"},
                "per": {"low": -2, "high": 2, "then": "clip"},
                "weight": {"low": 0, "high": 1, "then": "refuse"},
            },
            "fill": {"fare": -1, "age": 30, "city": "Nowhere", "flag": True, "per": 0},
        },
    }
)
LEVELS = {
    "city": ("New York", "Paris", "Nowhere", "Los Angeles", "São Paulo"),
    "code": ("A", "SEVEN", "7"),
    "place": ("PARIS", "b"),
}
SAID = [
    "154 lb", "70 kg", " 70kg", "1,200.5", "$1,200.50", "12 %", "3 m", "-5", "€ 3", "03/04/2024", "3.4.24 12:30", "nyc", "NYC ",
    "LA", "new  york", "PARIS", "São Paulo", "Sa\u0303o Paulo", "são\u00a0paulo", "ja", "Ja", "a", "-999", "9999.0", "-1", "7",
]  # fmt: skip


def feature(name: str) -> Feature:
    if KINDS[name] == "time":
        return Feature(name=name, column=name, kind="time", part="day of month")
    return Feature(name=name, column=name, kind=KINDS[name], levels=LEVELS.get(name, ()), other=True)


OF = Recipe(
    features=tuple(feature(name) for name in KINDS),
    columns=tuple(ColumnContract(name=name, kind=KINDS[name]) for name in KINDS if name not in ("per", "place")),
    derive={"per": "fare / age", "place": "lower(city)"},
    kinds=KINDS,
    clean=RULES,
    reference=None,
    excluded={},
)
cells = st.one_of(st.sampled_from(SAID), scalars, st.floats(-20, 20), st.sampled_from([-999, 9999, -1, 5, 7, 0, 30]))
rows = st.fixed_dictionaries({name: cells for name in KINDS if name not in ("per", "place")})


@settings(max_examples=300)
@given(rows)
def test_one_row_reads_as_in_a_frame_under_every_rule(row: dict[str, Scalar]) -> None:
    assert_same(OF, row)


@settings(max_examples=100)
@given(st.lists(rows, min_size=1, max_size=4))
def test_rows_together_and_alone_and_as_training_had_them(many: list[dict[str, Scalar]]) -> None:
    readable = [row for row in many if _readable(row)]
    if not readable:
        return
    matrix = RowReader(OF).matrix(readable)
    for place, row in enumerate(readable):
        frame = pd.DataFrame([row])
        np.testing.assert_array_equal(OF.transform(frame), matrix[[place]], err_msg=repr(row))
        trained = _as_collected(frame)  # derived before, cleaned, then read again by the recipe
        np.testing.assert_array_equal(OF.transform(trained), matrix[[place]], err_msg=repr(row))


def _as_collected(frame: pd.DataFrame) -> pd.DataFrame:
    tidy = normalise(frame, RULES, KINDS)
    for name in OF.derive:
        OF._derive(name, tidy)
    return mended(normalise(tidy, RULES, KINDS), RULES)


def _readable(row: dict[str, Scalar]) -> bool:
    try:
        OF.transform(pd.DataFrame([row]))
    except (UserError, OverflowError):
        return False
    return True


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("weight", "154 lb", 69.85322498),
        ("price", "$1,200.50", 1200.5),
        ("fare", 40, 9.25),
        ("fare", None, -1.0),
        ("fare", -1, -1.0),
        ("age", -999, 30.0),
        ("age", -3, 30.0),
        ("at", "03/04/2024", 3.0),
        ("at", "2024-04-03", 3.0),
        ("city", " nyc", 1.0),
        ("city", "NEW  YORK", 1.0),
        ("city", "", 3.0),
        ("city", "são\u00a0paulo", 5.0),
        ("code", 7, 2.0),
        ("flag", "ja", 1.0),
        ("flag", None, 1.0),
    ],
)
def test_what_a_rule_makes_of_a_value_when_served(name: str, value: Scalar, wanted: float) -> None:
    row: dict[str, Scalar] = {**dict.fromkeys(KINDS), name: value}
    place = list(KINDS).index(name)
    assert RowReader(OF).matrix([row])[0, place] == pytest.approx(wanted)
    assert OF.transform(pd.DataFrame([row]))[0, place] == pytest.approx(wanted)


@given(
    st.lists(st.one_of(texts, st.sampled_from(SAID)), min_size=1, max_size=12),
    st.sampled_from(["lower", "upper", "title"]),
)
def test_tidying_text_twice_changes_nothing_and_a_row_alone_is_as_among_others(cells: list[str], case: str) -> None:
    rules = CleanRules.model_validate({**RULES.model_dump(exclude={"fitted"}), "case": case})
    frame = pd.DataFrame({"city": pd.Series(cells, dtype="str")})
    once = normalise(frame, rules, {})
    pd.testing.assert_frame_equal(normalise(once, rules, {}), once)
    for place in range(len(frame)):
        pd.testing.assert_frame_equal(normalise(frame.iloc[[place]], rules, {}), once.iloc[[place]])
