"""Rows as a REST request brings them, read without a frame: a few microseconds a row instead of milliseconds.

Gives the very matrix that :meth:`Recipe.transform` gives for the same values, one value at a time, so
that an answer never depends on the other rows of a request. What is rare (numbers as text, times in
odd formats, columns that must be derived) goes through the recipe's own code.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from tidemill.cleaning import Kind, normalise
from tidemill.cleaning.normalising import FALSE_WORDS, TRUE_WORDS, text_of, unreadable
from tidemill.cleaning.texts import folded, tidy_texts
from tidemill.errors import UserError, did_you_mean
from tidemill.expressions import columns_of
from tidemill.expressions.single import Single, compiled
from tidemill.forecasting import Plan
from tidemill.learning.columns import HOURS, MICROSECONDS_AN_HOUR, Doubles, TimePart, as_numbers
from tidemill.learning.explaining import Explanation
from tidemill.learning.features import LARGEST, OTHER, Feature, Matrix, Recipe
from tidemill.learning.model import Label, Model
from tidemill.learning.pixels import pixels_of
from tidemill.learning.queries import RANK, ranks
from tidemill.learning.texts import word_counts
from tidemill.usecase.cleaning import Bounds

__all__ = ["Row", "RowPredictor", "RowReader", "Scalar", "placed"]

Scalar = str | int | float | bool | list[Any] | None
Row = Mapping[str, Scalar]

_Text = Callable[[str], str | None]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_PLANS = 256
_MOST_TEXTS = 10_000
_ISO = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ](?:[01]\d|2[0-3]):\d\d(?::\d\d(?:\.(?:\d{3}|\d{6}))?)?(?:Z|[+-]\d\d:\d\d)?)?", re.ASCII
)


class RowPredictor:
    """Answers rows with what :meth:`Model.predict` answers. Safe to share between threads."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._reader = RowReader(model.description.recipe)
        plan = model.description.forecast
        self._past = _past_reader(plan, model.description.recipe) if plan is not None else None

    def predict(self, rows: Sequence[Row]) -> list[dict[str, Label | float | None]]:
        """One answer a row, in order; the rank is among the rows of one query that are here.

        A forecast takes rows that bring their target as known past, beside its own memory. Raises UserError
        with ``row`` and ``column`` for what can't be read.
        """
        return self._predicted(rows, self._matrix(rows))

    def explain(self, rows: Sequence[Row]) -> tuple[list[dict[str, Label | float | None]], Explanation]:
        """:meth:`predict`, and what :meth:`Model.explain` says of the same rows."""
        matrix = self._matrix(rows)
        return self._predicted(rows, matrix), self.model.explain_matrix(matrix)

    def _matrix(self, rows: Sequence[Row]) -> Matrix:
        forecaster = self.model.forecaster
        if forecaster is not None and self._past is not None:
            rows = forecaster.completed_rows(rows, self._past.tidy(rows, forecaster.plan.keys))
        return self._reader.matrix(rows)

    def _predicted(self, rows: Sequence[Row], matrix: Matrix) -> list[dict[str, Label | float | None]]:
        answers = self.model.answers(matrix)
        query = self.model.query
        if query is None or not any(query in row for row in rows):
            return answers
        scores = np.array([answer["prediction"] for answer in answers], dtype=np.float64)
        places = ranks([row.get(query) for row in rows], scores)
        return [{**answer, RANK: place} for answer, place in zip(answers, places, strict=True)]

    def warm(self) -> None:
        """Answer a row of which nothing is known, so that the first real one need not wait."""
        names = self.model.description.recipe.kinds
        self.model.answers(self._reader.matrix([dict.fromkeys(names)]))


def placed(error: UserError, before: int) -> UserError:
    """The same error about a part of a table, its row counted from the table's start, ``before`` rows further up."""
    if error.row is None:
        return error
    row = before + error.row
    text = str(error).replace(f"row {error.row} (counted from 0)", f"row {row} (counted from 0)")
    return UserError(text, row=row, column=error.column)


