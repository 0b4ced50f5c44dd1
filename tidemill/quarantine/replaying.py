"""Bringing mended rows back: checked as collecting and cleaning will check them, and kept for every later run."""

from __future__ import annotations

import getpass
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from tidemill.cleaning import Kind, declared_kinds, normalise
from tidemill.cleaning.facts import gathered
from tidemill.cleaning.normalising import unreadable
from tidemill.cleaning.refusing import judged, refusals
from tidemill.collecting import land
from tidemill.collecting.landed import landed
from tidemill.collecting.replays import Replay, Replays
from tidemill.collecting.rows import open_rows
from tidemill.errors import UserError
from tidemill.expressions import evaluate
from tidemill.quarantine.exporting import REFERENCE, export, quarantined
from tidemill.quarantine.holding import Holding
from tidemill.reading import open_dataset
from tidemill.reading.plain import BOOL, FLOAT, INT, TEXT, TIME, plain_table
from tidemill.snapshot import Snapshot, SnapshotWriter
from tidemill.store import Store, shown
from tidemill.usecase.schema import CleanRules, UseCase

__all__ = ["Replayed", "replay"]

_KINDS: Mapping[str, Kind] = {str(FLOAT): "number", str(INT): "number", str(BOOL): "boolean", str(TIME): "time"}
_TYPES: Mapping[Kind, pa.DataType] = {"number": FLOAT, "boolean": BOOL, "time": TIME}
_WORDS: Mapping[Kind, str] = {"number": "a number", "time": "a time", "boolean": "true or false"}
_ROWS = 50_000
_AS_WRITTEN = CleanRules(spaces=False)


@dataclass(frozen=True)
class Replayed:
    """What became of the rows of a mended file: brought back, as they were, or refused again (by reason)."""

    replayed: int
    unchanged: int
    refused: dict[str, int]
    record: str | None


def replay(store: Store, use_case: UseCase, found: Holding, url: str, *, why: str = "", who: str = "") -> Replayed:
    """Read an exported file that somebody mended, and bring back the rows that pass now.

    Every row of the file is one of three: as it was (it stays in Quarantine), refused again, or brought back. The last
    ones become a Snapshot of kind `mended` that every later collecting reads beside the primary source, like rows of
    its own: derived columns are made anew, side sources joined, rules applied.

    Raises UserError for a file that can't be read, without `_quarantine`, with rows that Quarantine does not hold, or
    one of them twice.
    """
    columns = found.collected.sources[0].columns
    mended = _texts(url, columns)
    _check_references(mended, {name for frame in quarantined(store, use_case, found) for name in frame[REFERENCE]}, url)
    changed = _changed(store, use_case, found, mended, columns, Path(url).suffix)
    kinds = _kinds(store, found, columns)
    typed, refused = _typed(mended[changed].reset_index(drop=True), kinds)
    why_not = _refusals(store, use_case, found, typed, kinds)
    rows = typed[why_not == ""].reset_index(drop=True)
    refused.update(why_not[why_not != ""])
    record = None
    if len(rows):
        entry = Replay(
            use_case=use_case.name,
            snapshot=_stored(store, use_case, rows, kinds),
            rows=tuple(rows[REFERENCE]),
            who=who or getpass.getuser(),
            when=datetime.now(UTC),
            why=why,
        )
        record = Replays(store, use_case.name).add(entry)
    return Replayed(len(rows), int((~changed).sum()), dict(refused), record)


def _texts(url: str, columns: Sequence[str]) -> pd.DataFrame:
    """The file with every column of the source as text, empty text being null."""
    data = open_dataset(url, kinds=dict.fromkeys((*columns, REFERENCE), "category"))
    frame = pd.concat(list(data.frames(_ROWS)), ignore_index=True)
    if REFERENCE not in frame:
        raise UserError(f"{shown(url)} has no column `{REFERENCE}`, which says what each row stands for: keep it")
    return normalise(
        frame.reindex(columns=[REFERENCE, *columns]), _AS_WRITTEN, dict.fromkeys((REFERENCE, *columns), "category")
    )


def _check_references(mended: pd.DataFrame, known: set[str], url: str) -> None:
    """Each row must stand for one that Quarantine holds now, and none for the same."""
    seen: set[str] = set()
    for number, name in enumerate(mended[REFERENCE].fillna(""), 1):
        where = f"{shown(url)}, row {number}, `{REFERENCE}`"
        if name not in known:
            raise UserError(
                f"{where}: `{name}` is no row that Quarantine holds now: export it again, and mend that file"
            )
        if name in seen:
            raise UserError(f"{where}: `{name}` is there twice: keep one of them")
        seen.add(name)


