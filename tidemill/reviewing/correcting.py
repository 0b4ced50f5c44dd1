"""People's answers in place of the labels that the data brings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidemill.cleaning.normalising import TRUE_WORDS, text_of
from tidemill.reviewing.answers import AnswerLog, Value, labels
from tidemill.reviewing.rows import naming_columns, row_keys
from tidemill.snapshot import Snapshot
from tidemill.store import Store
from tidemill.usecase.schema import UseCase

__all__ = ["Corrected", "correct", "given_labels"]


@dataclass(frozen=True)
class Corrected:
    """The target of every row, with people's answers in it.

    ``answered`` tells the rows that have one (bool); ``corrected`` counts those that it gave another label, or a
    first one. Of the answers, ``gone`` are of rows that are not there, and ``unfit`` are nothing that the target
    can be.
    """

    values: pd.Series
    answered: NDArray[np.bool_]
    corrected: int
    gone: int
    unfit: int


def given_labels(store: Store, use_case: UseCase, *, until: datetime | None = None) -> dict[str, Value]:
    """The label that people gave to each row, by the row's name: as it is now, or was at ``until``."""
    entries = AnswerLog(store, use_case.name).entries()
    return labels({key: entry for key, entry in entries.items() if until is None or entry.when <= until})


def correct(store: Store, use_case: UseCase, rows: Snapshot, values: pd.Series, said: Mapping[str, Value]) -> Corrected:
    """Put people's labels (``said``, by the row's name) in place of the raw targets of the rows that they are of.

    ``values`` are the raw targets, one a row of ``rows``, on a plain index. Rows with equal ids (or, without ids, of
    equal content) share their answer.
    """
    answered = np.zeros(len(values), dtype=bool)
    if not said:
        return Corrected(values, answered, corrected=0, gone=0, unfit=0)
    columns = naming_columns(use_case, [column.name for column in rows.manifest(store).columns])
    found: dict[int, str] = {}
    start = 0
    for frame in rows.frames(store, columns):
        keys = row_keys(use_case, frame)
        found |= {start + place: key for place, key in enumerate(keys) if key in said}
        start += len(keys)
    raw = {place: _raw(use_case, values, said[key]) for place, key in found.items()}
    fitting = {place: value for place, value in raw.items() if value is not None}
    answered[list(fitting)] = True
    before = values.iloc[list(fitting)]
    corrected = sum(
        old is None or text_of(old) != text_of(new)
        for old, new in zip(before.astype(object).where(before.notna(), None), fitting.values(), strict=True)
    )
    return Corrected(
        values=_with(values, fitting),
        answered=answered,
        corrected=corrected,
        gone=len(said) - len(set(found.values())),
        unfit=len(raw) - len(fitting),
    )


def _with(values: pd.Series, answers: Mapping[int, Value]) -> pd.Series:
    """``values`` with some replaced, in a dtype that holds both."""
    if not answers:
        return values
    new = pd.Series(list(answers.values()), index=list(answers))
    if values.dtype.kind in "iu" and (new.map(float) != new.map(float).round()).any():
        values = values.astype("float64")
    result = values.copy()
    result.iloc[list(answers)] = new.astype(result.dtype).array
    return result


def _raw(use_case: UseCase, values: pd.Series, answer: Value) -> Value | None:
    """The answer as the raw target says it, or None where the target can't say it."""
    names = {label: raw for raw, label in use_case.target.labels.items()}
    text = names.get(text_of(answer), text_of(answer))
    if values.dtype.kind == "b" or str(values.dtype) == "boolean":
        return text.lower() in TRUE_WORDS
    if values.dtype.kind in "iuf":
        try:
            number = float(text)
        except ValueError:
            return None
        return int(number) if values.dtype.kind in "iu" and number.is_integer() else number
    return text
