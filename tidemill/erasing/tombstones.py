"""Whom collecting refuses from now on: an append-only log of erasures, with salted hashes in place of values.

``<use_case>/erased/<moment>-<random>.json``, one small object an entry, never changed. What holds is a replay in the
order of the keys: an `erase` adds its subjects, a `lift` takes them off again, with all that was linked to them.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

from tidemill.errors import UserError
from tidemill.registry.records import parsed
from tidemill.results import Record
from tidemill.store import Store, json_bytes

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import pyarrow as pa

__all__ = ["Entry", "ErasedLog", "Group", "Link", "Sieve", "Tombstone", "Tombstones", "standing"]

_KEY = re.compile(r"^\d{8}T\d{12}-[0-9a-f]{12}\.json$")
_READERS = 16
_RAW = "_raw"


class Link(Record):
    """Rows of the subject where its own column is missing: hashes of what ``columns`` hold in them."""

    columns: tuple[str, ...]
    hashes: tuple[str, ...]


class Tombstone(Record):
    """One person: the salted ``hash`` of the value that ``column`` has in their rows. ``fold``: in small letters."""

    column: str
    hash: str
    fold: bool = False
    links: tuple[Link, ...] = ()


class Entry(Record):
    """One entry of the log: who had which ``subjects`` erased, or their erasure lifted, when and why."""

    format: Literal[1] = 1
    use_case: str
    erasure: str
    action: Literal["erase", "lift"]
    salt: str
    subjects: tuple[Tombstone, ...]
    who: str
    when: datetime
    why: str


class Group(NamedTuple):
    """Hashes that are compared together. Links name rows only in tables without ``unless``, the subject's column."""

    salt: str
    fold: bool
    columns: tuple[str, ...]
    unless: str = ""


