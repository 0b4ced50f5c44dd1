from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.reporting.charts import (
    Bar,
    Format,
    Line,
    Mark,
    Shape,
    bars,
    histogram,
    intervals,
    lines,
    matrix,
    sparkline,
    waterfall,
)

EVIL = 'a <b> & "c" $x^2$ \\d 東京'
DAYS = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(40)]
ROWS = [Bar(EVIL, 0.6, 0.5, 0.7, note="90 rows"), Bar("b", 0.4, 0.3, 0.5, colour="coral", beside=0.35), Bar("c", -0.1)]

CHARTS: dict[str, Callable[[], str]] = {
    "lines": lambda: lines(
        [Line(EVIL, [0, 0.5, 1], [0, 0.7, 1], [0, 0.6, 1], [0, 0.8, 1]), Line("b", [0, 1], [0, 1], style="dashes")],
        alt=EVIL, x_label=EVIL, y_label=EVIL, x_format="percent", y_format="percent", diagonal=True, square=True,
    ),
    "moments": lambda: lines([Line("a", DAYS, range(40), style="dotted line")], alt="a", marks=[Mark(5, "alarm")]),
    "names": lambda: lines([Line("a", ["one", "two"], [1, 2], style="dots")], alt="a", y_limits=(0, 3)),
    "step": lambda: lines([Line("a", [0, 1], [1, 2], [0, 1], [2, 3], style="step")], alt="a", x_format="count"),
    "nothing": lambda: lines([], alt="nothing"),
    "bars": lambda: bars(ROWS, alt=EVIL, x_label="share", form="percent", marks=[Mark(0.3, "here", axis="x")]),
    "intervals": lambda: intervals(ROWS, alt=EVIL, x_label="AUC", marks=[Mark(0.5, EVIL, axis="x")]),
    "histogram": lambda: histogram([0, 1, 2], [Shape(EVIL, [3, 4]), Shape("b", [1, 0], "coral")], alt="h", marks=[Mark(1, "t", axis="x")]),
    "columns": lambda: histogram(["a", EVIL, "c"], [Shape("then", [3, 4, 1], "tide"), Shape("now", [1, 2, 2])], alt="h"),
    "empty": lambda: histogram([0, 1, 2], [Shape("a", [0, 0])], alt="h"),
    "matrix": lambda: matrix([[9, 1], [2, 8]], ["no", EVIL], ["no", EVIL], alt="m", row_label="was", column_label="said"),
    "waterfall": lambda: waterfall([Bar("all", 100), Bar("lost", -3, note="why"), Bar("none", 0), Bar("used", 97)], alt="w"),
    "sparkline": lambda: sparkline([3, 0, 1], alt=EVIL),
}  # fmt: skip


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_small_valid_and_always_the_same(name: str) -> None:
    svg = CHARTS[name]()
    root = ElementTree.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("role") == "img"
    assert root.get("aria-label")
    assert len(svg) < 20_000
    assert svg == CHARTS[name]()


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_brings_no_script_style_or_address(name: str) -> None:
    svg = CHARTS[name]()
    assert not re.search(r"<(script|style|image|foreignObject|metadata)|https?://(?!www\.w3\.org/2000/svg)", svg)
    assert "font-family" not in svg


def test_texts_are_shown_as_they_are() -> None:
    root = ElementTree.fromstring(CHARTS["intervals"]())
    texts = ["".join(one.itertext()).strip() for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert EVIL in texts
    assert root.get("aria-label") == EVIL


def test_colours_are_the_pages_so_that_they_turn_in_the_dark() -> None:
    svg = CHARTS["bars"]()
    assert "var(--sea,#0b6b80)" in svg
    assert "var(--coral,#c9502a)" in svg
    assert not re.search(r"(fill|stroke):\s*#(?!ffffff)", svg)


def test_two_charts_on_one_page_share_no_id() -> None:
    first, second = (set(re.findall(r' id="([^"]+)"', CHARTS[name]())) for name in ("lines", "histogram"))
    assert first
    assert second
    assert not first & second


def test_values_stand_in_the_chart() -> None:
    assert ">60\u00a0% · 90 rows<" in CHARTS["bars"]()
    assert ">−3 · why<" in CHARTS["waterfall"]()


def texts(svg: str) -> list[str]:
    root = ElementTree.fromstring(svg)
    return ["".join(one.itertext()) for one in root.iter("{http://www.w3.org/2000/svg}text")]


def drawn(svg: str, colour: str = "sea") -> list[str]:
    """The lines of that colour."""
    return re.findall(rf'<path d="M([^"]+)" fill="none" stroke="var\(--{colour},', svg)


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (timedelta(seconds=1), ["00:00:15", "00:00:30"]),
        (timedelta(hours=1), ["12:00", "2 Jan"]),
        (timedelta(days=1), ["8 Jan", "22 Jan"]),
        (timedelta(days=12), ["2024", "Jul", "Apr"]),
        (timedelta(days=400), ["2030", "2040"]),
    ],
)
def test_times_are_told_as_short_as_they_can_be(step: timedelta, said: list[str]) -> None:
    days = [DAYS[0] + number * step for number in range(40)]
    found = texts(lines([Line("a", days, [float(number % 7) for number in range(40)])], alt="a"))
    assert set(said) <= set(found)


