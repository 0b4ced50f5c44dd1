"""The stage: a raw Snapshot in, tidy rows and Quarantine out, every row accounted for, part by part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from tidemill.cleaning.changes import Changes
from tidemill.cleaning.facts import Facts, gathered, raw_frames
from tidemill.cleaning.hashing import Hashes, hash_rows, hash_values, mixed
from tidemill.cleaning.normalising import Kind, declared_kinds, normalise, unreadable
from tidemill.cleaning.refusing import Refused, judged, refusals
from tidemill.cleaning.repeats import KEPT, REFUSED, REPEATED, SUPERSEDED, Fates, fates
from tidemill.errors import TidemillError, UserError
from tidemill.provenance import code_version
from tidemill.results import Cleaned, Collected
from tidemill.snapshot import Snapshot, SnapshotWriter
from tidemill.store import Store
from tidemill.usecase.schema import UseCase

__all__ = ["clean"]


def clean(store: Store, use_case: UseCase, collected: Collected) -> Cleaned:
    """Tidy the values, keep one of equal rows, refuse what can't be right, keep the newest row of each id.

    In that order: equal rows are those that are equal once tidied, and a broken row never displaces a
    good one of the same id. Refused rows go to Quarantine as they came, with `_rule` and `_reason`.
    Rows in = rows out + quarantined + deduplicated, always.

    Three passes over the parts: what needs whole columns, what becomes of each row, and the writing. Memory is for
    a few parts; some 50 bytes a row go to temporary disk. Rows are equal when their 128-bit hashes are.
    Raises :exc:`UserError` when no row is left, and for rules about columns that are not there.
    """
    work = _Work(store, use_case, collected.snapshot, gathered(store, use_case, collected.snapshot))
    with fates(collected.snapshot.rows) as book:
        changes = _judge(work, book)
        book.settle()
        _check_some_left(work, book)
        written = _write(work, book)
        deduplicated = book.count(REPEATED) + book.count(SUPERSEDED)
    quarantined = written.refused.rows if written.refused else 0
    _check_balance(collected.snapshot.rows, written.kept.rows, quarantined, deduplicated)
    return Cleaned(
        snapshot=written.kept,
        quarantine=written.refused,
        deduplicated=deduplicated,
        refused=dict(written.counts),
        changes=changes.told(),
    )


@dataclass(frozen=True)
class _Work:
    """One cleaning: where the rows are, and how they are read."""

    store: Store
    use_case: UseCase
    raw: Snapshot
    facts: Facts

    @property
    def kinds(self) -> dict[str, Kind]:
        return {**declared_kinds(self.use_case), **self.facts.kinds}

    def frames(self) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
        """Each part as it came, and tidied."""
        kinds = self.kinds
        for raw in raw_frames(self.store, self.raw, self.facts):
            yield raw, normalise(raw, self.use_case.clean, kinds)


def _judge(work: _Work, book: Fates) -> Changes:
    """Hash and judge every row."""
    use_case, rules = work.use_case, work.use_case.clean
    changes = Changes(work.facts.kinds, rules)
    by_id = bool(rules.unique_id and use_case.id)
    start = 0
    for raw, tidy in work.frames():
        changes.add(raw, tidy)
        refused = judged(raw, refusals(use_case, raw, tidy, work.kinds)).mask.to_numpy()
        rows = _row_hashes(raw, tidy, work) if rules.deduplicate else None
        ids = hash_rows(tidy, use_case.id) if by_id else None
        times = _microseconds(tidy[use_case.time]) if by_id and use_case.time else None
        book.add(start, refused, rows, ids, times)
        start += len(raw)
    return changes


def _row_hashes(raw: pd.DataFrame, tidy: pd.DataFrame, work: _Work) -> Hashes:
    """The hash of each tidy row. A value that can't be read counts as what it says, not as missing: the row
    is refused, and must not take an equal row that lacks the value with it."""
    hashes = hash_rows(tidy, list(map(str, tidy.columns)))
    for name in work.kinds:
        lost = unreadable(raw[name], tidy[name], work.use_case.clean) if name in tidy else None
        if lost is not None and lost.any():
            rows = np.flatnonzero(lost.to_numpy(dtype=bool))
            said = hash_values(raw[name].iloc[rows].map(str).astype("str"))
            hashes[0][rows], hashes[1][rows] = mixed((hashes[0][rows], hashes[1][rows]), said)
    return hashes


@dataclass
class _Written:
    kept: Snapshot
    refused: Snapshot | None
    counts: Counter[str]


def _write(work: _Work, book: Fates) -> _Written:
    """Send each row where it belongs."""
    parents, code, name = (work.raw.id,), code_version(), work.use_case.name
    kept = SnapshotWriter(work.store, name, "cleaned", parents=parents, code=code)
    refused = SnapshotWriter(work.store, name, "quarantine", parents=parents, code=code)
    counts: Counter[str] = Counter()
    newest: datetime | None = None
    for raw, tidy, fate in _with_fates(work, book):
        keep = fate == KEPT
        kept.add(tidy, keep)
        if work.use_case.time and keep.any():
            last = tidy.loc[keep, work.use_case.time].max().to_pydatetime()
            newest = last if newest is None else max(newest, last)
        if (fate == REFUSED).any():
            found = _refused(work, raw, tidy, fate)
            refused.add(found.rows)
            counts.update(found.counts)
    return _Written(kept.close(watermark=newest), refused.close() if counts else None, counts)


def _with_fates(work: _Work, book: Fates) -> Iterator[tuple[pd.DataFrame, pd.DataFrame, npt.NDArray[np.uint8]]]:
    start = 0
    for raw, tidy in work.frames():
        yield raw, tidy, book.fate[start : start + len(raw)]
        start += len(raw)


def _refused(work: _Work, raw: pd.DataFrame, tidy: pd.DataFrame, fate: npt.NDArray[np.uint8]) -> Refused:
    rows = fate == REFUSED
    raw, tidy = raw[rows], tidy[rows]
    return judged(raw, refusals(work.use_case, raw, tidy, work.kinds))


def _check_some_left(work: _Work, book: Fates) -> None:
    """Raise UserError when no row is kept, with the reason that costs most."""
    if book.count(KEPT) or not work.raw.rows:
        return
    counts: Counter[str] = Counter()
    for raw, tidy, fate in _with_fates(work, book):
        counts.update(_refused(work, raw, tidy, fate).counts)
    worst, rows = counts.most_common(1)[0]
    raise UserError(
        f"no row is left after cleaning: {counts.total():,} of {work.raw.rows:,} were refused, most because {worst} "
        f"({rows:,}). Mend the data, or the rules under `clean`"
    )


def _check_balance(collected: int, kept: int, refused: int, deduplicated: int) -> None:
    if collected != kept + refused + deduplicated:
        raise TidemillError(
            f"rows do not balance in cleaning: {collected} in, {kept} kept, {refused} refused, {deduplicated} repeats"
        )


def _microseconds(times: pd.Series) -> npt.NDArray[np.int64]:
    moments = times.dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    return np.asarray(moments.view(np.int64), dtype=np.int64)
