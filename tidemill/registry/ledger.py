"""The ledger: an append-only log, one small object an entry, in one order that every reader sees.

Where the store can create an object only if it is absent, an entry's key is its number, and the
number is claimed by creating it: writers that come at the same moment take turns. Elsewhere (some
S3 servers ignore conditional writes) the key is the number, the time and a random part: nothing is
ever overwritten, entries of one number are ordered by their keys, and :meth:`Ledger.settle` waits until
that order is final.
"""

from __future__ import annotations

import hashlib
import random
import re
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from tidemill.errors import DamagedError, TransientError, UserError
from tidemill.registry.records import LedgerEntry, parsed
from tidemill.registry.turns import Turn, Turns
from tidemill.store import Store, json_bytes

__all__ = ["Forked", "Ledger", "Written"]

_KEY = re.compile(r"^(\d{8})(?:-[0-9A-Za-z-]+)?\.json$")
_ROUNDS = 200
_READERS = 16


@dataclass(frozen=True)
class Written:
    """An entry as it is stored."""

    key: str
    sha256: str
    entry: LedgerEntry


class Forked(Exception):  # noqa: N818 - no error: it asks for the longer way
    """Two writers met on one number, on a store without conditional writes."""


class Ledger:
    """The ledger of one use case. Entries are immutable, so each is read once by an instance."""

    def __init__(self, store: Store, use_case: str) -> None:
        self._store = store
        self._prefix = f"{use_case}/ledger"
        self._turns = Turns(store, f"{use_case}/turns")
        self._read: dict[str, tuple[str, LedgerEntry]] = {}

    def entries(self) -> list[Written]:
        """Every entry, in the ledger's order, proved to be as written.

        Raises UserError when an entry was changed, removed, written by hand or is of a newer format.
        """
        found = self._written(self._keys())
        _prove(found, self._store)
        return found

    def newest(self, wanted: Callable[[LedgerEntry], bool]) -> LedgerEntry | None:
        """The last entry that is ``wanted``, found from the end without reading the rest, and proved that far.

        Raises :class:`Forked` when any two entries have one number: then only a replay of all tells.
        """
        keys = self._keys()
        if max(Counter(map(_number, keys)).values(), default=1) > 1:
            raise Forked
        for place in reversed(range(len(keys))):
            pair = self._written(keys[max(0, place - 1) : place + 1])
            _prove(pair, self._store, believed=len(pair) - 1)
            if wanted(pair[-1].entry):
                return pair[-1].entry
        return None

    def append(self, draft: Callable[[list[Written]], LedgerEntry | Written]) -> Written:
        """Write the entry that ``draft`` makes of the entries so far; asked again when others came first.

        ``draft`` gives an entry with any number, time and parent (they are set here), or one of the
        entries so far when nothing needs to be written; it may raise. Raises TransientError when others
        keep coming first.
        """
        for attempt in range(_ROUNDS):
            if self._store.conditional:
                written = self._tried(draft)
            else:
                with self._turns.taken() as turn:
                    written = self._tried(draft, turn)
            if written is not None:
                return written
            time.sleep(random.uniform(0, min(0.02 * (attempt + 1), 0.5)))
        raise TransientError(f"the ledger {self._store.url_of(self._prefix)} is being written by others: try again")

    def settle(self) -> None:
        """Wait until no entry can come any more that stands before one that is written."""
        if not self._store.conditional:
            self._turns.wait_for_others()

    def _tried(
        self, draft: Callable[[list[Written]], LedgerEntry | Written], turn: Turn | None = None
    ) -> Written | None:
        """One try to write what ``draft`` makes of the entries so far; None when it must be tried anew."""
        before = self.entries()
        made = draft(before)
        if isinstance(made, Written):
            return made
        if turn is not None and turn.late:
            return None
        return self._claimed(_following(made, before))

    def _claimed(self, entry: LedgerEntry) -> Written | None:
        """Write ``entry``, or give None when its number was taken."""
        data = json_bytes(entry.model_dump(mode="json"))
        sha256 = hashlib.sha256(data).hexdigest()
        if not self._store.conditional:
            key = f"{self._prefix}/{entry.number:08d}-{entry.when:%Y%m%dT%H%M%S%f}-{uuid.uuid4().hex[:12]}.json"
            self._store.write_bytes(key, data)
            return Written(key, sha256, entry)
        key = f"{self._prefix}/{entry.number:08d}.json"
        # A request whose answer was lost may have been sent twice: then what is there is ours.
        if self._store.create_bytes(key, data) or self._store.read_bytes(key) == data:
            return Written(key, sha256, entry)
        return None

    def _keys(self) -> list[str]:
        keys = sorted(self._store.list(self._prefix), key=_order)
        for key in keys:
            if not _KEY.match(key.rsplit("/", 1)[-1]):
                raise UserError(f"{self._store.url_of(key)} is no entry of the ledger: take it away")
        return keys

    def _written(self, keys: Sequence[str]) -> list[Written]:
        missing = [key for key in keys if key not in self._read]
        if len(missing) > 1:
            with ThreadPoolExecutor(_READERS) as pool:
                self._read.update(zip(missing, pool.map(self._fetched, missing), strict=True))
        elif missing:
            self._read[missing[0]] = self._fetched(missing[0])
        return [Written(key, *self._read[key]) for key in keys]

    def _fetched(self, key: str) -> tuple[str, LedgerEntry]:
        data = self._store.read_bytes(key)
        entry = parsed(LedgerEntry, data, self._store.url_of(key))
        if entry.number != _number(key):
            raise UserError(
                f"{self._store.url_of(key)} says that it is entry {entry.number}: it was written by hand. Take it away"
            )
        return hashlib.sha256(data).hexdigest(), entry


def _following(entry: LedgerEntry, before: Sequence[Written]) -> LedgerEntry:
    """``entry`` with the number, the time (never before the last entry's) and the parent of its place."""
    now = datetime.now(UTC)
    if not before:
        return entry.model_copy(update={"number": 1, "when": now, "parent": ""})
    last = before[-1]
    place = {"number": last.entry.number + 1, "when": max(now, last.entry.when), "parent": last.sha256}
    return entry.model_copy(update=place)


def _order(key: str) -> str:
    """An entry whose number is its whole name comes before others of that number."""
    return key.removesuffix(".json")


def _number(key: str) -> int:
    return int(key.rsplit("/", 1)[-1][:8])


def _prove(found: Sequence[Written], store: Store, *, believed: int = 0) -> None:
    """Each entry names the sha256 of one with the number before: so none was changed or taken away.

    The first ``believed`` of them are taken as they are.
    """
    hashes: dict[int, set[str]] = {0: {""}}
    for written in found:
        hashes.setdefault(written.entry.number, set()).add(written.sha256)
    for written in found[believed:]:
        before = hashes.get(written.entry.number - 1)
        if before is None:
            raise DamagedError(
                f"the ledger lacks entry {written.entry.number - 1}, before {store.url_of(written.key)}: "
                "restore it from a backup"
            )
        if written.entry.parent not in before:
            raise DamagedError(
                f"{store.url_of(written.key)} does not follow from the entry before it: "
                "one of the two was changed or written by hand. Restore the ledger from a backup"
            )
