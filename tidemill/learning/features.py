"""The feature recipe: how any frame of a use case's rows becomes the matrix that the boosters read.

Fitted on training rows only (:mod:`tidemill.learning.fitting`) and stored with the Model, so that
serving does exactly what training did. Categories get integer codes of our own rather than pandas',
because a level that was not seen in training must neither raise (dmlc/xgboost #11826) nor silently
take one side of a split (#11659): it shares the code of the rare levels, or counts as missing where
there were none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, field_validator

from tidemill.cleaning import Kind
from tidemill.expressions import columns_of
from tidemill.learning.columns import Pairing, TimePart, as_numbers, combined, time_part
from tidemill.learning.deriving import check_present, tidy_columns
from tidemill.learning.encoding import Encoding, codes_of
from tidemill.learning.pixels import pixels_of
from tidemill.learning.texts import Words, texts_of, word_counts
from tidemill.results import Record
from tidemill.usecase.schema import CleanRules

__all__ = ["OTHER", "ColumnContract", "Feature", "Matrix", "Recipe"]

OTHER = 0.0
LARGEST = float(np.finfo(np.float32).max)

Doubles = NDArray[np.float64]
Matrix = NDArray[np.float32]


def _float32(values: Doubles) -> Doubles:
    """Numbers as the matrix holds them, so that what is made of them is the same made of the matrix."""
    return np.clip(values, -LARGEST, LARGEST).astype(np.float32).astype(np.float64)


class ColumnContract(Record):
    """A raw column that a row must bring. ``levels`` are a category's known ones; others are allowed.

    ``pixels`` is how many numbers each of its cells holds, where they hold lists.

    ``required`` is False for a column that is only read to derive others: those may be brought instead.
    """

    name: str
    kind: Kind
    required: bool = True
    levels: tuple[str, ...] = ()
    pixels: int = 0


class Feature(Record):
    """One column of the matrix: which of the user's columns it reads, and how.

    A category's ``levels[i]`` has code ``i + 1``. Code 0 is any other level, if ``other`` says that
    training had rows of such levels to learn from. ``encoded`` is the output of the column's
    :class:`~tidemill.learning.encoding.Encoding` that it reads instead of the column itself. ``words`` says
    that the column is text: the feature reads the encodings of its words or, without ``encoded``, counts them.
    ``until`` is the time that a time is told from, where it is not the use case's own, and the other number of a
    ``combined`` feature. ``pixel`` is the place of
    the number that it reads, where a column's cells are lists.
    """

    name: str
    column: str
    kind: Kind
    part: TimePart | None = None
    levels: tuple[str, ...] = ()
    other: bool = False
    encoded: int | None = None
    words: bool = False
    pixel: int | None = None
    until: str | None = None
    combined: Pairing | None = None


class Recipe(Record):
    """From the user's columns to the boosters' matrix. JSON both ways by pydantic.

    ``kinds`` says what every column that is read or derived is, ``reference`` is the use case's own
    time column, ``excluded`` says why a column is not used, ``encodings`` holds those of columns that
    features read by the target's mean; the levels of a text are its words' hashes. ``pixels`` says how many
    numbers a cell of a column of lists has.
    """

    features: tuple[Feature, ...]
    columns: tuple[ColumnContract, ...]
    derive: dict[str, str]
    kinds: dict[str, Kind]
    clean: CleanRules
    reference: str | None
    excluded: dict[str, str]
    encodings: dict[str, Encoding] = Field(default_factory=dict)
    pixels: dict[str, int] = Field(default_factory=dict)

    @field_validator("clean", mode="before")
    @classmethod
    def _as_it_was(cls, said: object) -> object:
        """Rules that were stored before there was ``spaces`` left the white space within texts alone."""
        return {**said, "spaces": False} if isinstance(said, dict) and "spaces" not in said else said

    @property
    def feature_names(self) -> list[str]:
        """The matrix's columns, in order."""
        return [feature.name for feature in self.features]

    @property
    def feature_types(self) -> list[str]:
        """XGBoost's types of the matrix's columns: ``c`` for categories, ``q`` for quantities."""
        return ["c" if feature.kind == "category" else "q" for feature in self.features]

    def check(self, frame: pd.DataFrame) -> None:
        """Raise UserError when a column that the features need is missing.

        A missing value is fine. A missing column is not: every row would be answered without it, and
        nobody would notice.
        """
        check_present(self._needed, self.derive, frame)

    def transform(self, frame: pd.DataFrame) -> Matrix:
        """The matrix, float32, shape ``(rows, features)``; not-a-number is missing.

        The same value in another type (7, 7.0, "7") gives the same number, and levels never seen are
        no error. Raises UserError for a missing column, and for a value that can't be what its column is.
        """
        self.check(frame)
        read = self._read(frame)
        matrix = self._coded(read)
        words = self._words_of(read)
        for position, feature in self.encoded:
            if feature.words:
                matrix[:, position] = self.of_words(feature, words[feature.column])
                continue
            codes = matrix[:, position]
            known = ~np.isnan(codes)
            matrix[known, position] = self._tables[feature.name][codes[known].astype(np.int64)]
        return matrix

    def coded(self, frame: pd.DataFrame) -> Matrix:
        """:meth:`transform`, but with the codes of levels where a feature reads their encodings.

        For rows that are fitted on: these are read by the targets of other rows alone. What is read of the
        words of texts is left missing; see :meth:`words`.
        """
        self.check(frame)
        return self._coded(self._read(frame))

    def words(self, frame: pd.DataFrame) -> dict[str, Words]:
        """The known words of the columns of text, for rows that are fitted on."""
        return self._words_of(self._read(frame)) if self._word_levels else {}

    def paired(self, feature: Feature, one: Doubles, other: Doubles) -> Doubles:
        """What a combined feature reads of two columns' numbers."""
        return combined(feature.combined or "difference", _float32(one), _float32(other))

    def of_words(self, feature: Feature, words: Words) -> Doubles:
        """What a feature reads of a column's words, as rows that were not fitted on are read."""
        table = self._word_tables[feature.name]
        values = words.mean(table[words.codes.astype(np.int64)], float(table[0]))
        return np.clip(values, -LARGEST, LARGEST)

    def known_words(self, column: str, texts: Iterable[str | None]) -> Words:
        """The words of texts of a column of text that the recipe knows."""
        return Words.of(texts, self._word_levels[column])

    @property
    def encoded(self) -> tuple[tuple[int, Feature], ...]:
        """The features that read encodings, each with its position."""
        return self._encoded

    def keeping(self, names: Iterable[str], reasons: Mapping[str, str]) -> Recipe:
        """The same recipe with only the named features; ``reasons`` joins ``excluded``."""
        wanted = set(names)
        features = tuple(feature for feature in self.features if feature.name in wanted)
        fewer = Recipe(**{**dict(self), "features": features, "excluded": {**self.excluded, **reasons}})
        raw = fewer.sources(fewer._needed)
        read = {*raw, *self.derive, *fewer._needed}
        columns = tuple(column for column in self.columns if column.name in raw)
        kinds = {name: kind for name, kind in self.kinds.items() if name in read}
        by_target = {feature.column for feature in features if feature.encoded is not None}
        encodings = {name: encoding for name, encoding in self.encodings.items() if name in by_target}
        pixels = {name: numbers for name, numbers in self.pixels.items() if name in read}
        made = {"columns": columns, "kinds": kinds, "encodings": encodings, "pixels": pixels}
        return Recipe(**{**dict(fewer), **made})

    def reads(self, feature: Feature) -> tuple[str, ...]:
        """The columns behind a feature: its own and, where it sets it against another, that one."""
        until = (feature.until or self.reference) if feature.part == "hours before" else feature.until
        return (feature.column, until) if until else (feature.column,)

    def sources(self, columns: Iterable[str]) -> set[str]:
        """The raw columns behind ``columns``, through derived ones of any depth."""
        raw: set[str] = set()
        waiting = list(columns)
        while waiting:
            name = waiting.pop()
            if name in self.derive:
                waiting += columns_of(self.derive[name])
            else:
                raw.add(name)
        return raw

    @cached_property
    def _needed(self) -> tuple[str, ...]:
        """The columns that features read, derived ones among them."""
        return tuple(dict.fromkeys(name for feature in self.features for name in self.reads(feature)))

    @property
    def pixel_places(self) -> dict[str, tuple[list[int], list[int]]]:
        """For each column of lists, where in the matrix its features are, and which numbers of a list they read."""
        return self._pixel_places

    def _coded(self, read: pd.DataFrame) -> Matrix:
        matrix = np.empty((len(read), len(self.features)), dtype=np.float32)
        for position, feature in enumerate(self.features):
            if feature.pixel is None:
                matrix[:, position] = np.clip(self._values(feature, read), -LARGEST, LARGEST)
        for name, (positions, places) in self.pixel_places.items():
            matrix[:, positions] = pixels_of(texts_of(read[name]), name, self.pixels[name])[:, places]
        return matrix

    def _words_of(self, read: pd.DataFrame) -> dict[str, Words]:
        return {name: self.known_words(name, texts_of(read[name])) for name in self._word_levels}

    @cached_property
    def _pixel_places(self) -> dict[str, tuple[list[int], list[int]]]:
        found: dict[str, tuple[list[int], list[int]]] = {}
        for position, feature in enumerate(self.features):
            if feature.pixel is not None:
                positions, places = found.setdefault(feature.column, ([], []))
                positions.append(position)
                places.append(feature.pixel)
        return found

    @cached_property
    def _word_levels(self) -> dict[str, NDArray[np.uint32]]:
        columns = dict.fromkeys(feature.column for _, feature in self.encoded if feature.words)
        return {name: np.asarray(self.encodings[name].levels, dtype=np.uint32) for name in columns}

    @cached_property
    def _word_tables(self) -> dict[str, Doubles]:
        return {
            feature.name: self.encodings[feature.column].table(feature.encoded or 0)
            for _, feature in self.encoded
            if feature.words
        }

    @cached_property
    def _encoded(self) -> tuple[tuple[int, Feature], ...]:
        return tuple(pair for pair in enumerate(self.features) if pair[1].encoded is not None)

    @cached_property
    def _levels(self) -> dict[str, pd.Index[str]]:
        return {
            feature.name: pd.Index(feature.levels, dtype="str")
            for feature in self.features
            if feature.kind == "category"
        }

    @cached_property
    def _encoded_levels(self) -> dict[str, pd.Index]:
        return {
            name: pd.Index(encoding.levels, dtype="float64" if self.kinds[name] == "number" else "str")
            for name, encoding in self.encodings.items()
            if name not in self._word_levels
        }

    @cached_property
    def _tables(self) -> dict[str, Matrix]:
        """What the codes of each encoded feature are read as."""
        return {
            feature.name: np.clip(self.encodings[feature.column].table(feature.encoded or 0), -LARGEST, LARGEST).astype(
                np.float32
            )
            for _, feature in self.encoded
            if not feature.words
        }

    def _read(self, frame: pd.DataFrame) -> pd.DataFrame:
        return tidy_columns(frame, self._needed, self.derive, self.kinds, self.clean)

    def _values(self, feature: Feature, read: pd.DataFrame) -> NDArray[np.float64]:
        column = read[feature.column]
        if feature.words:
            return word_counts(texts_of(column)) if feature.encoded is None else np.full(len(column), np.nan)
        if feature.encoded is not None:
            return codes_of(self._encoded_levels[feature.column], column)
        if feature.combined is not None:
            return self.paired(feature, *(as_numbers(read[name]) for name in self.reads(feature)))
        if feature.part is not None:
            until = feature.until or self.reference
            return time_part(feature.part, column, read[until] if until in read.columns else None)
        return self._codes(feature, column) if feature.kind == "category" else as_numbers(column)

    def _codes(self, feature: Feature, column: pd.Series) -> NDArray[np.float64]:
        codes = codes_of(self._levels[feature.name], column)
        codes[codes == 0.0] = OTHER if feature.other else np.nan
        return codes