@pytest.mark.parametrize(
    ("values", "form", "said"),
    [
        ([0.0, 0.1], "number", ["0.000", "0.025", "0.050", "0.075", "0.100"]),
        ([0.0, 1.0], "percent", ["0\u00a0%", "25\u00a0%", "100\u00a0%"]),
        ([1.0, 3.0], "count", ["1", "2", "3"]),
        ([-40_000.0, 40_000.0], "number", ["−40,000", "−20,000", "0"]),
        ([7.0, 7.0], "number", ["7.0"]),
        ([1e-9, 3e-9], "number", []),
        ([-1e15, 1e15], "number", ["0"]),
    ],
)
def test_ticks_have_the_decimals_that_they_need(values: list[float], form: Format, said: list[str]) -> None:
    found = texts(lines([Line("a", [0, 1], values)], alt="a", y_format=form))
    assert set(said) <= set(found)


def test_a_line_stops_where_a_value_is_not_known() -> None:
    nothing = float("nan")
    assert len(drawn(lines([Line("a", [0, 1, 2, 3, 4], [0, 1, nothing, 1, 2])], alt="a"))) == 2
    assert drawn(lines([Line("a", [0, 1], [nothing, nothing])], alt="a")) == []


def test_points_that_no_eye_could_tell_apart_are_left_out_and_a_peak_is_not() -> None:
    flat = [0.0] * 10_000
    (path,) = drawn(lines([Line("a", range(10_000), flat)], alt="a"))
    assert len(path.split()) == 4
    (path,) = drawn(lines([Line("a", range(10_000), [*flat[:5000], 1.0, *flat[5001:]])], alt="a"))
    assert len(path.split()) == 10


def test_what_lies_beyond_the_limits_is_cut_off() -> None:
    svg = lines([Line("a", [0, 1], [0, 100])], alt="a", y_limits=(0, 1), marks=[Mark(50, "beyond")])
    assert "clip-path" in svg
    assert "beyond" not in svg
    assert max(float(text) for text in texts(svg) if text.startswith(("0", "1"))) == 1


def test_a_text_behind_a_bar_has_its_room() -> None:
    """The longest note stays within the picture, as wide as letters may be."""
    for make in (bars, intervals):
        svg = make([Bar("a", 1.0, note="m" * 15), Bar("b", 0.2)], alt="a")
        (start,) = re.findall(r'<text x="([\d.]+)"[^>]*>1[^<]*mmm', svg)
        assert float(start) + 11 * 0.6 * 15 < 380


VALUES = st.floats() | st.integers(-(10**18), 10**18) | st.sampled_from([0.0, 1.0, 1e300, -1e300])
BARS = st.builds(
    Bar, st.text("ab ", max_size=30), VALUES, VALUES | st.none(), VALUES | st.none(), beside=VALUES | st.none()
)


@given(st.lists(BARS, max_size=4), st.lists(VALUES, max_size=5), st.sampled_from(["number", "percent", "count"]))
def test_whatever_the_numbers_are_there_is_a_picture(rows: list[Bar], values: list[float], form: Format) -> None:
    marks = [Mark(value, "m", axis="x") for value in values[:1]]
    parts = [abs(value) if math.isfinite(value) else 0.0 for value in values]
    drawings = [
        bars(rows, alt="a", form=form, marks=marks, x_label="x"),
        intervals(rows, alt="a", form=form, marks=marks),
        lines([Line("a", values, values, values, values)], alt="a", x_format=form, y_format=form, diagonal=True),
        lines([Line("a", [f"{value}" for value in values], values, style="step")], alt="a"),
        histogram(range(len(values) + 1), [Shape("a", parts)], alt="a", x_format=form, marks=marks),
        histogram([f"{value}" for value in values], [Shape("a", parts)], alt="a"),
        matrix([parts] * len(parts), [f"{value}" for value in parts], [f"{value}" for value in parts], alt="a"),
    ]
    for svg in drawings:
        ElementTree.fromstring(svg)
        assert not re.search(r'="[^"]*\b(nan|inf)\b', svg)
