"""The expression language, as its users meet it: values, missing values, and every message."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tidemill.errors import UserError
from tidemill.expressions import FUNCTIONS, check, columns_of, evaluate

FRAME = pd.DataFrame(
    {
        "a": [1, 2, 0],
        "b": [1.5, None, -1.0],
        "whole": pd.array([1, None, 3], dtype="Int64"),
        "s": ["x", " Y ", None],
        "t": pd.to_datetime(["2013-01-01 05:00", None, "2014-03-03 07:30"]),
        "flag": [True, False, True],
        "maybe": pd.array([True, None, False], dtype="boolean"),
        "nothing": [None, None, None],
        "my col": [10, 20, 30],
        "class": ["p", "q", "p"],
        "café": [7, 8, 9],
    },
    index=[5, 3, 9],
)
NUMBER, FLAG, TEXT, TIME = "float64", "boolean", "str", "datetime64[us, UTC]"


def values(expression: str, frame: pd.DataFrame = FRAME) -> list[object]:
    result = evaluate(expression, frame)
    assert result.index.equals(frame.index)
    return [None if pd.isna(value) else value for value in result.tolist()]


@pytest.mark.parametrize(
    ("expression", "dtype", "expected"),
    [
        ("a", "int64", [1, 2, 0]),
        ("`a`", "int64", [1, 2, 0]),
        ("whole", NUMBER, [1, None, 3]),
        ("a + b", NUMBER, [2.5, None, -1]),
        ("-a", "int64", [-1, -2, 0]),
        ("+a", "int64", [1, 2, 0]),
        ("b - 1", NUMBER, [0.5, None, -2]),
        ("a * 2.5", NUMBER, [2.5, 5, 0]),
        ("1 / a", NUMBER, [1, 0.5, None]),
        ("7 // a", NUMBER, [7, 3, None]),
        ("7 % a", NUMBER, [0, 1, None]),
        ("b // 1", NUMBER, [1, None, -1]),
        ("2 * (a + 1) - 1", NUMBER, [3, 5, 1]),
        ("flag + (a > 1)", NUMBER, [1, 1, 1]),
        ("b > 1", FLAG, [True, None, False]),
        ("1 > b", FLAG, [False, None, True]),
        ("a == 2", FLAG, [False, True, False]),
        ("a != 2", FLAG, [True, False, True]),
        ("0 < a <= 1", FLAG, [True, False, False]),
        ("whole % 2 == 1", FLAG, [True, None, True]),
        ("s == 'x'", FLAG, [True, False, None]),
        ('s != "x"', FLAG, [False, True, None]),
        ("flag == true", FLAG, [True, False, True]),
        ("flag == 1", FLAG, [True, False, True]),
        ("not flag", FLAG, [False, True, False]),
        ("maybe and true", FLAG, [True, None, False]),
        ("maybe and false", FLAG, [False, False, False]),
        ("maybe or true", FLAG, [True, True, True]),
        ("maybe or a > 1 or false", FLAG, [True, True, False]),
        ("s in ['x', 'z']", FLAG, [True, False, None]),
        ("s not in ('x',)", FLAG, [False, True, None]),
        ("a in [-1, 0, 1.0]", FLAG, [True, False, True]),
        ("flag in [true]", FLAG, [True, False, True]),
        ("t in ['2013-01-01T05:00']", FLAG, [True, None, False]),
        ("isnull(b)", FLAG, [False, True, False]),
        ("notnull(s)", FLAG, [True, True, False]),
        ("`my col` > 10", FLAG, [False, True, True]),
        ("`class` == 'p'", FLAG, [True, False, True]),
        ("café - 7", NUMBER, [0, 1, 2]),
        ("s + '!'", TEXT, ["x!", " Y !", None]),
        ("lower(strip(s))", TEXT, ["x", "y", None]),
        ("upper(s)", TEXT, ["X", " Y ", None]),
        ("length(s)", NUMBER, [1, 3, None]),
        ("contains(s, 'Y')", FLAG, [False, True, None]),
        ("contains(s, '.')", FLAG, [False, False, None]),
        ("matches(lower(s), '^x$|^ y')", FLAG, [True, True, None]),
        ("contains(nothing, 'x')", FLAG, [None, None, None]),
        ("fill(s, '?')", TEXT, ["x", " Y ", "?"]),
        ("fill(b, a)", NUMBER, [1.5, 2, -1]),
        ("fill(nothing, 'none')", TEXT, ["none"] * 3),
        ("fill(maybe, false)", FLAG, [True, False, False]),
        ("abs(b)", NUMBER, [1.5, None, 1]),
        ("log(a)", NUMBER, [0, math.log(2), None]),
        ("sqrt(b * 4 - 2)", NUMBER, [2, None, None]),
        ("round(b / 4, 1)", NUMBER, [0.4, None, -0.2]),
        ("round(b)", NUMBER, [2, None, -1]),
        ("minimum(a, b)", NUMBER, [1, None, -1]),
        ("maximum(a, b, 1)", NUMBER, [1.5, None, 1]),
        ("hour(t)", NUMBER, [5, None, 7]),
        ("weekday(t)", NUMBER, [1, None, 0]),
        ("month(t) * 100", NUMBER, [100, None, 300]),
        ("year(t)", NUMBER, [2013, None, 2014]),
        ("hour(t + hours(20))", NUMBER, [1, None, 3]),
        ("(t + minutes(a) - t) / minutes(1)", NUMBER, [1, None, 0]),
        ("(t - t + days(b)) / hours(1)", NUMBER, [36, None, -24]),
        ("(seconds(a) * 2 + abs(-seconds(1))) / seconds(1)", NUMBER, [3, 5, 1]),
        ("hours(3) / 2 / hours(1)", NUMBER, [1.5] * 3),
        ("hours(5) // hours(2)", NUMBER, [2] * 3),
        ("t > '2013-06-01'", FLAG, [False, None, True]),
        ("'2013-06-01T00:00:00+02:00' < t", FLAG, [False, None, True]),
        ("t - hours(1) < t", FLAG, [True, None, True]),
        ("minimum(t, t + days(1)) == t", FLAG, [True, None, True]),
        ("nothing > 3", FLAG, [None] * 3),
        ("nothing == 'x'", FLAG, [None] * 3),
        ("nothing in ['x']", FLAG, [None] * 3),
        ("lower(nothing)", TEXT, [None] * 3),
        ("nothing and false", FLAG, [False] * 3),
        ("hour(nothing)", NUMBER, [None] * 3),
        ("(t - nothing) / minutes(1)", NUMBER, [None] * 3),
        ("1", "int64", [1] * 3),
        ("'it # is; fine'", TEXT, ["it # is; fine"] * 3),
        ("a\n  >\n\t1", FLAG, [False, True, False]),
        ("1e3 + .5", NUMBER, [1000.5] * 3),
    ],
)
def test_values(expression: str, dtype: str, expected: list[object]) -> None:
    assert str(evaluate(expression, FRAME).dtype) == dtype
    assert values(expression) == pytest.approx(expected, abs=1e-9)


def test_a_time_stays_a_time_and_without_an_offset_it_is_utc() -> None:
    naive = pd.DataFrame({"t": pd.to_datetime(["2013-01-01 05:59:00"]), "m": [1.5]})
    aware = pd.DataFrame({"t": pd.to_datetime(["2013-01-01 00:59:00-05:00"]), "m": [1.5]})
    for frame in (naive, aware):
        result = evaluate("t + minutes(m)", frame)
        assert str(result.dtype) == TIME
        assert result[0] == pd.Timestamp("2013-01-01 06:00:30", tz="UTC")


def test_whole_numbers_beyond_what_a_float_holds_keep_their_last_digit() -> None:
    frame = pd.DataFrame({"n": [2**62 + 1]})
    assert values("n % 2", frame) == [1]
    assert values(f"n == {2**62}", frame) == [False]
    assert values(f"n in [{2**62 + 1}]", frame) == [True]


def test_no_name_of_the_expression_or_of_the_frame_is_changed() -> None:
    before = FRAME.copy(deep=True)
    evaluate("fill(b, 0) + a", FRAME)
    pd.testing.assert_frame_equal(FRAME, before)


def test_text_that_came_as_objects_or_categories_is_text() -> None:
    frame = pd.DataFrame({"o": pd.Series(["x", None], dtype=object), "c": pd.Categorical(["x", None])})
    assert values("lower(o) == c", frame) == [True, None]


def test_an_empty_frame_gives_an_empty_column() -> None:
    assert evaluate("a + b > 1", FRAME.iloc[:0]).tolist() == []
    assert evaluate("lower(s)", FRAME.iloc[:0]).tolist() == []


@pytest.mark.parametrize(
    ("expression", "columns"),
    [
        ("arr_delay > 15", {"arr_delay"}),
        ("hour(t) + minutes", {"t", "minutes"}),
        ("`my col` in [1, 2] and fill(x, y) > 0", {"my col", "x", "y"}),
        ("'x' == `x`", {"x"}),
        ("column_0_ + `b c`", {"column_0_", "b c"}),
        ("true or false", set()),
    ],
)
def test_columns_of(expression: str, columns: set[str]) -> None:
    assert columns_of(expression) == columns


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("", "the expression is empty"),
        ("  \n", "the expression is empty"),
        ("a = 1", "compare with `==`"),
        ("a && b", "write `and` in small letters"),
        ("a AND b", "write `and` in small letters"),
        ("a || b", "write `or` in small letters"),
        ("NOT a", "write `not` in small letters"),
        ("!a", "write `not` in small letters"),
        ("a <> 1", "unequal is `!=`"),
        ("a IS NULL", "ask for missing values with `isnull(x)`"),
        ("a is null", "`isnull(x)`"),
        ("a is not 1", "`!=`"),
        ("a == None", "`isnull(x)`"),
        ("a == null", "`isnull(x)`"),
        ("a ** 2", "`**` is not in the language"),
        ("a & b", "write `and`"),
        ("~a", "write `not`"),
        ("a @ b", "MatMult is not in the language"),
        ("class == 'p'", "`class` is a word of Python's own; a column of that name goes in backticks"),
        ("a.b > 1", "a column with a dot in its name goes in backticks"),
        ("a[0]", "goes in backticks"),
        ("[a, b]", "a list may stand after `in` only"),
        ("a, b", "a list may stand after `in` only"),
        ("a in b", 'after `in` stands a list, such as `["JFK", "LGA"]`'),
        ("a in []", "the list after `in` is empty"),
        ("a in [b]", "texts stand in quotation marks"),
        ("a in {1, 2}", "after `in` stands a list"),
        ("a if b else c", "`if … else` is not in the language"),
        ("lambda: a", "functions can't be made"),
        ("[x for x in a]", "ListComp is not in the language"),
        ("(a := 3)", "NamedExpr is not in the language"),
        ("f'{a}'", "texts can't have a letter such as `f` before them"),
        ("b'a'", "there are numbers, texts, true and false"),
        ("1j", "there are numbers, texts, true and false"),
        ("...", "there are numbers, texts, true and false"),
        ("lowr(s)", "there is no function `lowr` (did you mean `lower`?). There are: abs, contains, days, fill"),
        ("__import__('os')", "there is no function `__import__`"),
        ("().__class__", "a dot is not in the language"),
        ("a.lower()", "only functions of the language can be called"),
        ("lower(s, s)", "`lower` was given 2 arguments: write `lower(s)`"),
        ("fill(s)", "`fill` was given 1 arguments: write `fill(x, v)`"),
        ("fill(x=s, v=1)", "arguments have no names and no stars"),
        ("lower(*s)", "arguments have no names and no stars"),
        ("round(a, b)", "decimals of `round` is written out"),
        ("round(a, 1.5)", "decimals of `round` is written out"),
        ("a > 1e300", "a number is too large"),
        ("a > 9223372036854775808", "a number is too large"),
        ("'it", "a quotation mark is not closed"),
        (r"'it\'s'", "backslash"),
        ("`a", "a backtick is not closed"),
        ("`` > 1", "an empty name in backticks"),
        ("a > 1 # late", "`#` is not in the language"),
        ("contains(s, a)", "what `contains` looks for is written out, in quotation marks"),
        ("matches(s, '')", "what `matches` looks for is written out"),
        ("a; b", "`;` is not in the language"),
        ("a \\ b", "`\\` is not in the language"),
        ("a\0", "a zero byte"),
        ("a >", "it is built like `arr_delay > 15`"),
        ("a) + (b", "it is built like"),
        ("(" * 300 + "a" + ")" * 300, "can't be read"),
        ("-" * 200 + "a", "nested too deeply"),
        ("+".join(["a"] * 100), "nested too deeply"),
        ("a + " * 900 + "a", "2,000 is the most"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_mend(expression: str, said: str) -> None:
    with pytest.raises(UserError) as problem:
        check(expression)
    assert said in str(problem.value)
    with pytest.raises(UserError):
        columns_of(expression)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("aa + 1", "there is no column `aa` (did you mean `a`?); there are: a, b, whole"),
        ("`my cool` > 1", "there is no column `my cool` (did you mean `my col`?)"),
        ("s == 1", "`==` compares text with a number: write the value as the column holds it"),
        ("flag == 'true'", "without quotation marks"),
        ("t > 5", "`>` compares a time with a number"),
        ("t > 'soon'", "`soon` is compared with a time, but a moment is a date or a time such as"),
        ("t in [5]", "the list after `in` holds 5, and the value beside it is a time"),
        ("s in ['x', 1]", "the list after `in` holds 1, and the value beside it is text"),
        ("s + 1", "`+` can't be used on text and a number"),
        ("t + 5", "make the number one with `minutes(x)`"),
        ("t + t", "`+` can't be used on a time and a time"),
        ("a and flag", "`and` wants true or false, and was given a number: compare it, such as `x > 0`"),
        ("not s", "`not` wants true or false, and was given text"),
        ("-s", "a sign wants a number, and was given text"),
        ("contains(a, 'x')", "`contains` wants text, and was given a number"),
        ("matches(s, '(x')", "`matches` can't read the regular expression `(x`"),
        ("lower(a)", "`lower` wants text, and was given a number"),
        ("hour(s)", "`hour` wants a time, and was given text: declare the column a `time` under `columns.types`"),
        ("log(s)", "declare the column a `number` under `columns.types`"),
        ("log(t)", "take a part of it, such as `hour(x)`"),
        ("log(t - t)", "divide it, such as `x / minutes(1)`"),
        ("minutes(t - t)", "for a duration in minutes write `x / minutes(1)`"),
        ("minimum(s, s)", "`minimum` wants numbers, times or durations, and was given text"),
        ("fill(a, 'x')", "`fill` of such a column wants a number, and was given text"),
        ("t - t", "gives a duration: divide it, such as `(a - b) / minutes(1)`, for a number"),
    ],
)
def test_what_does_not_fit_the_data_is_refused_with_a_mend(expression: str, said: str) -> None:
    with pytest.raises(UserError) as problem:
        evaluate(expression, FRAME)
    assert said in str(problem.value)
    assert expression in str(problem.value)


def test_two_columns_of_one_name() -> None:
    frame = pd.DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(UserError, match="two columns are called `a`"):
        evaluate("a > 1", frame)


def test_a_duration_beyond_all_measure_is_missing() -> None:
    assert values("t + days(a * 1e15)", FRAME)[0] is None


def test_checking_imports_no_pandas() -> None:
    code = "import sys, tidemill.expressions as e; e.check('a > 1'); sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_function_of_the_vocabulary_can_be_called() -> None:
    argument = {
        "x": "a",
        "t": "t",
        "s": "s",
        "v": "0",
        "y": "b",
        "n": "1",
        "…": "1",
        "piece": "'x'",
        "pattern": "'x|y'",
    }
    for name, function in FUNCTIONS.items():
        names = function.call.removeprefix(f"{name}(").removesuffix(")").split(", ")
        arguments = ", ".join(argument[part] for part in names)
        expression = f"{name}({arguments})"
        durations = ("minutes", "hours", "days", "seconds")
        evaluate(f"{expression} / seconds(1)" if name in durations else expression, FRAME)


NAMES = st.sampled_from(["a", "b", "whole", "s", "t", "flag", "maybe", "nothing", "`my col`", "unknown"])
LITERALS = st.one_of(
    st.integers(-5, 5).map(str),
    st.floats(-5, 5).map(repr),
    st.sampled_from(["'x'", '"2013-06-01"', "true", "false", "['x', 'y']", "[1, 2]"]),
)
OPERATORS = st.sampled_from(
    ["+", "-", "*", "/", "//", "%", "<", "<=", "==", "!=", ">", "and", "or", "in", "not in", "**", "&"]
)


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    calls = st.tuples(st.sampled_from([*FUNCTIONS, "eval"]), st.lists(inner, min_size=1, max_size=3))
    return st.one_of(
        st.tuples(inner, OPERATORS, inner).map(lambda parts: f"({' '.join(parts)})"),
        calls.map(lambda call: f"{call[0]}({', '.join(call[1])})"),
        inner.map(lambda value: f"(not {value})"),
        inner.map(lambda value: f"-{value}"),
    )


EXPRESSIONS = st.recursive(st.one_of(NAMES, LITERALS), _grown, max_leaves=8)


@settings(max_examples=250, deadline=None)
@given(EXPRESSIONS)
@example("maximum(t, t) - t == minutes(0)")
def test_an_expression_gives_one_value_a_row_or_one_clear_message(expression: str) -> None:
    try:
        whole = evaluate(expression, FRAME)
    except UserError:
        return
    assert whole.index.equals(FRAME.index)
    assert str(whole.dtype) in ("int64", NUMBER, FLAG, TEXT, TIME)
    if whole.dtype == NUMBER:
        assert not np.isinf(whole.to_numpy()).any()


@settings(max_examples=150, deadline=None)
@given(EXPRESSIONS)
def test_one_row_gives_what_it_gave_among_others(expression: str) -> None:
    """The promise to serving: no outcome hangs on the rows beside it."""
    try:
        whole = evaluate(expression, FRAME)
    except UserError:
        return
    for place in range(len(FRAME)):
        alone = evaluate(expression, FRAME.iloc[[place]])
        one, other = alone.iloc[0], whole.iloc[place]
        assert (pd.isna(one) and pd.isna(other)) or one == other


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60) | st.text("ab1.'\"`()[]<>=!+-*/%&|,# \n", max_size=60))
@example("1_000_000__0")
@example("a" * 2001)
@example("\ud800")
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        columns = columns_of(text)
    except UserError:
        return
    assert all(columns)
