"""A column's values made tidy one by one, as :mod:`tidemill.cleaning` makes them in a frame."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from tidemill.cleaning import Kind, normalise
from tidemill.cleaning.normalising import FALSE_WORDS, TRUE_WORDS, text_of, unreadable
from tidemill.cleaning.texts import folded, tidy_texts
from tidemill.errors import UserError
from tidemill.learning.columns import as_numbers
from tidemill.learning.features import Recipe
from tidemill.learning.rows.refusing import unreadable_value
from tidemill.learning.rows.values import (
    OddValue,
    Row,
    Scalar,
    as_number,
    as_number_but,
    as_time,
    as_time_elsewhere,
    bounded,
)

__all__ = ["Tidier"]

_Text = Callable[[str], str | None]

_MOST_TEXTS = 10_000


class Tidier:
    """Reads a recipe's columns from rows of plain values."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        clean = recipe.clean
        self._missing = frozenset({*clean.missing, *([""] if clean.strip else [])})
        self._odd_text = lru_cache(_MOST_TEXTS)(self._general_text)
        self._read = {name: self._reader(name, kind) for name, kind in recipe.kinds.items()}

    def mend(self, tidy: dict[str, list[Any]]) -> None:
        """Put right, value by value, what :func:`tidemill.cleaning.mending.mended` does in a frame."""
        fitted, kinds = self._recipe.clean.fitted, self._recipe.kinds
        if fitted is None:
            return
        for name in tidy.keys() & fitted.spellings.keys():
            if kinds[name] == "category":
                spelt = fitted.spellings[name]
                tidy[name] = [text and spelt.get(folded(text), text) for text in tidy[name]]
        for name in tidy.keys() & fitted.bounds.keys():
            if kinds[name] == "number":
                tidy[name] = bounded(tidy[name], fitted.bounds[name], fitted.fill.get(name))
        for name in tidy.keys() & fitted.fill.keys():
            value = fitted.fill[name] if kinds[name] == "category" else float(fitted.fill[name])
            tidy[name] = [value if one is None or one != one else one for one in tidy[name]]

    def tidy(self, name: str, rows: Sequence[Row], places: Sequence[int]) -> list[Any]:
        """One column's tidy values: float, str or datetime, as its kind is; for booleans 1.0 and 0.0."""
        read = self._read[name]
        values: list[Any] = []
        odd: list[int] = []
        for place in places:
            try:
                values.append(read(rows[place][name]))
            except OddValue:
                if isinstance(rows[place][name], list):
                    raise self._unreadable(name, place, rows[place][name]) from None
                odd.append(len(values))
                values.append(rows[place][name])
        texts = [at for at in odd if isinstance(values[at], str)]
        others = [at for at in odd if not isinstance(values[at], str)]
        for some, dtype in ((texts, "str"), (others, "float64")):
            read_so = self._general(name, [(places[at], values[at]) for at in some], dtype)
            for at, value in zip(some, read_so, strict=True):
                values[at] = value
        return values

    def _general(self, name: str, odd: Sequence[tuple[int, Any]], dtype: str) -> list[Any]:
        """The values (each with its row's number) as the recipe reads a column that holds nothing else."""
        if not odd:
            return []
        try:
            before = pd.Series([value for _, value in odd], dtype=dtype, name=name)
        except OverflowError:
            raise self._unreadable(name, *max(odd, key=lambda pair: abs(pair[1]))) from None
        after = normalise(before.to_frame(), self._recipe.clean, self._recipe.kinds)[name]
        lost = np.flatnonzero(unreadable(before, after, self._recipe.clean).to_numpy(dtype=bool))
        if len(lost):
            raise self._unreadable(name, *odd[int(lost[0])])
        if self._recipe.kinds[name] == "time":
            try:
                return [None if moment is pd.NaT else moment.to_pydatetime() for moment in after]
            except ValueError:
                raise OverflowError from None
        numbers: list[float] = as_numbers(after).tolist()
        return numbers

    def _unreadable(self, name: str, row: int, value: Scalar) -> UserError:
        return unreadable_value(row, name, self._recipe.kinds[name], value)

    def _reader(self, name: str, kind: Kind) -> Callable[[Scalar], object]:
        """How one value of a column is read."""
        clean = self._recipe.clean
        if kind == "number":
            missing = clean.missing_numbers.get(name)
            return partial(as_number_but, frozenset(missing)) if missing else as_number
        if kind == "time":
            return as_time_elsewhere if name in clean.time_formats else as_time
        odd = partial(self._odd_text, name, kind)
        plain = name not in clean.synonyms and (kind == "boolean" or clean.case_of(name) == "keep")
        return partial(self._category if kind == "category" else self._boolean, self._plain_text if plain else odd, odd)

    def _category(self, plain: _Text, odd: _Text, value: Scalar) -> str | None:
        if isinstance(value, str):
            if self._recipe.clean.spaces and ("  " in value or not value.isascii() or not value.isprintable()):
                return odd(value)
            return plain(value)
        if value is None or (isinstance(value, float) and not math.isfinite(value)):
            return None
        return plain(text_of(value))

    def _plain_text(self, value: str) -> str | None:
        """Text that needs nothing but to be trimmed."""
        text = value.strip() if self._recipe.clean.strip else value
        return None if text in self._missing else text

    def _general_text(self, name: str, kind: Kind, value: str) -> str | None:
        """Text as cleaning tidies it."""
        clean = self._recipe.clean
        case = clean.case_of(name) if kind == "category" else "keep"
        try:
            text: str | None = tidy_texts(pa.array([value], pa.large_string()), clean, name, case)[0].as_py()
        except UnicodeEncodeError:  # half a surrogate pair, which JSON can say and no level of a category holds
            return self._plain_text(value)
        return text

    def _boolean(self, plain: _Text, odd: _Text, value: Scalar) -> float:
        if isinstance(value, bool):
            return float(value)
        text = self._category(plain, odd, value)
        if text is None:
            return math.nan
        if text.lower() in TRUE_WORDS:
            return 1.0
        if text.lower() in FALSE_WORDS:
            return 0.0
        raise OddValue
