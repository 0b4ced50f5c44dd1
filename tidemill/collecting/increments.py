"""One step of an incremental source: what is new since the last record, as the next record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tidemill.cleaning import Kind
from tidemill.collecting.landed import Landing, Range, types_of
from tidemill.collecting.marks import highest, is_number, looked_back, part_range, readable, within
from tidemill.collecting.pages import Spool, row_hashes, spooling, storable, wider
from tidemill.connectors import Connector, Mark
from tidemill.erasing.tombstones import Sieve
from tidemill.errors import UserError
from tidemill.progress import Ticker
from tidemill.provenance import code_version
from tidemill.reading.plain import NOTHING, TEXT, plain_table, spoken
from tidemill.snapshot import Part, Snapshot, SnapshotWriter
from tidemill.store import Store
from tidemill.usecase.schema import CleanRules, Incremental, Source

__all__ = ["Increment", "NumberedMarks"]

_SMALL_ROWS, _SMALL_BYTES = 125_000, 32 * 2**20


class NumberedMarks(Exception):  # noqa: N818 - no error: it asks for the whole source
    """The limits are moments, and the marks are numbers."""


@dataclass(frozen=True)
class Increment:
    """What the next step of the source ``name`` starts from: the last record, and where to fetch.

    ``kinds`` are what columns are declared to be, by the names that the source gives them. ``sieve`` keeps out what
    must not be landed; the watermark moves past it all the same.
    """

    store: Store
    use_case: str
    name: str
    source: Source
    connector: Connector
    kinds: Mapping[str, Kind]
    rules: CleanRules
    head: Landing | None
    sieve: Sieve

    @property
    def incremental(self) -> Incremental:
        """Which column grows, and the overlap."""
        assert self.source.incremental is not None
        return self.source.incremental

    def taken(self, since: Mark | None, until: Mark | None) -> tuple[Landing, tuple[str, ...]]:
        """Fetch, store what is new, and give the next record (the last one, when there is nothing to say) and notes.

        Rows from the watermark less the overlap on are fetched, up to ``until``, and rows from ``since`` to the
        floor, when nothing as old was fetched before. Raises :class:`NumberedMarks` when the limits can't be
        compared with the marks.
        """
        head, field = self.head, f"sources.{self.name}.incremental.overlap"
        if head is not None and not isinstance(head.watermark, datetime | None):
            since = until = None
        low = since if head is None else looked_back(head.watermark, self.incremental.overlap, field)
        if head is not None and low is None:
            low = head.floor
        floor = since
        if head is not None and (head.floor is None or (since is not None and _reached(head.floor, since))):
            floor = head.floor
        with spooling() as older, spooling() as newer:
            marks = [None if head is None else head.watermark]
            if head is not None and floor != head.floor:
                marks.append(self._fetch(older, floor, head.floor, nulls=False))
            if until is None or low is None or not _reached(until, low):
                marks.append(self._fetch(newer, low, until, nulls=True))
            watermark = max((mark for mark in marks if mark is not None), default=None)
            return self._next(older, newer, low, floor, watermark)

    def _fetch(self, spool: Spool, since: Mark | None, until: Mark | None, *, nulls: bool) -> Mark | None:
        """Spool the rows within the limits; gives the highest mark of them."""
        where, column = self.connector.where, self.incremental.column
        field = f"sources.{self.name}.incremental.column"
        ticker = Ticker(f"rows fetched of `{self.name}`")
        found: list[Mark] = []
        for raw in self.connector.pages(since, until):
            page = readable(storable(raw, where), column, where, field, self.rules)
            if not page.num_columns:
                continue
            numbers = is_number(page.column(column).type)
            for limit in (since, until):
                if numbers and isinstance(limit, datetime):
                    raise NumberedMarks
                if limit is not None and page.column(column).type != NOTHING and numbers == isinstance(limit, datetime):
                    raise UserError(f"{field}: `{column}` of {where} was numbers before, and now is times")
            page = page.filter(within(page.column(column), since, until, nulls=nulls))
            mark = highest(page.column(column))
            spool.add(self.sieve.table(page, self.source.rename))
            found += [] if mark is None else [mark]
            ticker.tell(spool.rows)
        if spool.types.get(column) == TEXT:
            raise UserError(f"{field}: `{column}` of {where} holds times and numbers: name a column of one of them")
        return max(found, default=None)

    def _next(
        self, older: Spool, newer: Spool, low: Mark | None, floor: Mark | None, watermark: Mark | None
    ) -> tuple[Landing, tuple[str, ...]]:
        head, fetched = self.head, older.rows + newer.rows
        schema, notes = self._agreed(older, newer)
        keep = self._unseen(newer, schema, low)
        added = older.rows + sum(int(one.sum()) for one in keep)
        said = (f"{fetched:,} rows fetched, {fetched - added:,} of them there already", *notes)
        if head is not None and not added and floor == head.floor:
            return head, said
        if head is None and not added:
            raise UserError(
                f"sources.{self.name}: {self.connector.where} gives not one row: mend what is asked for, "
                "or put the data there"
            )
        snapshot, gaps = self._written(schema, added, older, newer, keep, watermark)
        return Landing(
            number=head.number + 1 if head else 1,
            snapshot=snapshot,
            column=self.incremental.column,
            floor=floor,
            watermark=watermark,
            ranges=self._ranges(snapshot),
            gaps=tuple(sorted(gaps)),
            fetched=fetched,
            added=added,
            repeated=fetched - added,
            created=datetime.now(UTC),
            code=code_version(),
        ), said

    def _agreed(self, *spools: Spool) -> tuple[pa.Schema, tuple[str, ...]]:
        """The columns of what is landed and of what was fetched, and notes on where they differ."""
        types = types_of(self.head.snapshot, self.store) if self.head else {}
        before, notes = set(types), []
        for spool in spools:
            if not spool.rows:
                continue
            new = [name for name in spool.types if before and name not in before]
            gone = [name for name in before if name not in spool.types]
            notes += [f"`{name}` is new: null in the rows landed before" for name in new]
            notes += [f"`{name}` is gone: null in the rows that are new" for name in sorted(gone)]
            if self.source.differing == "refuse" and (new or gone):
                raise UserError(f"sources.{self.name}: {self.connector.where} changed its columns: {notes[0]}")
            for name, kind in spool.types.items():
                types[name] = self._wider(name, types.get(name, NOTHING), kind)
            notes += spool.notes
        return pa.schema(list(types.items())), tuple(dict.fromkeys(notes))

    def _wider(self, name: str, known: pa.DataType, new: pa.DataType) -> pa.DataType:
        both = wider(known, new)
        if both is not None:
            return both
        if name in self.kinds and name != self.incremental.column:
            return TEXT
        raise UserError(
            f"sources.{self.name}: `{name}` is {spoken(known)} in the rows landed before and {spoken(new)} in those "
            f"that {self.connector.where} gives now: mend the source, or say what it is under `columns.types`"
        )

    def _unseen(self, spool: Spool, schema: pa.Schema, low: Mark | None) -> list[npt.NDArray[np.bool_]]:
        """For each piece of the spool which of its rows are not landed yet. Rows that are equal are counted."""
        there = self._landed_from(low, schema) if spool.rows else Counter()
        keep = []
        for table in spool.tables(schema):
            new = np.ones(table.num_rows, dtype=np.bool_)
            for place, row in enumerate(row_hashes(table) if there else ()):
                if there[row] > 0:
                    there[row] -= 1
                    new[place] = False
            keep.append(new)
        return keep

    def _landed_from(self, low: Mark | None, schema: pa.Schema) -> Counter[bytes]:
        """The rows that are landed from ``low`` on, by their hashes."""
        there: Counter[bytes] = Counter()
        if self.head is None:
            return there
        ranges, column = self.head.ranges, self.incremental.column

        def reaches(place: int) -> bool:
            one = ranges[place]
            return bool(one.nulls) or low is None or one.high is None or _reached(low, one.high)

        for table in self.head.snapshot.tables(self.store, None, reaches):
            plain = plain_table(table, schema)
            there.update(row_hashes(plain.filter(within(plain.column(column), low, None, nulls=True))))
        return there

    def _written(
        self,
        schema: pa.Schema,
        added: int,
        older: Spool,
        newer: Spool,
        keep: Sequence[npt.NDArray[np.bool_]],
        watermark: Mark | None,
    ) -> tuple[Snapshot, set[str]]:
        """The Snapshot of what was landed and what is new, and the columns with nulls."""
        head = self.head
        writer = SnapshotWriter(
            self.store,
            self.use_case,
            "landed",
            parents=[head.snapshot.id] if head else [],
            watermark=watermark if isinstance(watermark, datetime) else None,
        )
        gaps = set(head.gaps) if head else set()

        def add(tables: Iterator[pa.Table]) -> None:
            for table in tables:
                gaps.update(name for name in table.column_names if table.column(name).null_count)
                writer.add_table(table)

        add(older.tables(schema))
        if head is not None:
            parts = head.snapshot.manifest(self.store).parts
            same = types_of(head.snapshot, self.store) == dict(zip(schema.names, schema.types, strict=True))
            whole = _whole_parts(parts, added) if same else 0
            if whole:
                writer.keep(parts[:whole], schema)
            add(plain_table(table, schema) for table in head.snapshot.tables(self.store, None, _from(whole)))
        add(table.filter(pa.array(new)) for table, new in zip(newer.tables(schema), keep, strict=True))
        return writer.close(), gaps

    def _ranges(self, snapshot: Snapshot) -> tuple[Range, ...]:
        """The range of marks of each part; those of parts that were there before are known."""
        known: dict[str, Range] = {}
        if self.head is not None:
            before = self.head.snapshot.manifest(self.store)
            known = dict(zip(before.part_keys(), self.head.ranges, strict=True))
        return tuple(known.get(key) or self._range(key) for key in snapshot.manifest(self.store).part_keys())

    def _range(self, key: str) -> Range:
        with self.store.open(key) as file:
            low, high, nulls = part_range(file, self.incremental.column)
        return Range(low=low, high=high, nulls=nulls)


def _whole_parts(parts: Sequence[Part], added: int) -> int:
    """How many parts stay as they are: small ones at the end are written together with as many new rows.

    Each part that stays has more rows than all after it, so there are never more than a score of small ones,
    and a row is written again no more often than that.
    """
    kept, waiting = len(parts), added
    while kept:
        last = parts[kept - 1]
        if last.rows > waiting or last.rows >= _SMALL_ROWS or last.bytes >= _SMALL_BYTES:
            break
        waiting += last.rows
        kept -= 1
    return kept


def _from(first: int) -> Callable[[int], bool]:
    return lambda place: place >= first


def _reached(limit: Mark, mark: Mark) -> bool:
    """Whether ``mark`` is at ``limit`` or past it."""
    return bool(mark >= limit)  # type: ignore[operator]  # both are moments, or both are numbers
