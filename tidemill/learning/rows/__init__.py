"""Rows as a REST request brings them, read without a frame: a few microseconds a row instead of milliseconds.

Gives the very matrix that :meth:`Recipe.transform` gives for the same values, one value at a time, so
that an answer never depends on the other rows of a request. What is rare (numbers as text, times in
odd formats, columns that must be derived) goes through the recipe's own code.
"""

from tidemill.learning.rows.answering import RowPredictor
from tidemill.learning.rows.reading import RowReader
from tidemill.learning.rows.refusing import placed
from tidemill.learning.rows.values import Row, Scalar

__all__ = ["Row", "RowPredictor", "RowReader", "Scalar", "placed"]
