"""The rows of a use case: the primary source's, with derived columns and side sources, a frame at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import pandas as pd

from tidemill.cleaning import Kind, declared_kinds, normalise
from tidemill.cleaning.normalising import parse_times
from tidemill.collecting.joining import Side, Unmatched, read_side
from tidemill.collecting.landed import Landed
from tidemill.collecting.replays import Mended
from tidemill.erasing.tombstones import Sieve, Tombstones
from tidemill.errors import UserError, did_you_mean
from tidemill.expressions import columns_of, evaluate
from tidemill.provenance import code_version
from tidemill.reading import BadRows, Dataset, Reading, open_dataset
from tidemill.reading.plain import TEXT, TIME
from tidemill.reading.refusing import REASONS
from tidemill.secrets import hiding, revealed_url
from tidemill.snapshot import Snapshot, write_snapshot
from tidemill.store import Store
from tidemill.usecase.schema import Source, UseCase

__all__ = ["Readable", "Rows", "Unread", "open_rows", "open_source", "reading_of", "resolved", "unread_of"]

Readable = Dataset | Landed
"""A source as it is read: files, or what was fetched and is kept in the lake."""


@dataclass
class Rows:
    """Where the rows come from, ready to be read. The counts and times fill as frames go by.

    ``mended`` are rows that were brought back from Quarantine: they come after the primary source's own.
    ``sieve`` keeps the rows of erased people out, and counts those within the limits.
    ``unmatched`` counts rows without a partner by side source, ``span`` is the oldest and newest time in
    the source, ``watermark`` the newest within the limits.
    """

    use_case: UseCase
    primary: Readable
    sides: tuple[tuple[Side, Readable], ...]
    derive: Mapping[str, str]
    kinds: Mapping[str, Kind]
    unmatched: dict[str, Unmatched] = field(default_factory=dict)
    mended: Mended | None = None
    sieve: Sieve | None = None
    span: tuple[datetime, datetime] | None = None
    watermark: datetime | None = None

    def frames(self, rows: int, since: datetime | None = None, until: datetime | None = None) -> Iterator[pd.DataFrame]:
        """Frames of at most ``rows`` rows, in the source's order, with ``since`` <= time < ``until``.

        A row whose time is missing or can't be read is within every limit: cleaning refuses it.
        """
        use_case = self.use_case
        limits = None
        if use_case.time in self.primary.columns and self.primary.schema.field(use_case.time).type == TIME:
            limits = (use_case.time, since, until)
        mended = self.mended.frames(self.primary.schema, self.primary.url) if self.mended else ()
        for frame in chain(self.primary.frames(rows, limits=limits), mended):
            whole = self._derived(frame)
            times = self._times(whole)
            if times is not None:
                whole, times = self._within(whole, times, since, until)
            whole, times = self._sifted(whole, times)
            if len(whole):
                joined = self._joined(whole, times)
                yield joined if self.sieve is None or not self.sides else self.sieve.frame(joined)

    def _derived(self, frame: pd.DataFrame) -> pd.DataFrame:
        if not self.derive:
            return frame
        asked = set().union(*(columns_of(expression) for expression in self.derive.values()))
        tidy = normalise(frame[[name for name in frame.columns if name in asked]], self.use_case.clean, self.kinds)
        made: dict[str, pd.Series] = {}
        for name, expression in self.derive.items():
            tidy[name] = made[name] = evaluate(expression, tidy)
        return frame.assign(**made)

    def _times(self, frame: pd.DataFrame) -> pd.Series | None:
        name = self.use_case.time
        return parse_times(frame[name], self.use_case.clean) if name in frame.columns else None

    def _within(
        self, frame: pd.DataFrame, times: pd.Series, since: datetime | None, until: datetime | None
    ) -> tuple[pd.DataFrame, pd.Series]:
        seen = _span(times)
        if seen is not None:
            self.span = seen if self.span is None else (min(self.span[0], seen[0]), max(self.span[1], seen[1]))
        keep = pd.Series(True, index=frame.index)
        if since is not None:
            keep &= (times >= since) | times.isna()
        if until is not None:
            keep &= (times < until) | times.isna()
        if not keep.all():
            frame, times = frame[keep].reset_index(drop=True), times[keep].reset_index(drop=True)
        return frame, times

    def _sifted(self, frame: pd.DataFrame, times: pd.Series | None) -> tuple[pd.DataFrame, pd.Series | None]:
        """What may be kept, and the newest time of it noted."""
        gone = None if self.sieve is None else self.sieve.gone(frame)
        if gone is not None:
            frame = frame[~gone].reset_index(drop=True)
            times = None if times is None else times[~gone].reset_index(drop=True)
        kept = None if times is None else _span(times)
        if kept is not None:
            self.watermark = kept[1] if self.watermark is None else max(self.watermark, kept[1])
        return frame, times

    def _joined(self, frame: pd.DataFrame, times: pd.Series | None) -> pd.DataFrame:
        for side, _ in self.sides:
            frame, lost = side.attached(frame, times)
            self.unmatched[side.name] = self.unmatched.get(side.name, Unmatched()) + lost
        return frame


def _span(times: pd.Series) -> tuple[datetime, datetime] | None:
    low, high = times.min(), times.max()
    return None if pd.isna(low) else (low.to_pydatetime().astimezone(UTC), high.to_pydatetime().astimezone(UTC))


def open_rows(
    use_case: UseCase,
    primary: Readable,
    *,
    scoring: bool,
    types: Mapping[str, Kind] | None = None,
    landed: Mapping[str, Landed] | None = None,
) -> Rows:
    """Everything that making rows of ``primary`` takes, with what is missing said before anything is read.

    When ``scoring``, the input may bring columns that would be derived or joined, and brings them.
    ``types`` are kinds of columns beside those that the use case declares, ``landed`` the sources that
    were fetched.
    """
    known = list(primary.columns)
    derive: dict[str, str] = {}
    for name, expression in use_case.derive.items():
        if name in known:
            if scoring:
                continue
            raise UserError(
                f"derive.{name}: {primary.url} has a column `{name}` already. Give the derived one another name"
            )
        _check_present(columns_of(expression), known, f"derive.{name}", primary.url)
        derive[name] = expression
        known.append(name)
    sides = []
    for name, source in use_case.sources.items():
        if source.join is None or (scoring and source.join.columns and set(source.join.columns) <= set(known)):
            continue
        data = open_source(use_case, name, landed)
        side = _side(use_case, name, source, primary, data, known, scoring=scoring)
        sides.append((side, data))
        known += [column for column in side.values.columns if column not in known]
    kinds = {**(types or {}), **declared_kinds(use_case)}
    return Rows(use_case, primary, tuple(sides), derive, kinds, {side.name: Unmatched() for side, _ in sides})


def _side(
    use_case: UseCase, name: str, source: Source, primary: Readable, data: Readable, known: list[str], *, scoring: bool
) -> Side:
    join = source.join
    assert join is not None
    _check_present(join.on, known, f"sources.{name}.join.on", primary.url)
    if join.as_of is not None:
        assert use_case.time is not None  # the schema asks for it beside `as_of`
        _check_present([use_case.time], known, "time", primary.url)
    kinds = declared_kinds(use_case)
    _check_alike(join.on, primary, data, name, kinds)
    return read_side(name, join, data, use_case.clean, kinds, set() if scoring else set(known))


def _check_present(names: Iterable[str], known: list[str], where: str, url: str) -> None:
    for name in sorted(names):
        if name not in known:
            raise UserError(f"{where}: there is no column `{name}` in {url}{did_you_mean(name, known)}")


def _check_alike(keys: Iterable[str], primary: Readable, side: Readable, name: str, kinds: Mapping[str, Kind]) -> None:
    """Text never equals a number: a join on such a pair would silently find nothing."""
    for key in keys:
        if key not in primary.columns or kinds.get(key) == "category":
            continue
        texts = [data.schema.field(key).type == TEXT for data in (primary, side)]
        if texts[0] != texts[1]:
            which = primary.url if texts[0] else side.url
            raise UserError(
                f"sources.{name}.join.on: `{key}` is text in {which} only. Say `{key}: category` under `columns.types`"
            )


def open_source(
    use_case: UseCase, name: str, landed: Mapping[str, Landed] | None = None, bad_rows: BadRows | None = None
) -> Readable:
    """One source, ready to be read: its files looked through, or what was fetched of it (``landed``, by name).

    ``bad_rows`` overrules what the source says of rows that can't be read.
    """
    source = use_case.sources[name]
    if landed and name in landed:
        found = landed[name]
        if found.bad and (bad_rows or source.bad_rows) == "refuse":
            raise UserError(f"{found.url}, {found.bad[0].reason}. Mend it: here every row must be readable")
        return found
    with hiding():
        return open_dataset(
            resolved(use_case, source.place),
            source.format,
            declared_kinds(use_case),
            use_case.clean.missing,
            **reading_of(source),
            bad_rows=bad_rows or source.bad_rows,
        )


def reading_of(source: Source) -> Reading:
    """How a source's files are read, as :func:`open_dataset` takes it."""
    return {
        "encoding": source.encoding,
        "decimal": source.decimal,
        "rename": source.rename,
        "differing": source.differing,
    }


