"""Which rows a person is shown, in which order, and what is shown of each."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from tidemill.personal import mask
from tidemill.registry import ModelVersion
from tidemill.reporting.wording import number, percent
from tidemill.reviewing.answers import Value
from tidemill.reviewing.rows import naming_columns, row_keys, texts
from tidemill.reviewing.suspects import OWN, Suspects, sampled, unsureness
from tidemill.snapshot import Snapshot
from tidemill.store import Store
from tidemill.task import is_classification
from tidemill.usecase.schema import UseCase

if TYPE_CHECKING:
    from tidemill.learning.model import Model

__all__ = ["Cell", "Item", "Why", "choose"]

Why = Literal["suspect", "unsure", "unlabelled"]

_PATTERN: tuple[Why, ...] = ("suspect", "suspect", "unsure", "suspect", "unlabelled", "unsure")
_MOST_TEXT = 2_000
_NOUGHT = re.compile(r"(?: 00:00:00|(?<=:\d\d):00)?(?:\.0+)?Z?$")
"""What a time ends with that says nothing: midnight, no seconds, no fractions, and the Z that all have."""


@dataclass(frozen=True)
class Cell:
    """A column of the row as it is shown. ``shift`` is how much it moved the model's score; None if it is not read."""

    name: str
    text: str | None
    shift: float | None


@dataclass(frozen=True)
class Item:
    """A row to look at. ``label`` is None where it has none; ``chances`` are classes with their probability, the most
    probable first, and ``expected`` is regression's prediction."""

    row: str
    named: dict[str, str | None]
    why: Why
    sentence: str
    cells: tuple[Cell, ...]
    label: Value | None
    chances: tuple[tuple[Value, float], ...]
    expected: float | None


def choose(
    store: Store,
    use_case: UseCase,
    version: ModelVersion,
    found: Suspects,
    answered: Collection[str],
    *,
    most: int,
) -> list[Item]:
    """At most ``most`` rows without an answer: suspect labels, uncertain predictions and rows without a label.

    The kinds take turns, three suspects to two uncertain ones and one without a label, each kind from the worst on;
    when one runs out the others go on. Personal data is masked.
    """
    from tidemill.learning.model import Model

    model = Model.load(store, version.model).informed(store, (version.lineage.validation.snapshot,))
    ranked = found.rows.read(store)
    columns = naming_columns(use_case, _columns(store, version.lineage.cleaned.snapshot))
    kinds: dict[Why, pd.DataFrame] = {}
    for why, rows in _by_kind(store, use_case, version, model, ranked).items():
        keys = pd.Series(row_keys(use_case, rows[columns]), index=rows.index, dtype="str")
        fresh = ~keys.isin(set(answered)) & ~keys.duplicated()
        kinds[why] = rows[fresh].assign(_review_row=keys[fresh], _review_why=why).head(most)
    frame = pd.concat(kinds.values(), ignore_index=True)
    order = list(_in_turn({why: frame.index[frame["_review_why"] == why].tolist() for why in kinds}))
    places = _first_of_each(frame["_review_row"].tolist(), order)[:most]
    return _items(use_case, model, frame.iloc[places].reset_index(drop=True), version.lineage.validation.masked)


def _first_of_each(keys: Sequence[str], order: Sequence[int]) -> list[int]:
    """A row that is here for two reasons is shown once."""
    seen: dict[str, int] = {}
    for place in order:
        seen.setdefault(keys[place], place)
    return list(seen.values())


def _in_turn(kinds: Mapping[Why, Sequence[int]]) -> Iterator[int]:
    left = {why: list(reversed(places)) for why, places in kinds.items() if places}
    for why in cycle(_PATTERN):
        if not left:
            return
        if why in left:
            yield left[why].pop()
            if not left[why]:
                del left[why]


def _by_kind(
    store: Store, use_case: UseCase, version: ModelVersion, model: Model, ranked: pd.DataFrame
) -> dict[Why, pd.DataFrame]:
    """The rows of each kind, worst first, all with the same columns."""
    kinds: dict[Why, pd.DataFrame] = {why: ranked[ranked["_review_why"] == why] for why in ("suspect", "unsure")}
    without = _without_label(store, use_case, version.lineage.labelled.quarantine)
    if without is None:
        return kinds
    without = without.reindex(columns=[name for name in ranked.columns if not name.startswith(OWN)])
    without[use_case.target_name] = np.nan
    if not is_classification(model.task):
        return {**kinds, "unlabelled": without.assign(_review_doubt=0.0, _review_suggested=model.values(without))}
    shares = model.probabilities(without)
    more: dict[str, Any] = {f"_review_p_{code}": shares[:, code] for code in range(shares.shape[1])}
    more |= {"_review_doubt": unsureness(shares, model.threshold), "_review_suggested": shares.argmax(axis=1)}
    return {**kinds, "unlabelled": without.assign(**more).sort_values("_review_doubt", ascending=False, kind="stable")}