@dataclass(frozen=True)
class Tombstones:
    """Everybody who is erased now: hashes, by what they are compared with."""

    groups: Mapping[Group, frozenset[str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.groups)

    @property
    def digest(self) -> str | None:
        """What changes when anybody is erased or lifted, for the keys of stages; None when nobody is."""
        if not self.groups:
            return None
        text = repr([(group, sorted(hashes)) for group, hashes in sorted(self.groups.items())])
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def mask(self, table: pa.Table, names: Mapping[str, str] | None = None) -> npt.NDArray[np.bool_]:
        """Which rows are an erased person's. ``names`` gives, by a column's name here, what the use case calls it.

        In a Quarantine of lines that nobody could read, any of a line's fields may be what names the person.
        """
        import numpy as np

        held = {(names or {}).get(name, name): name for name in table.column_names}
        found = np.zeros(table.num_rows, dtype=np.bool_)
        for group, hashes in self.groups.items():
            if set(group.columns) <= held.keys() and group.unless not in held:
                found |= _hit([table.column(held[name]) for name in group.columns], group, hashes)
            if _RAW in table.column_names and not group.unless:
                found |= _hit_raw(table.column(_RAW), group, hashes)
        return found


class Sieve:
    """Lets a table's rows through but for those of erased people, which it counts in ``rows``."""

    def __init__(self, tombstones: Tombstones) -> None:
        self._tombstones = tombstones
        self.rows = 0

    def gone(self, frame: pd.DataFrame) -> npt.NDArray[np.bool_] | None:
        """Which rows may not stay; None when all may."""
        if not self._tombstones or not len(frame):
            return None
        import pyarrow as pa

        asked = {name for group in self._tombstones.groups for name in (*group.columns, group.unless)} | {_RAW}
        there = [name for name in frame.columns if name in asked]
        gone = self._tombstones.mask(pa.Table.from_pandas(frame[there], preserve_index=False))
        self.rows += int(gone.sum())
        return gone if gone.any() else None

    def frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows that may stay, index 0…n-1; the very frame when all may."""
        gone = self.gone(frame)
        return frame if gone is None else frame[~gone].reset_index(drop=True)

    def table(self, table: pa.Table, names: Mapping[str, str] | None = None) -> pa.Table:
        """The same of an Arrow table."""
        if not self._tombstones or not table.num_rows:
            return table
        gone = self._tombstones.mask(table, names)
        self.rows += int(gone.sum())
        return table.filter(~gone) if gone.any() else table


class ErasedLog:
    """The log of one use case."""

    def __init__(self, store: Store, use_case: str) -> None:
        self._store = store
        self._prefix = f"{use_case}/erased"

    def entries(self) -> dict[str, Entry]:
        """Every entry by its key, in the log's order. Raises UserError when one is damaged or of a newer format."""
        keys = sorted(self._store.list(self._prefix))
        for key in keys:
            if not _KEY.match(key.rsplit("/", 1)[-1]):
                raise UserError(f"{self._store.url_of(key)} is no entry of the erasure list: take it away")
        if not keys:
            return {}
        with ThreadPoolExecutor(_READERS) as pool:
            return dict(zip(keys, pool.map(self._read, keys), strict=True))

    def standing(self) -> Tombstones:
        """Everybody who is erased now."""
        return standing(self.entries())

    def salt(self) -> str:
        """The salt of the entries so far, or a new one: 128 random bits, in hex."""
        for entry in self.entries().values():
            return entry.salt
        return secrets.token_hex(16)

    def add(self, entry: Entry) -> str:
        """Write the entry and give its key."""
        key = f"{self._prefix}/{entry.when:%Y%m%dT%H%M%S%f}-{uuid.uuid4().hex[:12]}.json"
        self._store.write_bytes(key, json_bytes(entry.model_dump(mode="json")))
        return key

    def _read(self, key: str) -> Entry:
        return parsed(Entry, self._store.read_bytes(key), self._store.url_of(key))


def standing(entries: Mapping[str, Entry]) -> Tombstones:
    """Replay the log."""
    now: dict[tuple[str, str, str], list[Tombstone]] = {}
    for _, entry in sorted(entries.items()):
        for subject in entry.subjects:
            name = (entry.salt, subject.column, subject.hash)
            if entry.action == "lift":
                now.pop(name, None)
            else:
                now.setdefault(name, []).append(subject)
    groups: dict[Group, set[str]] = {}
    for (salt, column, _), subjects in now.items():
        for one in subjects:
            groups.setdefault(Group(salt, one.fold, (column,)), set()).add(one.hash)
            for link in one.links:
                groups.setdefault(Group(salt, one.fold, link.columns, column), set()).update(link.hashes)
    return Tombstones({group: frozenset(hashes) for group, hashes in groups.items()})


def _hit(columns: Sequence[pa.ChunkedArray], group: Group, hashes: frozenset[str]) -> npt.NDArray[np.bool_]:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from tidemill.erasing.values import hashed, said

    salt, fold, names, _ = group
    texts = [said(column, fold=fold) for column in columns]
    if len(texts) == 1:
        distinct = texts[0].unique().to_pylist()
        wanted = [value for value in distinct if value is not None and hashed(salt, names, [value]) in hashes]
        return np.asarray(pc.is_in(texts[0], pa.array(wanted, pa.string())))
    known: dict[tuple[str | None, ...], bool] = {}
    rows = list(zip(*(column.to_pylist() for column in texts), strict=True))
    for row in rows:
        if row not in known:
            known[row] = None not in row and hashed(salt, names, row) in hashes
    return np.array([known[row] for row in rows], dtype=np.bool_)


def _hit_raw(raw: pa.ChunkedArray, group: Group, hashes: frozenset[str]) -> npt.NDArray[np.bool_]:
    import numpy as np

    from tidemill.erasing.values import fields, hashed

    salt, fold, names, _ = group
    return np.array(
        [
            line is not None and any(hashed(salt, names, [one]) in hashes for one in fields(line, fold=fold))
            for line in raw.to_pylist()
        ],
        dtype=np.bool_,
    )
