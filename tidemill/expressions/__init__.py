"""The small language of ``derive`` and ``target.expression``: columns, arithmetic, comparisons, a few functions.

It is read with :mod:`ast` and walked by hand; nothing of it is ever run as Python. Every operation
looks at one row at a time, so that one row sent to the REST service gives what it gave in training.
Importing this package is light: pandas is imported when something is evaluated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidemill.expressions.parsing import parse
from tidemill.expressions.vocabulary import FUNCTIONS, Function

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FUNCTIONS", "Function", "check", "columns_of", "evaluate"]


def check(expression: str) -> None:
    """Raise :exc:`UserError` when ``expression`` can't be read, with the part that is wrong and the mend."""
    parse(expression)


def columns_of(expression: str) -> frozenset[str]:
    """The columns that ``expression`` reads. Raises :exc:`UserError` as :func:`check` does."""
    return parse(expression).columns


def evaluate(expression: str, frame: pd.DataFrame) -> pd.Series:
    """The value of ``expression`` for each row of ``frame``: a new Series with the same index.

    Numbers come as ``float64`` (a bare integer column stays ``int64``), comparisons as ``boolean``, text
    as ``str``, times as ``datetime64[us, UTC]``. Missing in, missing out, with :func:`isnull`, ``fill`` and
    ``and``/``or`` as the exceptions; dividing by zero gives missing.

    Raises :exc:`UserError` when a column is absent, when kinds don't fit (text plus a number), or when
    the outcome is a duration, which is no column's kind.
    """
    from tidemill.expressions.evaluating import evaluate_parsed

    return evaluate_parsed(parse(expression), frame)
