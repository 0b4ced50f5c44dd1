"""The first suite, written from data, and the one that ships."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from expectations import infer_suite, judge, load_suite
from expectations.suites import parse_suite
from tests.toy import toy_frame
from tests.unit.expectations.drafted import Drafted, draft, orders
from tidemill.errors import UserError
from tidemill.store import Store
from tidemill.usecase import load_usecase

ROOT = Path(__file__).parents[3]
Change = Callable[[pd.DataFrame], pd.DataFrame]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Drafted:
    project = tmp_path_factory.mktemp("shop")
    return draft(Store(f"memory://{project}"), project, orders(), "late", time="ordered_at", id="order")


def test_it_holds_for_the_data_that_it_was_made_from(shop: Drafted) -> None:
    assert shop.failed() == []
    assert len(shop.judged().results) > 45


def test_it_says_what_it_saw_and_why(shop: Drafted) -> None:
    suite = parse_suite(shop.text.encode(), "shop.yaml")
    said = {(entry.type.removeprefix("expect_"), entry.columns()): entry for entry in suite.entries}
    assert all(entry.note for entry in suite.entries)
    assert said["column_values_to_be_unique", ("order",)].severity == "critical"
    assert said["column_to_exist", ("late",)].only == "training"
    assert said["column_kl_divergence_to_be_less_than", ("late",)].only == "training"
    assert said["column_type_to_be", ("items",)].kwargs["type_"] == "Int64"
    assert said["column_type_to_be", ("weight_kg",)].severity == "critical"
    assert said["column_values_to_match_regex", ("shop",)].kwargs["regex"] == "^[A-Z]{3}$"
    assert said["column_values_to_be_in_set", ("channel",)].kwargs["value_set"] == ["phone", "shop", "web"]
    assert said["column_distinct_values_to_contain_set", ("country",)].kwargs["value_set"] == ["DE", "NL"]
    assert 0.8 < said["column_values_to_not_be_null", ("temperature",)].kwargs["mostly"] < 0.9
    assert said["column_values_to_be_between", ("price",)].kwargs["min_value"] == 0
    pairs = [entry.columns() for entry in suite.entries if "pair" in entry.type]
    assert pairs == [("gross", "price"), ("promised_at", "ordered_at")] or ("gross", "price") in pairs
    windows = [entry.kwargs for entry in suite.entries if entry.only == "monitoring"]
    assert len(windows) == 1
    assert max(map(len, shop.text.splitlines())) <= 160


def into(name: str, made: Callable[[pd.DataFrame], object]) -> Change:
    return lambda frame: frame.assign(**{name: made(frame)})


def holes(name: str, share: float) -> Change:
    return lambda frame: frame.assign(**{name: frame[name].mask(np.arange(len(frame)) % 100 < 100 * share)})


def swapped(one: str, other: str) -> Change:
    return lambda frame: frame.assign(**{one: frame[other], other: frame[one]})


MUTATIONS: dict[str, tuple[str, str, Change]] = {
    "nulled out": ("price", "warning", holes("price", 1.0)),
    "a tenth nulled out": ("items", "warning", holes("items", 0.1)),
    "more gaps than before": ("temperature", "warning", holes("temperature", 0.3)),
    "an id is missing": ("order", "critical", holes("order", 0.02)),
    "a time is missing": ("ordered_at", "critical", holes("ordered_at", 0.02)),
    "duplicated ids": ("order", "critical", into("order", lambda rows: rows["order"].shift(1).fillna("A-000000"))),
    "times ten": ("price", "warning", into("price", lambda rows: rows["price"] * 10)),
    "a tenth, of few that are not zero": ("discount", "warning", into("discount", lambda rows: rows["discount"] / 10)),
    "whole numbers times ten": ("items", "warning", into("items", lambda rows: rows["items"] * 10)),
    "kilograms to pounds": ("weight_kg", "warning", into("weight_kg", lambda rows: rows["weight_kg"] * 2.2046)),
    "Celsius to Fahrenheit": (
        "temperature",
        "warning",
        into("temperature", lambda rows: rows["temperature"] * 1.8 + 32),
    ),
    "seconds to milliseconds": (
        "ordered_at",
        "warning",
        into("ordered_at", lambda rows: rows["ordered_at"] + pd.Timedelta(days=80_000)),
    ),
    "two columns swapped": ("items", "warning", swapped("items", "price")),
    "two categories swapped": ("channel", "warning", swapped("channel", "country")),
    "one greater than it may be": ("gross, price", "warning", swapped("gross", "price")),
    "a new category": (
        "channel",
        "warning",
        into("channel", lambda rows: rows["channel"].mask(np.arange(len(rows)) % 20 == 0, "pigeon")),
    ),
    "another spelling": ("shop", "warning", into("shop", lambda rows: rows["shop"].str.lower())),
    "other shares": ("rating", "warning", into("rating", lambda rows: rows["rating"].clip(upper=2))),
    "one level only": ("country", "warning", into("country", lambda rows: "NL")),
    "one of many levels only": ("shop", "warning", into("shop", lambda rows: rows["shop"].mode()[0])),
    "constant number": ("price", "warning", into("price", lambda rows: rows["price"].median())),
    "constant flag": ("member", "warning", into("member", lambda rows: False)),
    "numbers as text": ("price", "critical", into("price", lambda rows: rows["price"].astype("str"))),
    "text as numbers": ("shop", "critical", into("shop", lambda rows: np.arange(len(rows)))),
    "flags as words": ("member", "critical", into("member", lambda rows: rows["member"].map({True: "y", False: "n"}))),
    "fractions of whole numbers": ("items", "warning", into("items", lambda rows: rows["items"] + 0.5)),
    "local time": (
        "ordered_at",
        "critical",
        into("ordered_at", lambda rows: rows["ordered_at"].dt.tz_convert("Asia/Jakarta")),
    ),
    "time without a zone": (
        "promised_at",
        "critical",
        into("promised_at", lambda rows: rows["promised_at"].dt.tz_localize(None)),
    ),
    "a local clock taken for UTC": (
        "promised_at",
        "warning",
        into("promised_at", lambda rows: rows["promised_at"] + pd.Timedelta(hours=7)),
    ),
    "prose cut off": ("note", "warning", into("note", lambda rows: "left by the door " * 40)),
    "the target's other half": ("late", "warning", into("late", lambda rows: 1)),
    "a column gone": ("items", "warning", lambda rows: rows.drop(columns="items")),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutated_column_fails_on_an_expectation_of_its_own(shop: Drafted, name: str) -> None:
    column, severity, change = MUTATIONS[name]
    assert severity in shop.failed_about(column, change)


def test_a_truncated_table_is_critical(shop: Drafted) -> None:
    first = shop.failed(lambda rows: rows.head(1_400))[0]
    assert (first.column, first.severity) == (None, "critical")


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_other_rows_of_the_same_kind_pass(shop: Drafted, seed: int) -> None:
    def others(rows: pd.DataFrame) -> pd.DataFrame:
        more = orders(len(rows), seed).assign(order=lambda frame: "B" + frame["order"].str[1:])
        return more.assign(late=more["late"].astype("int64"))[rows.columns]

    assert shop.failed(others) == []


def test_a_few_rows_are_not_judged_by_their_distribution(shop: Drafted) -> None:
    failed = shop.failed(lambda rows: rows.assign(price=rows["price"].median()).head(50))
    assert {one.column for one in failed} <= {None, "gross, price"}


def test_what_is_known_later_is_asked_for_in_training_only(project: Path) -> None:
    text = infer_suite(load_usecase("toy", project), toy_frame(), later=["amount"])
    suite = parse_suite(text.encode(), "toy.yaml")
    assert {entry.only for entry in suite.entries if "amount" in entry.columns()} == {"training"}
    assert {entry.only for entry in suite.entries if "age" in entry.columns()} == {None}


def test_odd_columns_make_a_suite_that_loads(project: Path) -> None:
    rows = 40
    frame = pd.DataFrame(
        {
            "row": range(rows),
            "at": pd.date_range("2024-01-01", periods=rows, freq="h"),
            "bought": ["yes", "no"] * 20,
            "empty": np.nan,
            "same": 5.0,
            "a: b": -np.arange(rows) / 1e6,
            "yes": ["no", "on", "true", "1", "1e5", "0x1", "~", "# x"] * 5,
            "flag": [True, False] * 20,
            "text": [f"t{number}" for number in range(rows)],
        }
    )
    suite = parse_suite(infer_suite(load_usecase("toy", project), frame).encode(), "toy.yaml")
    assert {name for entry in suite.entries for name in entry.columns()} >= {"a: b", "yes", "empty", "same"}
    (levels,) = [e.kwargs["value_set"] for e in suite.entries if e.columns() == ("yes",) and "value_set" in e.kwargs]
    assert levels == ["# x", "0x1", "1", "1e5", "no", "on", "true", "~"]


ROWS = 24
VALUES = st.one_of(
    st.lists(st.integers(-5, 5) | st.none(), min_size=ROWS, max_size=ROWS),
    st.lists(st.integers(-(2**62), 2**62), min_size=ROWS, max_size=ROWS),
    st.lists(st.floats(width=64), min_size=ROWS, max_size=ROWS),
    st.lists(st.floats(-1e-300, 1e300), min_size=ROWS, max_size=ROWS),
    st.lists(st.text(max_size=5) | st.none(), min_size=ROWS, max_size=ROWS),
    st.lists(st.sampled_from(["a", "b", "B-7", "yes", "1", None]), min_size=ROWS, max_size=ROWS),
    st.lists(st.booleans() | st.none(), min_size=ROWS, max_size=ROWS),
    st.lists(st.datetimes(datetime(1700, 1, 1), datetime(2250, 1, 1)) | st.none(), min_size=ROWS, max_size=ROWS),
    st.just([None] * ROWS),
    st.just([7.5] * ROWS),
)
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=6).filter(str.strip)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(columns=st.lists(VALUES, min_size=4, max_size=12), names=st.lists(NAMES, min_size=12, max_size=12, unique=True))
@example(columns=[[*range(23), None]] * 4, names=[f"c{number}" for number in range(12)])
def test_any_frame_passes_the_suite_that_is_written_from_it(
    tmp_path_factory: pytest.TempPathFactory, columns: list[list[object]], names: list[str]
) -> None:
    project = tmp_path_factory.mktemp("any")
    series = {name: pd.Series(values) for name, values in zip(names, columns, strict=False) if name != "target"}
    frame = pd.DataFrame({**series, "target": [0.5, 1.5, 2.5] * (ROWS // 3)})
    try:
        drafted = draft(Store(f"memory://{project}"), project, frame, "target")
    except UserError:  # nothing is left to learn from
        return
    assert drafted.failed() == []


def test_the_flights_suite_holds_for_a_month_of_flights(memory: Store) -> None:
    from tidemill.cleaning import clean
    from tidemill.collecting import collect

    use_case = load_usecase("flights", ROOT)
    assert len(load_suite(use_case).entries) > 40
    january = collect(memory, use_case, since=datetime(2013, 1, 3, tzinfo=UTC), until=datetime(2013, 1, 20, tzinfo=UTC))
    rows = clean(memory, use_case, january).snapshot
    result = judge(memory, use_case, rows, purpose="monitoring", publish=False)
    assert [one for one in result.results if not one.passed] == []
    assert all(
        one.note or one.severity != "critical" or "null" in one.expectation or one.column for one in result.results
    )


def test_nothing_of_a_person_is_written_into_the_suite(project: Path) -> None:
    frame = toy_frame().assign(email=lambda rows: [f"anna.{number}@example.org" for number in range(len(rows))])
    text = infer_suite(load_usecase("toy", project), frame)
    assert "example.org" not in text
    assert "# email: e-mail addresses, of which nothing is written here" in text
    assert "column: email" in text
