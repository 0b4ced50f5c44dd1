"""The rows that a Model is proved on: some of the gate's as they are, and the same ones made odd column by column.

The same gate rows, recipe and seed give the same rows in any process. Values are plain Python's (None, text, numbers,
booleans, aware times), from which :mod:`tidemill.proving.spelling` makes each form that rows come in.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from tidemill.cleaning import Kind
from tidemill.cleaning.normalising import text_of
from tidemill.learning.model import Model
from tidemill.proving.oddities import Value, oddities
from tidemill.sampling import sampled_places
from tidemill.snapshot import Snapshot
from tidemill.store import Store

__all__ = ["Column", "Part", "Probes", "make_probes"]

AS_THEY_ARE = 200
TO_BE_DERIVED = 60
MOST_ODD = 240


@dataclass(frozen=True)
class Column:
    """A column of the rows. ``formats`` are the time formats that the use case declares for it."""

    name: str
    kind: Kind
    formats: tuple[str, ...] = ()
    pixels: bool = False


@dataclass(frozen=True)
class Part:
    """Rows that bring the same columns: ``rows[i][j]`` is of ``columns[j]``, and ``notes[i]`` says what row i is."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    notes: tuple[str, ...]

    def without(self, rows: set[int]) -> Part:
        """The part without some of its rows."""
        left = [place for place in range(len(self.rows)) if place not in rows]
        return replace(
            self,
            rows=tuple(self.rows[place] for place in left),
            notes=tuple(self.notes[place] for place in left),
        )


@dataclass(frozen=True)
class Probes:
    """All rows, in parts; a row's number counts through the parts."""

    parts: tuple[Part, ...]

    def __len__(self) -> int:
        return sum(len(part.rows) for part in self.parts)

    @property
    def notes(self) -> list[str]:
        """What each row is."""
        return [note for part in self.parts for note in part.notes]

    @property
    def digest(self) -> str:
        """16 hex digits of the sha256 of every value: the same rows have the same."""
        said = [[[column.name for column in part.columns], part.rows] for part in self.parts]
        return hashlib.sha256(json.dumps(said, default=str).encode()).hexdigest()[:16]


def make_probes(store: Store, gate: Snapshot, model: Model, seed: int) -> Probes:
    """Rows for ``model`` from the gate's; of the Model only the contract is read, not its boosters.

    The first part brings everything that the Model can read. Where it can derive columns, the second leaves those to
    be derived.
    """
    there = {column.name for column in gate.manifest(store).columns}
    recipe = model.description.recipe
    plan = model.description.forecast
    made = set(plan.columns) if plan else set()
    needed = {name for feature in recipe.features for name in recipe.reads(feature)}
    derived = [name for name in recipe.derive if name in there and name in needed - made]
    named = dict.fromkeys([*(one.name for one in model.columns), *derived, *filter(None, [model.query])])
    kinds = {**recipe.kinds, **(plan.kinds if plan else {})}
    kinds |= {one.name: one.kind for one in (model.description.query, *model.columns) if one}
    formats = recipe.clean.time_formats
    columns = tuple(
        Column(name, kinds[name], tuple(formats.get(name, ())), name in recipe.pixels)
        for name in named
        if name in there
    )
    places = _places(store, gate, model.query, seed)
    rows = _rows(store, gate, columns, places)
    notes = [f"gate row {place}" for place in places]
    fixed = frozenset(plan.keys if plan else ())
    whole = _part(columns, rows, notes, fixed, seed)
    raw = tuple(column for column in columns if column.name not in derived)
    if not derived or not _can_derive(model, {column.name for column in raw}):
        return Probes((whole,))
    behind = recipe.sources(derived)
    some = [tuple(row[columns.index(column)] for column in raw) for row in rows[:TO_BE_DERIVED]]
    left = fixed | {column.name for column in raw if column.name not in behind}
    return Probes((whole, _part(raw, some, notes[:TO_BE_DERIVED], left, seed)))


def _can_derive(model: Model, names: set[str]) -> bool:
    made = model.made_columns
    needed = {name for feature in model.description.recipe.features for name in model.description.recipe.reads(feature)}
    return model.description.recipe.sources(needed - {one.name for one in made}) <= names


