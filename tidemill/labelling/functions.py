"""What each labelling function says of each row: a label, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from tidemill.cleaning.normalising import text_of
from tidemill.entrypoints import EntryPoint, fingerprint, load
from tidemill.errors import UserError, did_you_mean
from tidemill.expressions import columns_of, evaluate
from tidemill.snapshot import Snapshot
from tidemill.store import Json, Store
from tidemill.usecase.schema import UseCase
from tidemill.usecase.target import LabelFunction

__all__ = ["Label", "Votes", "function_inputs", "votes_of"]

Label = str | int | float | bool
MOST_LABELS = 100

_Codes = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Votes:
    """``codes`` (rows, functions) are places in ``labels``, -1 where a function abstains; functions by name."""

    names: tuple[str, ...]
    labels: tuple[Label, ...]
    codes: _Codes


def votes_of(store: Store, use_case: UseCase, cleaned: Snapshot) -> Votes:
    """Ask every labelling function about every row, part by part.

    The target's own column is not shown to them. Raises :exc:`UserError` for a column that is not there,
    for a Python function that can't be loaded, fails, or does not give one label a row.
    """
    target = use_case.target
    names = tuple(sorted(target.functions))
    functions = [target.functions[name] for name in names]
    entries = [load(one.python, use_case.folder) if one.python else None for one in functions]
    present = [one.name for one in cleaned.manifest(store).columns if one.name != target.column]
    _check_columns(names, functions, present, target.column)
    asked = (
        present if any(entries) else sorted({name for one in functions if one.when for name in columns_of(one.when)})
    )
    words = _Words()
    parts = []
    for frame in cleaned.frames(store, asked or present[:1]):
        frame = frame.reset_index(drop=True)
        said = [_said(*one, frame, words) for one in zip(names, functions, entries, strict=True)]
        parts.append(np.column_stack(said))
    return Votes(names, tuple(words.labels), np.concatenate(parts))


def function_inputs(use_case: UseCase) -> Json:
    """What the labelling functions hang on beside the use case: the text of the modules they are in."""
    named = {name: one.python for name, one in use_case.target.functions.items() if one.python}
    return {name: fingerprint(entry, use_case.folder) for name, entry in sorted(named.items())}


class _Words:
    """The labels that were said so far, each with its code."""

    def __init__(self) -> None:
        self.labels: list[Label] = []
        self._codes: dict[str, int] = {}

    def code(self, label: Label) -> int:
        """The code of a label, a new one if it was not said before."""
        text = text_of(label)
        if text not in self._codes:
            if len(self.labels) == MOST_LABELS:
                raise UserError(f"target.functions give more than {MOST_LABELS} different labels: classes are fewer")
            self._codes[text] = len(self.labels)
            self.labels.append(label)
        return self._codes[text]


def _check_columns(
    names: Sequence[str], functions: Sequence[LabelFunction], present: Sequence[str], target: str | None
) -> None:
    for name, function in zip(names, functions, strict=True):
        for column in sorted(columns_of(function.when)) if function.when else ():
            if column == target:
                raise UserError(f"target.functions.{name}: it reads the target itself, `{column}`: leave it out")
            if column not in present:
                raise UserError(
                    f"target.functions.{name}: there is no column `{column}` in the data{did_you_mean(column, present)}"
                )


def _said(name: str, function: LabelFunction, entry: EntryPoint | None, frame: pd.DataFrame, words: _Words) -> _Codes:
    """A function's answers on one part, as codes."""
    if entry is not None:
        return _python(name, entry, frame, words)
    assert function.when is not None
    assert function.label is not None
    try:
        holds = evaluate(function.when, frame)
    except UserError as problem:
        raise UserError(f"target.functions.{name}: {problem}") from None
    if holds.dtype != "boolean" and holds.notna().any():
        raise UserError(
            f"target.functions.{name}.when: “{function.when}” is not true or false: compare it, such as `x > 0`"
        )
    hit = holds.astype("boolean").to_numpy(dtype=bool, na_value=False)
    return np.where(hit, words.code(function.label), -1).astype(np.int8)


def _python(name: str, entry: EntryPoint, frame: pd.DataFrame, words: _Words) -> _Codes:
    given = entry(frame.copy())
    where = f"target.functions.{name}: `{entry.entry}` ({entry.file})"
    if not isinstance(given, pd.Series | np.ndarray | list | tuple):
        raise UserError(f"{where} gave {type(given).__name__}: it gives a Series or an array, a label or null a row")
    if len(given) != len(frame):
        raise UserError(f"{where} gave {len(given):,} labels for {len(frame):,} rows: it gives one a row, in order")
    labels = pd.Series(list(given), dtype=object).map(_plain, na_action="ignore")
    for kind in labels.dropna().map(type).unique():
        if not issubclass(kind, str | int | float | bool):
            raise UserError(f"{where} gave a {kind.__name__} as a label: give a text, a number, true or false")
    codes = np.full(len(labels), -1, dtype=np.int8)
    there = labels.notna().to_numpy()
    places = pd.factorize(labels[there].map(text_of))[0]
    first = labels[there].iloc[np.unique(places, return_index=True)[1]]
    codes[there] = np.array([words.code(label) for label in first], dtype=np.int8)[places]
    return codes


def _plain(value: object) -> object:
    """A number of numpy's as Python's own."""
    return value.item() if isinstance(value, np.generic) else value