@dataclass(frozen=True)
class _Plan:
    """How rows with one set of columns are read.

    ``columns`` come with the rows and ``computed`` ones are made of them, in this order; ``direct``
    features are read value by value, and what is left (at ``places``) by ``derived``, from ``inputs``.
    """

    columns: tuple[str, ...]
    computed: tuple[tuple[str, Single], ...]
    direct: tuple[tuple[int, Feature], ...]
    derived: Recipe | None
    places: tuple[int, ...]
    inputs: tuple[str, ...]


class _OddValue(Exception):  # noqa: N818 - no error: it asks for the longer way
    """A value that only the general code can read."""


class RowReader:
    """A recipe that reads rows of plain values."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._plans: dict[frozenset[str], _Plan] = {}
        clean = recipe.clean
        self._missing = frozenset({*clean.missing, *([""] if clean.strip else [])})
        self._known = frozenset(recipe.kinds)
        self._odd_text = lru_cache(_MOST_TEXTS)(self._general_text)
        self._read = {name: self._reader(name, kind) for name, kind in recipe.kinds.items()}
        self._levels = {
            feature.name: {level: code + 1.0 for code, level in enumerate(feature.levels)}
            for feature in recipe.features
            if feature.kind == "category"
        }
        self._encoded = {
            feature.name: (
                dict(zip(encoding.levels, encoding.values[output], strict=True)),
                encoding.prior[output],
            )
            for _, feature in recipe.encoded
            if not feature.words
            for encoding, output in [(recipe.encodings[feature.column], feature.encoded or 0)]
        }

    def matrix(self, rows: Sequence[Row]) -> Matrix:
        """The recipe's matrix, float32, shape ``(rows, features)``.

        Raises UserError, with ``row`` and ``column``, for a column that a row lacks and for a value that
        can't be what its column is.
        """
        plans = [self._plan(row, number) for number, row in enumerate(rows)]
        matrix = np.empty((len(rows), len(self._recipe.features)), dtype=np.float64)
        for plan in {id(plan): plan for plan in plans}.values():
            places = [number for number, own in enumerate(plans) if own is plan]
            try:
                self._fill(matrix, plan, rows, places)
            except OverflowError:  # a time beyond the years that a datetime holds
                for place in places:
                    matrix[place] = self._alone(rows[place], place)
        return np.clip(matrix, -LARGEST, LARGEST).astype(np.float32)

    def tidy(self, rows: Sequence[Row], required: Sequence[str]) -> dict[str, list[Any]]:
        """The tidy values of every column that the recipe knows; None for one that a row does not bring.

        Raises UserError, with ``row`` and ``column``, for a value that can't be what its column is, and for
        a row that lacks a ``required`` column.
        """
        for number, row in enumerate(rows):
            for name in required:
                if name not in row:
                    raise _lacking(number, name, row)
        whole = [{name: row.get(name) for name in self._known} for row in rows]
        try:
            tidy = {name: self._tidy(name, whole, range(len(rows))) for name in sorted(self._known)}
        except OverflowError:
            raise UserError("a row has a time beyond the years 1 to 9999: correct it") from None
        self._mend(tidy)
        return tidy

    def _fill(self, matrix: Doubles, plan: _Plan, rows: Sequence[Row], places: Sequence[int]) -> None:
        """Write the rows at ``places``, which have one plan."""
        tidy = {name: self._tidy(name, rows, places) for name in plan.columns}
        for name, single in plan.computed:
            tidy[name] = _computed(single, tidy, len(places))
        if plan.derived is not None:
            frame = pd.DataFrame({name: self._series(name, tidy[name]) for name in plan.inputs})
            matrix[np.ix_(places, plan.places)] = plan.derived.transform(frame)
        self._mend(tidy)
        for position, feature in plan.direct:
            if feature.pixel is None:
                matrix[places, position] = self._values(feature, tidy)
        for name, (positions, numbers) in self._recipe.pixel_places.items():
            if name in tidy:
                matrix[np.ix_(places, positions)] = self._pixels(name, tidy[name], places)[:, numbers]

    def _mend(self, tidy: dict[str, list[Any]]) -> None:
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
                tidy[name] = _bounded(tidy[name], fitted.bounds[name], fitted.fill.get(name))
        for name in tidy.keys() & fitted.fill.keys():
            value = fitted.fill[name] if kinds[name] == "category" else float(fitted.fill[name])
            tidy[name] = [value if one is None or one != one else one for one in tidy[name]]

    def _alone(self, row: Row, number: int) -> Matrix:
        try:
            return self._recipe.transform(pd.DataFrame([row]))
        except UserError as error:
            raise placed(error, number) from None

    def _plan(self, row: Row, number: int) -> _Plan:
        keys = self._known.intersection(row)
        plan = self._plans.get(keys)
        if plan is None:
            self._check(row, number)
            plan = self._made(keys)
            if len(self._plans) < _MOST_PLANS:
                self._plans[keys] = plan
        return plan

    def _check(self, row: Row, number: int) -> None:
        """Raise UserError when the row lacks a column; a missing value is sent as null."""
        try:
            self._recipe.check(pd.DataFrame(columns=list(row)))
        except UserError as error:
            raise _lacking(number, error.column or "", row) from None

    def _made(self, keys: frozenset[str]) -> _Plan:
        computed: dict[str, Single] = {}
        direct: list[tuple[int, Feature]] = []
        derived: list[tuple[int, Feature]] = []
        for position, feature in enumerate(self._recipe.features):
            known = all(self._compute(name, keys, computed) for name in self._recipe.reads(feature))
            (direct if known else derived).append((position, feature))
        recipe = self._recipe.keeping([feature.name for _, feature in derived], {}) if derived else None
        inputs = self._inputs((name for _, feature in derived for name in self._recipe.reads(feature)), keys)
        read = {name for _, feature in direct for name in self._recipe.reads(feature)}
        read |= {name for single in computed.values() for name in single.columns}
        return _Plan(
            columns=tuple(sorted((read - set(computed)) | inputs)),
            computed=tuple(computed.items()),
            direct=tuple(direct),
            derived=recipe,
            places=tuple(position for position, _ in derived),
            inputs=tuple(sorted(inputs)),
        )

    def _compute(self, name: str, keys: frozenset[str], computed: dict[str, Single]) -> bool:
        """Whether ``name`` comes with the rows or can be computed value by value; then it is added to ``computed``."""
        if name in keys or name in computed:
            return True
        single = compiled(self._recipe.derive[name], self._recipe.kinds)
        if single is None or single.kind != self._recipe.kinds[name]:
            return False
        if not all(self._compute(column, keys, computed) for column in single.columns):
            return False
        computed[name] = single
        return True

    def _inputs(self, names: Iterable[str], keys: frozenset[str]) -> set[str]:
        found: set[str] = set()
        for name in names:
            found |= {name} if name in keys else self._inputs(columns_of(self._recipe.derive[name]), keys)
        return found

    def _tidy(self, name: str, rows: Sequence[Row], places: Sequence[int]) -> list[Any]:
        """One column's tidy values: float, str or datetime, as its kind is; for booleans 1.0 and 0.0."""
        read = self._read[name]
        values: list[Any] = []
        odd: list[int] = []
        for place in places:
            try:
                values.append(read(rows[place][name]))
            except _OddValue:
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
        said = repr(value) if len(repr(value)) <= 80 else f"{repr(value)[:80]}…"
        return UserError(
            f"row {row} (counted from 0) has {said} in column `{name}`, "
            f"which is a {self._recipe.kinds[name]}: correct the value, or leave it empty",
            row=row,
            column=name,
        )

    def _reader(self, name: str, kind: Kind) -> Callable[[Scalar], object]:
        """How one value of a column is read."""
        clean = self._recipe.clean
        if kind == "number":
            missing = clean.missing_numbers.get(name)
            return partial(_number_but, frozenset(missing)) if missing else _number
        if kind == "time":
            return _time_elsewhere if name in clean.time_formats else _time
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
        raise _OddValue

    def _values(self, feature: Feature, tidy: Mapping[str, list[Any]]) -> list[float]:
        column = tidy[feature.column]
        if feature.words:
            return self._text_values(feature, column)
        if feature.encoded is not None:
            means, prior = self._encoded[feature.name]
            return [math.nan if level is None or level != level else means.get(level, prior) for level in column]
        if feature.combined is not None:
            return list(self._recipe.paired(feature, *(np.asarray(tidy[name]) for name in self._recipe.reads(feature))))
        if feature.part is not None:
            until = tidy[self._recipe.reads(feature)[-1]]
            return [_part(feature.part, *pair) for pair in zip(column, until, strict=True)]
        if feature.kind != "category":
            return column
        levels, unseen = self._levels[feature.name], OTHER if feature.other else math.nan
        return [math.nan if level is None else levels.get(level, unseen) for level in column]

    def _pixels(self, name: str, texts: list[str | None], places: Sequence[int]) -> Matrix:
        try:
            return pixels_of(texts, name, self._recipe.pixels[name])
        except UserError as error:
            place = places[error.row or 0]
            text = str(error).replace(f"row {error.row} (counted", f"row {place} (counted")
            raise UserError(text, row=place, column=name) from None

    def _text_values(self, feature: Feature, texts: list[str | None]) -> list[float]:
        if feature.encoded is None:
            return list(word_counts(texts))
        return list(self._recipe.of_words(feature, self._recipe.known_words(feature.column, texts)))

    def _series(self, name: str, tidy: Sequence[Any]) -> pd.Series:
        kind = self._recipe.kinds[name]
        if kind == "boolean":
            return pd.Series([None if math.isnan(value) else bool(value) for value in tidy], dtype="boolean")
        dtypes = {"number": "float64", "category": "str", "time": "datetime64[us, UTC]"}
        return pd.Series(tidy, dtype=dtypes[kind])


