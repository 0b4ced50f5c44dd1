"""What is said of a row that can't be read: which one it is, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable

from tidemill.cleaning import Kind
from tidemill.errors import UserError, did_you_mean
from tidemill.learning.rows.values import Scalar

__all__ = ["lacking", "placed", "unreadable_value"]


def placed(error: UserError, before: int) -> UserError:
    """The same error about a part of a table, its row counted from the table's start, ``before`` rows further up."""
    if error.row is None:
        return error
    row = before + error.row
    text = str(error).replace(f"row {error.row} (counted from 0)", f"row {row} (counted from 0)")
    return UserError(text, row=row, column=error.column)


def lacking(number: int, name: str, row: Iterable[str]) -> UserError:
    """A row without a column that the Model reads."""
    return UserError(
        f"row {number} (counted from 0) has no column `{name}`, which the model reads{did_you_mean(name, row)}: "
        "add it, as null when it is not known",
        row=number,
        column=name,
    )


def unreadable_value(row: int, name: str, kind: Kind, value: Scalar) -> UserError:
    """A value that can't be what its column is."""
    said = repr(value) if len(repr(value)) <= 80 else f"{repr(value)[:80]}…"
    return UserError(
        f"row {row} (counted from 0) has {said} in column `{name}`, "
        f"which is a {kind}: correct the value, or leave it empty",
        row=row,
        column=name,
    )
