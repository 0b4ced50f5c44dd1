"""The stage: a raw Snapshot in, tidy rows and Quarantine out, every row accounted for, part by part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from tidemill.cleaning.changes import Changes, mends
from tidemill.cleaning.facts import Facts, gathered, raw_frames
from tidemill.cleaning.fitting import Sample, check_fills, fitted, needs_rows
from tidemill.cleaning.mending import Tally, mended, respelt
from tidemill.cleaning.normalising import Kind, declared_kinds, frame_with, parse_times, tidied, unreadable
from tidemill.cleaning.refusing import Refused, judged, refusals
from tidemill.cleaning.repeats import KEPT, REFUSED, REPEATED, SUPERSEDED, Fates, fates
from tidemill.errors import TidemillError, UserError
from tidemill.hashing import Hashes, hash_rows, hash_values, mixed
from tidemill.progress import Note, emit
from tidemill.provenance import code_version
from tidemill.results import Cleaned, Collected
from tidemill.snapshot import Snapshot, SnapshotWriter
from tidemill.splitting import how, moments
from tidemill.store import Store
from tidemill.usecase.cleaning import Fitted
from tidemill.usecase.schema import CleanRules, UseCase

__all__ = ["clean"]


def clean(
    store: Store,
    use_case: UseCase,
    collected: Collected,
    *,
    until: datetime | None = None,
    like: CleanRules | None = None,
) -> Cleaned:
    """Tidy the values, keep one of equal rows, refuse what can't be right, keep the newest row of each id.

    In that order: equal rows are those that are equal once tidied, and a broken row never displaces a
    good one of the same id. Refused rows go to Quarantine as they came, with `_rule` and `_reason`.
    Rows in = rows out + quarantined + deduplicated, always.

    Spellings, outliers and gaps are put right last, with numbers fitted on the rows before the split's boundary
    (``until`` moves it as it moves the split's), or with those of ``like``: the rules that a model was trained with.

    Three passes over the parts: what needs whole columns, what becomes of each row, and the writing. Memory is for
    a few parts; some 50 bytes a row go to temporary disk. Rows are equal when their 128-bit hashes are.
    Raises :exc:`UserError` when no row is left, and for rules about columns that are not there.
    """
    facts = gathered(store, use_case, collected.snapshot)
    fit, notes = (like.fitted, ()) if like is not None else _fit(store, use_case, collected.snapshot, facts, until)
    use_case = use_case.settled(use_case.clean.model_copy(update={"fitted": fit}))
    work = _Work(store, use_case, collected.snapshot, facts, like is None)
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
        changes=(*changes.told(), *mends(use_case.clean, written.mended), *notes, *_proposals(facts)),
        rules=use_case.clean,
    )


def _fit(
    store: Store, use_case: UseCase, raw: Snapshot, facts: Facts, until: datetime | None
) -> tuple[Fitted | None, tuple[str, ...]]:
    """What the rules leave to the data; None when they leave nothing."""
    kinds = {**declared_kinds(use_case), **facts.kinds}
    columns = tuple(column.name for column in raw.manifest(store).columns)
    boundary = None
    if needs_rows(use_case.clean):
        boundary = _boundary(store, use_case, raw, until)
    sample = Sample(partial(raw_frames, store, raw, facts), columns, kinds, boundary)
    fit, notes = fitted(use_case, sample, facts.spellings)
    return (fit if fit != Fitted() else None), notes


def _boundary(store: Store, use_case: UseCase, raw: Snapshot, until: datetime | None) -> datetime | None:
    """The moment from which rows are the gate's; None when they are not told by time.

    Rows whose labels may still be on their way are not counted: they wait, and the gate begins before them.
    """
    if how(use_case) != "time" or use_case.time is None:
        return None
    name = use_case.time
    times = pd.concat([parse_times(frame[name], use_case.clean).dropna() for frame in raw.frames(store, [name])])
    if times.empty:
        return None
    ripe = times[times <= times.max() - use_case.maturity]
    return moments(use_case, ripe if len(ripe) else times, until)[0]


def _proposals(facts: Facts) -> tuple[str, ...]:
    """What a person may want to declare."""
    said = tuple(
        f"`{name}` holds numbers in `{unit}` and stays text: `clean.units: {{{name}: '{unit}'}}` reads them as numbers"
        for name, unit in facts.units.items()
    )
    for sentence in said:
        emit(Note(sentence))
    return said


@dataclass
class _Work:
    """One cleaning: where the rows are, how they are read, and whether its rules were fitted on them (``fresh``)."""

    store: Store
    use_case: UseCase
    raw: Snapshot
    facts: Facts
    fresh: bool
    changing: list[str] | None = None

    @property
    def kinds(self) -> dict[str, Kind]:
        return {**declared_kinds(self.use_case), **self.facts.kinds}

    def frames(self) -> Iterator[tuple[pd.DataFrame, dict[str, pd.Series]]]:
        """Each part as it came, and the columns that tidying changes. Those that no part needed are not looked at
        the second time."""
        changing: set[str] = set()
        for raw in raw_frames(self.store, self.raw, self.facts):
            made = tidied(raw if self.changing is None else raw[[*self.changing]], self.use_case.clean, self.kinds)
            changing |= made.keys()
            yield raw, made
        if self.changing is None:
            self.changing = sorted(changing)


def _judge(work: _Work, book: Fates) -> Changes:
    """Hash and judge every row."""
    use_case, rules = work.use_case, work.use_case.clean
    columns = [column.name for column in work.raw.manifest(work.store).columns]
    changes = Changes(columns, work.facts.kinds, rules)
    by_id = bool(rules.unique_id and use_case.id)
    start = 0
    for raw, made in work.frames():
        tidy = respelt(frame_with(raw, made), rules.fitted)
        if not start and work.fresh:
            check_fills(use_case.clean, tidy)
        changes.add(raw, made)
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
    mended: Counter[tuple[str, str]]


def _write(work: _Work, book: Fates) -> _Written:
    """Send each row where it belongs."""
    parents, code, name = (work.raw.id,), code_version(), work.use_case.name
    kept = SnapshotWriter(work.store, name, "cleaned", parents=parents, code=code)
    refused = SnapshotWriter(work.store, name, "quarantine", parents=parents, code=code)
    counts: Counter[str] = Counter()
    mends_made: Counter[tuple[str, str]] = Counter()
    newest: datetime | None = None
    for raw, tidy, fate in _with_fates(work, book):
        keep = fate == KEPT
        kept.add(mended(tidy, work.use_case.clean, Tally(keep, mends_made)), keep)
        if work.use_case.time and keep.any():
            last = tidy.loc[keep, work.use_case.time].max().to_pydatetime()
            newest = last if newest is None else max(newest, last)
        if (fate == REFUSED).any():
            found = _refused(work, raw, tidy, fate)
            refused.add(found.rows)
            counts.update(found.counts)
    return _Written(kept.close(watermark=newest), refused.close() if counts else None, counts, mends_made)


def _with_fates(work: _Work, book: Fates) -> Iterator[tuple[pd.DataFrame, pd.DataFrame, npt.NDArray[np.uint8]]]:
    start = 0
    for raw, made in work.frames():
        yield raw, frame_with(raw, made), book.fate[start : start + len(raw)]
        start += len(raw)


def _refused(work: _Work, raw: pd.DataFrame, tidy: pd.DataFrame, fate: npt.NDArray[np.uint8]) -> Refused:
    rows = fate == REFUSED
    raw, tidy = raw[rows], respelt(tidy[rows], work.use_case.clean.fitted)
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