def _past_reader(plan: Plan, recipe: Recipe) -> RowReader:
    """Reads what a forecast must know of a row's own past, cleaned as the recipe cleans."""
    return RowReader(recipe.model_copy(update={"features": (), "columns": (), "derive": {}, "kinds": plan.kinds}))


def _lacking(number: int, name: str, row: Row) -> UserError:
    return UserError(
        f"row {number} (counted from 0) has no column `{name}`, which the model reads{did_you_mean(name, row)}: "
        "add it, as null when it is not known",
        row=number,
        column=name,
    )


def _computed(single: Single, tidy: Mapping[str, list[Any]], rows: int) -> list[Any]:
    names = tuple(single.columns)
    return [single.value({name: tidy[name][row] for name in names}) for row in range(rows)]


def _bounded(numbers: list[float], bounds: Bounds, fill: object) -> list[float]:
    """See :func:`tidemill.cleaning.mending.beyond`."""
    low = -math.inf if bounds.low is None else bounds.low
    high = math.inf if bounds.high is None else bounds.high
    if bounds.then == "refuse":
        return numbers
    put = [min(max(one, low), high) if bounds.then == "clip" else math.nan for one in numbers]
    return [a if low <= a <= high or a == fill or math.isnan(a) else b for a, b in zip(numbers, put, strict=True)]


