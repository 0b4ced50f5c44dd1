"""Cells that hold a list of numbers each, such as the pixels of an image: one feature a place in the list.

Cells come as JSON (``[0, 12, 255]``, rows of rows too), which is what lists in Parquet and in requests are
kept as.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tidemill.errors import UserError

__all__ = ["LOOKED_AT", "looks_like_pixels", "pixels_of", "telling_pixels"]

FEWEST_NUMBERS = 2
FEWEST_OTHER_ROWS = 5
LOOKED_AT = 50

Matrix = NDArray[np.float32]


def pixels_of(texts: Sequence[str | None], column: str, numbers: int | None) -> Matrix:
    """The numbers of each cell, shape ``(rows, numbers)``; not-a-number where there is none.

    ``numbers`` is how many a cell must have; None takes it from the first one. Raises UserError, with ``row``
    and ``column``, for a cell that is no list of so many numbers.
    """
    matrix: Matrix | None = None if numbers is None else np.full((len(texts), numbers), np.nan, dtype=np.float32)
    for row, text in enumerate(texts):
        if text is None:
            continue
        cell = _numbers(text)
        if matrix is None and cell is not None:
            matrix = np.full((len(texts), len(cell)), np.nan, dtype=np.float32)
        if cell is None or matrix is None or len(cell) != matrix.shape[1]:
            raise _misfit(row, column, text, cell, None if matrix is None else matrix.shape[1])
        matrix[row] = cell
    return np.empty((len(texts), 0), dtype=np.float32) if matrix is None else matrix


def looks_like_pixels(texts: Sequence[str]) -> bool:
    """Whether the first texts are all lists of numbers, of one length."""
    some = texts[:LOOKED_AT]
    if not some or not all(text.startswith("[") for text in some):
        return False
    cells = [_numbers(text) for text in some]
    lengths = {-1 if cell is None else len(cell) for cell in cells}
    return len(lengths) == 1 and lengths.pop() >= FEWEST_NUMBERS


def telling_pixels(matrix: Matrix) -> list[int]:
    """The places whose number is not the same in all rows but a handful."""
    told = []
    for place in range(matrix.shape[1]):
        _, counts = np.unique(matrix[:, place], return_counts=True)
        if len(matrix) - counts.max() >= min(FEWEST_OTHER_ROWS, len(matrix) // 10 + 1):
            told.append(place)
    return told


def _numbers(text: str) -> NDArray[np.float32] | None:
    try:
        found = np.asarray(json.loads(text), dtype=np.float64)
    except (ValueError, TypeError, RecursionError):
        return None
    if not found.ndim:
        return None
    largest = float(np.finfo(np.float32).max)
    return np.clip(np.where(np.isfinite(found), found, np.nan), -largest, largest).astype(np.float32).ravel()


def _misfit(row: int, column: str, text: str, cell: Matrix | None, numbers: int | None) -> UserError:
    held = f"{len(cell)} numbers" if cell is not None else repr(text if len(text) <= 40 else f"{text[:40]}…")
    wanted = f"where a list of {numbers} belongs" if numbers is not None else "where a list of numbers belongs"
    return UserError(
        f"row {row} (counted from 0) has {held} in column `{column}`, {wanted}: correct the value, or leave it empty",
        row=row,
        column=column,
    )