def _places(store: Store, gate: Snapshot, query: str | None, seed: int) -> list[int]:
    """Which gate rows are taken, in their order: whole queries, where rows are ranked within them."""
    if query is None:
        return [int(place) for place in sampled_places(gate, min(AS_THEY_ARE, gate.rows), seed=seed)]
    codes, names = pd.factorize(gate.read(store, [query])[query])
    taken: list[int] = []
    for code in np.random.default_rng(seed).permutation(len(names)):
        if len(taken) >= AS_THEY_ARE:
            break
        taken += np.flatnonzero(codes == code).tolist()[:AS_THEY_ARE]
    return sorted(taken)


def _rows(store: Store, gate: Snapshot, columns: Sequence[Column], places: Sequence[int]) -> list[tuple[Value, ...]]:
    """The values at ``places``, part by part of the Snapshot."""
    found: list[pd.DataFrame] = []
    start = 0
    for frame in gate.frames(store, [column.name for column in columns]):
        first, last = np.searchsorted(places, [start, start + len(frame)])
        if last > first:
            found.append(frame.iloc[np.asarray(places[first:last]) - start])
        start += len(frame)
    plain = [[value for frame in found for value in _plain(frame[column.name], column)] for column in columns]
    return list(zip(*plain, strict=True))


def _plain(values: pd.Series, column: Column) -> list[Value]:
    if column.kind == "time":
        moments = pd.to_datetime(values, utc=True)
        return [None if pd.isna(one) else _moment(one.to_pydatetime(warn=False), column) for one in moments]
    return [None if _missing(one) else _value(one, column.kind) for one in values.astype(object)]


def _missing(value: object) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)


def _value(value: object, kind: Kind) -> Value:
    if kind == "category":
        return value if isinstance(value, str) else text_of(value)
    if kind == "boolean":
        return bool(value)
    number = float(str(value))
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _moment(value: datetime, column: Column) -> datetime:
    """A time as it can be told in the column's own format, where it has one."""
    moment = value.astimezone(UTC)
    if not column.formats:
        return moment
    read = datetime.strptime(moment.strftime(column.formats[0]), column.formats[0])
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def _part(
    columns: tuple[Column, ...],
    rows: Sequence[tuple[Value, ...]],
    notes: Sequence[str],
    fixed: frozenset[str] | set[str],
    seed: int,
) -> Part:
    """The rows as they are, and odd ones made of them; columns of ``fixed`` stay as they are."""
    all_rows, all_notes = list(rows), list(notes)
    changes = [
        (place, oddity)
        for place, column in enumerate(columns)
        if column.name not in fixed
        for oddity in oddities(column.name, column.kind, column.pixels, [row[place] for row in rows])
    ]
    changes = [
        (place, replace(oddity, value=_moment(oddity.value, columns[place])))
        if isinstance(oddity.value, datetime)
        else (place, oddity)
        for place, oddity in sorted(changes, key=lambda pair: (pair[1].number, pair[0]))
    ]
    together = max(1, -(-len(changes) // MOST_ODD))
    order = np.random.default_rng(seed).permutation(len(rows)).tolist()
    for number, start in enumerate(range(0, len(changes) if rows else 0, together)):
        some = changes[start : start + together]
        base = order[number % len(order)]
        all_rows.append(_changed(rows[base], {place: oddity.value for place, oddity in some}))
        told = ", ".join(f"`{columns[place].name}` {oddity.what}" for place, oddity in some[:3])
        all_notes.append(f"{notes[base]} with {told}{f' and {len(some) - 3} more' * (len(some) > 3)}")
    if rows:
        empty = dict.fromkeys(place for place, column in enumerate(columns) if column.name not in fixed)
        all_rows.append(_changed(rows[0], empty))
        all_notes.append(f"{notes[0]} with every column missing")
    return Part(columns, tuple(all_rows), tuple(all_notes))


def _changed(row: tuple[Value, ...], values: dict[int, Value]) -> tuple[Value, ...]:
    return tuple(values.get(place, value) for place, value in enumerate(row))
