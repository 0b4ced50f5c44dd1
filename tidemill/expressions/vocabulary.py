"""What an expression may call, described once for the reader, the evaluator and the reference page."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FUNCTIONS", "Function"]


@dataclass(frozen=True)
class Function:
    """A function of the language: how it is called, how many arguments it takes, what it gives."""

    call: str
    fewest: int
    most: int
    gives: str


FUNCTIONS: dict[str, Function] = {
    "isnull": Function("isnull(x)", 1, 1, "true where `x` is missing, else false"),
    "notnull": Function("notnull(x)", 1, 1, "false where `x` is missing, else true"),
    "fill": Function("fill(x, v)", 2, 2, "`x`, and `v` where `x` is missing"),
    "minutes": Function("minutes(x)", 1, 1, "a duration of `x` minutes; `(a - b) / minutes(1)` is a number of minutes"),
    "hours": Function("hours(x)", 1, 1, "a duration of `x` hours"),
    "days": Function("days(x)", 1, 1, "a duration of `x` days"),
    "seconds": Function("seconds(x)", 1, 1, "a duration of `x` seconds"),
    "hour": Function("hour(t)", 1, 1, "the hour of a time, 0 to 23, in UTC"),
    "weekday": Function("weekday(t)", 1, 1, "the day of the week of a time, Monday 0 to Sunday 6, in UTC"),
    "month": Function("month(t)", 1, 1, "the month of a time, 1 to 12, in UTC"),
    "year": Function("year(t)", 1, 1, "the year of a time, in UTC"),
    "lower": Function("lower(s)", 1, 1, "text in lower case"),
    "upper": Function("upper(s)", 1, 1, "text in upper case"),
    "strip": Function("strip(s)", 1, 1, "text without white space around it"),
    "length": Function("length(s)", 1, 1, "how many characters a text has"),
    "contains": Function("contains(s, piece)", 2, 2, "true where the text `s` has the piece in it, as it is written"),
    "matches": Function(
        "matches(s, pattern)", 2, 2, "true where some part of the text `s` fits a regular expression (RE2's kind)"
    ),
    "abs": Function("abs(x)", 1, 1, "a number or a duration without its sign"),
    "log": Function("log(x)", 1, 1, "the natural logarithm; missing where `x` is 0 or less"),
    "sqrt": Function("sqrt(x)", 1, 1, "the square root; missing where `x` is less than 0"),
    "round": Function("round(x, n)", 1, 2, "`x` with `n` decimals (0 when left out); halves go to the even side"),
    "minimum": Function("minimum(x, y, …)", 2, 20, "the least of numbers, times or durations"),
    "maximum": Function("maximum(x, y, …)", 2, 20, "the greatest of numbers, times or durations"),
}