def _changed(
    store: Store, use_case: UseCase, found: Holding, mended: pd.DataFrame, columns: Sequence[str], ending: str
) -> pd.Series:
    """Which rows differ from what would be exported now (bool, the index of ``mended``)."""
    with tempfile.TemporaryDirectory(prefix="tidemill-") as folder:
        file = f"{folder}/rows{ending}"
        export(store, use_case, found, file, set())
        before = _texts(file, columns).set_index(REFERENCE).reindex(mended[REFERENCE])
    same = np.ones(len(mended), dtype=bool)
    for name in columns:
        was, now = before[name].to_numpy(dtype=object), mended[name].to_numpy(dtype=object)
        same &= (was == now) | (pd.isna(was) & pd.isna(now))
    return pd.Series(~same, index=mended.index)


def _kinds(store: Store, found: Holding, columns: Sequence[str]) -> dict[str, Kind]:
    """What the source's columns hold, where it is not text."""
    stored = {column.name: column.type for column in found.collected.snapshot.manifest(store).columns}
    return {name: _KINDS[stored[name]] for name in columns if stored.get(name) in _KINDS}


def _typed(texts: pd.DataFrame, kinds: Mapping[str, Kind]) -> tuple[pd.DataFrame, Counter[str]]:
    """The rows in the source's own types, without those that do not fit them, which are counted by reason."""
    typed = normalise(texts, _AS_WRITTEN, kinds)
    refused: Counter[str] = Counter()
    wrong = pd.Series(False, index=texts.index)
    for name, kind in kinds.items():
        lost = unreadable(texts[name], typed[name], _AS_WRITTEN) & ~wrong
        if lost.any():
            refused[f"`{name}` is not {_WORDS[kind]}"] += int(lost.sum())
            wrong |= lost
    return typed[~wrong].reset_index(drop=True), refused


def _stored(store: Store, use_case: UseCase, rows: pd.DataFrame, kinds: Mapping[str, Kind]) -> Snapshot:
    """The rows as a Snapshot in plain types."""
    columns = [str(name) for name in rows.columns if name != REFERENCE]
    schema = pa.schema([(name, _TYPES[kinds[name]] if name in kinds else TEXT) for name in columns])
    writer = SnapshotWriter(store, use_case.name, "mended")
    writer.add_table(plain_table(pa.Table.from_pandas(rows[columns], preserve_index=False), schema))
    return writer.close()


def _refusals(
    store: Store, use_case: UseCase, found: Holding, typed: pd.DataFrame, kinds: Mapping[str, Kind]
) -> pd.Series:
    """Why each row would be refused again, by the rules of cleaning or for want of a target; empty for one that passes.

    The rows are made as collecting makes them: what they would become is what is judged.
    """
    if typed.empty:
        return pd.Series("", index=typed.index, dtype=object)
    source = landed(store, "the mended rows", _stored(store, use_case, typed, kinds), (), (), {}, {})
    rows = open_rows(use_case, source, scoring=False, landed=land(store, use_case))
    raw = pd.concat(list(rows.frames(_ROWS)), ignore_index=True)
    settled = {**declared_kinds(use_case), **gathered(store, use_case, found.collected.snapshot).kinds}
    tidy = normalise(raw, use_case.clean, settled)
    refused = judged(raw, refusals(use_case, raw, tidy, settled))
    why = pd.Series("", index=typed.index, dtype=object)
    why[refused.mask.to_numpy()] = refused.rows["_reason"].to_numpy()
    lacking = _lacks_target(use_case, tidy) & (why == "").to_numpy()
    why[lacking] = f"the target `{use_case.target_name}` has no value"
    return why


def _lacks_target(use_case: UseCase, tidy: pd.DataFrame) -> np.ndarray:
    """Rows whose target is read from themselves, and is missing."""
    target = use_case.target
    if use_case.label_source is not None or (target.column is None and target.expression is None):
        return np.zeros(len(tidy), dtype=bool)
    values = evaluate(target.expression, tidy) if target.expression else tidy[str(target.column)]
    return values.isna().to_numpy(dtype=bool)