def _number_but(missing: frozenset[float], value: Scalar) -> float:
    number = _number(value)
    return math.nan if number in missing else number


def _number(value: Scalar) -> float:
    if value is None:
        return math.nan
    if isinstance(value, str | list):
        raise _OddValue
    try:
        number = float(value)
    except OverflowError:
        raise _OddValue from None
    return number if math.isfinite(number) else math.nan


def _time_elsewhere(value: Scalar) -> datetime | None:
    """A time of a column with formats of its own: text is for the general code."""
    if isinstance(value, str):
        raise _OddValue
    return _time(value)


def _time(value: Scalar) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, str) and _ISO.fullmatch(value):
        try:
            moment = datetime.fromisoformat(value)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            pass
    raise _OddValue


def _part(part: TimePart, at: datetime | None, reference: datetime | None) -> float:
    """See :func:`tidemill.learning.columns.time_part`."""
    if at is None or reference is None:
        return math.nan
    if part == "hours before":
        return (reference - at) // timedelta(microseconds=1) / MICROSECONDS_AN_HOUR
    if part == "days since 1970":
        return (at - EPOCH) // timedelta(microseconds=1) / (HOURS * MICROSECONDS_AN_HOUR)
    if part == "hour":
        since = timedelta(hours=at.hour, minutes=at.minute, seconds=at.second, microseconds=at.microsecond)
        return since // timedelta(microseconds=1) / MICROSECONDS_AN_HOUR
    days = {"weekday": at.weekday(), "day of month": at.day, "day of year": at.timetuple().tm_yday}
    return float(days[part])
