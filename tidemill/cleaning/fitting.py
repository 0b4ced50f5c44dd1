"""The numbers that rules leave to the data: bounds of outliers, and what fills gaps. Fitted once, on training rows.

Over the values that can be read and lie within ``clean.ranges``, in rows before the split's boundary when the
split is by time: what comes later must not shape what earlier rows look like. One column at a time goes through
this machine's temporary disk, eight bytes a row, and is then held in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from tidemill.cleaning.mending import beyond, held_by, respelt
from tidemill.cleaning.normalising import Kind, normalise
from tidemill.cleaning.repeats import scratch
from tidemill.cleaning.texts import tidy_texts
from tidemill.errors import UserError, did_you_mean
from tidemill.usecase.cleaning import Bounds, CleanRules, Fitted, Outliers
from tidemill.usecase.schema import UseCase

__all__ = ["Sample", "check_fills", "fitted", "needs_rows"]

_Numbers = npt.NDArray[np.float64]
_MOST_VALUES = 100_000
_HELD = {"text": "text", "boolean": "true and false", "number": "numbers", "time": "times, which can't be made up"}


@dataclass(frozen=True)
class Sample:
    """What to fit on: frames of raw rows with some columns (once through, as often as asked), and how they are read."""

    frames: Callable[[list[str]], Iterator[pd.DataFrame]]
    columns: tuple[str, ...]
    kinds: Mapping[str, Kind]
    until: datetime | None


def fitted(use_case: UseCase, sample: Sample, spellings: dict[str, dict[str, str]]) -> tuple[Fitted, tuple[str, ...]]:
    """The fitted rules, and a sentence for each number that came to something other than asked.

    Raises :exc:`UserError` for a rule about a column that is not there or does not hold what the rule needs.
    """
    rules = use_case.clean
    _check_named(use_case, sample.columns)
    numeric = [name for name, rule in rules.outliers.items() if rule.range is None]
    numeric += [name for name, value in rules.fill.items() if value == "median" and name not in numeric]
    modes = [name for name, value in rules.fill.items() if value == "mode"]
    fit = Fitted(spellings=spellings)
    said: list[str] = []
    bounds, fill = {}, dict(rules.fill)
    with scratch() as folder:
        found = _Columns(folder, numeric, modes)
        if numeric or modes:
            found.gather(use_case, sample, fit)
        for name, rule in rules.outliers.items():
            numbers = np.empty(0) if rule.range is not None else found.numbers(name)
            bounds[name], note = _bounds(name, rule, numbers)
            said += [note] if note else []
        for name, value in rules.fill.items():
            if value == "median":
                fill[name] = _median(_within(found.numbers(name), bounds.get(name)), name)
            elif value == "mode":
                fill[name] = found.mode(name)
            elif isinstance(value, str):
                fill[name] = _tidied(value, rules, name)
    return fit.model_copy(update={"bounds": bounds, "fill": fill}), tuple(said)


def needs_rows(rules: CleanRules) -> bool:
    """Whether anything is fitted on rows."""
    return any(rule.range is None for rule in rules.outliers.values()) or bool({"median", "mode"} & {*_words(rules)})


def check_fills(rules: CleanRules, tidy: pd.DataFrame) -> None:
    """Raise UserError for a rule that does not go with what its column holds."""
    if rules.fitted is None:
        return
    for name in rules.fitted.bounds:
        _as_numbers(tidy[name])
    for name, value in rules.fitted.fill.items():
        held = held_by(tidy[name])
        if held != held_by(value):
            raise UserError(f"clean.fill.{name}: the column holds {_HELD[held]}, and {value!r} is not one of them")


def _words(rules: CleanRules) -> list[str]:
    return [value for value in rules.fill.values() if isinstance(value, str)]


@dataclass
class _Columns:
    """The values to fit on: numbers on disk, and how often each value comes where the most frequent is asked for."""

    folder: Path
    numeric: list[str]
    modes: list[str]
    counts: dict[str, Counter[float | bool | str]] = field(default_factory=dict)

    def gather(self, use_case: UseCase, sample: Sample, fit: Fitted) -> None:
        """Go through the rows once."""
        names = list(dict.fromkeys([*self.numeric, *self.modes]))
        time = [use_case.time] if use_case.time and sample.until is not None and use_case.time not in names else []
        files = {name: (self.folder / str(place)).open("ab") for place, name in enumerate(self.numeric)}
        try:
            for raw in sample.frames([*names, *time]):
                tidy = respelt(normalise(raw, use_case.clean, sample.kinds), fit)
                if sample.until is not None:
                    tidy = tidy[(tidy[use_case.time] < sample.until).fillna(False).to_numpy(dtype=bool)]
                for name, file in files.items():
                    _allowed(_as_numbers(tidy[name]), use_case.clean).tofile(file)
                for name in self.modes:
                    self._count(tidy[name], use_case.clean)
        finally:
            for file in files.values():
                file.close()

    def numbers(self, name: str) -> _Numbers:
        """All of a column's numbers."""
        return np.fromfile(self.folder / str(self.numeric.index(name)), dtype=np.float64)

    def mode(self, name: str) -> float | bool | str:
        """The most frequent value, the least of them where there are several."""
        counts = self.counts.get(name, Counter())
        if not counts:
            raise UserError(f"clean.fill.{name}: the column has no value in the training rows: give one to fill with")
        most = max(counts.values())
        return min(value for value, count in counts.items() if count == most)

    def _count(self, column: pd.Series, rules: CleanRules) -> None:
        name = str(column.name)
        if column.dtype.kind == "M":
            raise UserError(f"clean.fill.{name}: times can't be made up. Leave them missing, or refuse such rows")
        values = pd.Series(_allowed(_as_numbers(column), rules)) if column.dtype.kind in "iuf" else column.dropna()
        counts = self.counts.setdefault(name, Counter())
        found = values.value_counts()
        counts.update(dict(zip(found.index.tolist(), found.tolist(), strict=True)))
        if len(counts) > _MOST_VALUES:
            raise UserError(
                f"clean.fill.{name}: it has more than {_MOST_VALUES:,} different values, and the most frequent says "
                "little: fill with `median` or a value"
            )