@dataclass(frozen=True)
class Unread:
    """The rows of a source that can't be read: how many by reason, where they are kept, and how many of them were
    an erased person's, who is in neither."""

    refused: Mapping[str, int] = field(default_factory=dict)
    snapshot: Snapshot | None = None
    erased: int = 0


def unread_of(store: Store, use_case: UseCase, data: Readable, tombstones: Tombstones) -> Unread:
    """Put the rows of a source that can't be read into Quarantine."""
    if not data.refused:
        return Unread()
    if not tombstones:
        kept = write_snapshot(store, use_case.name, "quarantine", data.refusals(), code=code_version())
        return Unread(dict(data.refused), kept)
    sieve = Sieve(tombstones)
    frames = [frame for frame in map(sieve.frame, data.refusals()) if len(frame)]
    if not frames:
        return Unread(erased=sieve.rows)
    counts = Counter(REASONS[rule] for frame in frames for rule in frame["_rule"])
    kept = write_snapshot(store, use_case.name, "quarantine", frames, code=code_version())
    return Unread(dict(counts), kept, sieve.rows)


def resolved(use_case: UseCase, url: str) -> str:
    """A source's URL: relative paths start at the use case's folder, and secrets stand where references were.

    Raises UserError for a reference that leads nowhere.
    """
    url = revealed_url(url)
    if "://" in url or url.startswith(("file:", "memory:")) or Path(url).is_absolute():
        return url
    return str(use_case.folder / url)