def _without_label(store: Store, use_case: UseCase, quarantine: Snapshot | None) -> pd.DataFrame | None:
    """The rows that were refused for want of a label."""
    if quarantine is None:
        return None
    rows = pd.concat(sampled(store, quarantine, use_case.seed), ignore_index=True)
    return None if rows.empty else rows.drop(columns=["_rule", "_reason"])


def _items(use_case: UseCase, model: Model, frame: pd.DataFrame, masked: Mapping[str, str]) -> list[Item]:
    if frame.empty:
        return []
    shown = [str(name) for name in frame.columns if not str(name).startswith(OWN) and name != use_case.target_name]
    shifts = model.contributions(frame)
    words = {name: _words(frame[name], masked.get(name)) for name in shown}
    items = []
    for place in range(len(frame)):
        row = frame.iloc[place]
        moved = {str(name): float(shifts[name].iloc[place]) for name in shifts.columns}
        cells = [Cell(name, said[place], moved.get(name)) for name, said in words.items()]
        cells.sort(key=lambda cell: (cell.shift is None, -abs(cell.shift or 0.0)))
        label, chances, expected = _said(model, row, use_case.target_name)
        items.append(
            Item(
                row=row["_review_row"],
                named={name: words[name][place] for name in use_case.id if name in words},
                why=row["_review_why"],
                sentence=_sentence(model, row, label, chances, expected),
                cells=tuple(cells),
                label=label,
                chances=chances,
                expected=expected,
            )
        )
    return items


def _said(
    model: Model, row: pd.Series, target: str
) -> tuple[Value | None, tuple[tuple[Value, float], ...], float | None]:
    """The row's label, the classes with their chances, and the number that is expected."""
    known = not pd.isna(row[target])
    if not is_classification(model.task):
        return (float(row[target]) if known else None), (), float(row["_review_suggested"])
    shares = [float(row[f"_review_p_{code}"]) for code in range(len(model.classes))]
    order = sorted(range(len(shares)), key=lambda code: -shares[code])
    chances = tuple((model.classes[code], shares[code]) for code in order)
    return (model.classes[int(row[target])] if known else None), chances, None


def _sentence(
    model: Model, row: pd.Series, label: Value | None, chances: Sequence[tuple[Value, float]], expected: float | None
) -> str:
    """Why the row is shown."""
    if label is None:
        if expected is not None:
            return f"It has no label. The model expects {number(expected)}."
        return f"It has no label. The model gives {_word(chances[0][0])} {percent(chances[0][1])}."
    if expected is not None:
        return (
            f"The label is {number(float(label))}. A model that had not seen this row expects {number(expected)}: "
            f"{number(float(row['_review_doubt']), 2)} times the usual error away."
        )
    shares = dict(chances)
    given = f"The label is {_word(label)}. A model that had not seen this row gives"
    if row["_review_why"] == "suspect":
        return f"{given} that {percent(shares[label])}, and {_word(chances[0][0])} {percent(chances[0][1])}."
    if model.threshold is not None:
        positive = model.classes[1]
        near = f", which is near the threshold of {percent(model.threshold)}"
        return f"{given} {_word(positive)} {percent(shares[positive])}{near}."
    (first, most), (second, next_most) = chances[:2]
    return f"{given} {_word(first)} {percent(most)}, and {_word(second)} {percent(next_most)}."


def _word(label: Value) -> str:
    return f"“{str(label).lower() if isinstance(label, bool) else label}”"


def _words(column: pd.Series, personal: str | None) -> list[str | None]:
    """The values as they are shown: times without zeros, personal data masked, and long text cut."""
    said = texts(column)
    if column.dtype.kind == "M":
        said = [None if text is None else _NOUGHT.sub("", text) for text in said]
    if personal is not None:
        return [None if text is None else mask(text, personal) for text in said]
    return [text if text is None or len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}…" for text in said]


def _columns(store: Store, snapshot: Snapshot) -> list[str]:
    return [column.name for column in snapshot.manifest(store).columns]