def _allowed(column: pd.Series, rules: CleanRules) -> _Numbers:
    """The numbers that are there and within the column's range."""
    numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
    low, high = rules.ranges.get(str(column.name), (None, None))
    kept: _Numbers = numbers[~np.isnan(numbers) & ~beyond(column, Bounds(low=low, high=high, then="refuse"))]
    return kept


def _as_numbers(column: pd.Series) -> pd.Series:
    if column.dtype.kind not in "iuf":
        raise UserError(
            f"clean: the column `{column.name}` does not hold numbers, which its rule needs: declare it a `number` "
            "under `columns.types`, or take the rule out"
        )
    return column


def _bounds(name: str, rule: Outliers, numbers: _Numbers) -> tuple[Bounds, str]:
    """The bounds of one rule, and what to say of them."""
    if rule.range is not None:
        return Bounds(low=rule.range[0], high=rule.range[1], then=rule.then), ""
    if not len(numbers):
        return Bounds(then=rule.then), f"`{name}` has no value in the training rows: none of its values is an outlier"
    if rule.quantile is not None:
        low, high = np.quantile(numbers, rule.quantile)
        return Bounds(low=float(low), high=float(high), then=rule.then), ""
    assert rule.robust_z is not None
    middle = float(np.median(numbers))
    far = np.abs(numbers - middle)
    deviation, note = 1.4826 * float(np.median(far)), ""
    if deviation == 0.0:  # more than half of the values are equal; Iglewicz and Hoaglin (1993) take the mean deviation
        deviation = 1.2533 * float(far.mean())
        note = f"more than half of `{name}` is {middle:g}: its spread is taken from the mean absolute deviation"
    if deviation == 0.0:
        return Bounds(then=rule.then), f"`{name}` is {middle:g} in every training row: none of its values is an outlier"
    reach = rule.robust_z * deviation
    return Bounds(low=middle - reach, high=middle + reach, then=rule.then), note


def _tidied(value: str, rules: CleanRules, name: str) -> str:
    """A text to fill with, as the column's own texts are tidied: else it would not stay what it is."""
    text: str | None = tidy_texts(pa.array([value], pa.large_string()), rules, name, rules.case_of(name))[0].as_py()
    if text is None:
        raise UserError(f"clean.fill.{name}: `{value}` means missing under `clean.missing`: fill with another word")
    return text


def _within(numbers: _Numbers, bounds: Bounds | None) -> _Numbers:
    return numbers if bounds is None else numbers[~beyond(pd.Series(numbers), bounds)]


def _median(numbers: _Numbers, name: str) -> float:
    """The lower median: a value that the column has."""
    if not len(numbers):
        raise UserError(f"clean.fill.{name}: the column has no value in the training rows: give one to fill with")
    place = (len(numbers) - 1) // 2
    return float(np.partition(numbers, place)[place])


def _check_named(use_case: UseCase, columns: tuple[str, ...]) -> None:
    rules = use_case.clean
    elsewhere = {use_case.target.column}  # what side sources have and rows do not
    for source in use_case.sources.values():
        if source.join is not None:
            elsewhere |= {*source.join.on, source.join.as_of}
        if source.labels is not None:
            elsewhere |= {*source.labels.on, source.labels.known_at}
    here = {"outliers": rules.outliers, "fill": rules.fill}
    anywhere = {name: getattr(rules, name) for name in ("synonyms", "units", "time_formats", "missing_numbers")}
    anywhere["case"] = rules.case if isinstance(rules.case, dict) else {}
    for where, names in {**here, **anywhere}.items():
        for name in names:
            if name not in columns and not (where in anywhere and name in elsewhere):
                raise UserError(f"clean.{where}: there is no column `{name}`{did_you_mean(name, columns)}")
