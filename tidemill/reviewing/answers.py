"""What people said of rows: an append-only log in the lake, one small object an answer.

Keys are a moment and a random part, so nothing is ever overwritten, on stores with conditional writes and without,
and everybody's answers are kept. An undo is an entry, too. What holds is a replay of all entries in the order of
their keys: of each row the newest answer that was not undone.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import ConfigDict

from tidemill.errors import UserError
from tidemill.registry.records import parsed
from tidemill.results import Record
from tidemill.store import Store, json_bytes

__all__ = ["Answer", "AnswerLog", "Value", "digest", "labels", "standing"]

Value = str | int | float | bool
_KEY = re.compile(r"^\d{8}T\d{12}-[0-9a-f]{12}\.json$")
_READERS = 16


class Answer(Record):
    """One entry: what ``who`` said of a row at ``when``, and what its label was until then.

    ``row`` names the row as :mod:`tidemill.reviewing.rows` does, and ``named`` shows its ``id`` to a person.
    ``value`` is the class as predictions name it, or a number; an ``unsure`` has none and changes nothing. ``version``
    and ``why`` say which model's doubt brought the row up. ``undoes`` is the key of the entry that an ``undo`` takes
    back.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    format: Literal[1] = 1
    row: str
    named: dict[str, str | None]
    action: Literal["answer", "unsure", "undo"]
    value: Value | None
    old: Value | None
    who: str
    when: datetime
    version: str
    why: str
    undoes: str | None = None


class AnswerLog:
    """The answers of one use case. Entries never change, so each is read once by an instance."""

    def __init__(self, store: Store, use_case: str) -> None:
        self._store = store
        self._prefix = f"{use_case}/answers"
        self._read: dict[str, Answer] = {}

    def entries(self) -> dict[str, Answer]:
        """Every entry by its key, in the log's order. Raises UserError when one is damaged or of a newer format."""
        keys = sorted(self._store.list(self._prefix))
        for key in keys:
            if not _KEY.match(key.rsplit("/", 1)[-1]):
                raise UserError(f"{self._store.url_of(key)} is no answer: take it away")
        missing = [key for key in keys if key not in self._read]
        if missing:
            with ThreadPoolExecutor(_READERS) as pool:
                self._read.update(zip(missing, pool.map(self._fetched, missing), strict=True))
        return self.known()

    def known(self) -> dict[str, Answer]:
        """The entries that this instance has read or written, without looking for others."""
        return {key: self._read[key] for key in sorted(self._read)}

    def add(self, answer: Answer) -> str:
        """Write ``answer`` as the newest that this instance knows of; its ``when`` is set here. Gives its key."""
        now = datetime.now(UTC)
        if self._read:
            now = max(now, self._read[max(self._read)].when + timedelta(microseconds=1))
        said = answer.model_copy(update={"when": now})
        key = f"{self._prefix}/{now:%Y%m%dT%H%M%S%f}-{uuid.uuid4().hex[:12]}.json"
        self._store.write_bytes(key, json_bytes(said.model_dump(mode="json")))
        self._read[key] = said
        return key

    def undo(self, key: str, who: str) -> str:
        """Take the entry ``key`` back, by another entry, whose key is given. What was said before holds again."""
        before = self._read[key]
        back = {"action": "undo", "value": None, "old": before.value, "who": who, "undoes": key}
        return self.add(before.model_copy(update=back))

    def _fetched(self, key: str) -> Answer:
        return parsed(Answer, self._store.read_bytes(key), self._store.url_of(key))


def standing(entries: Mapping[str, Answer]) -> dict[str, list[str]]:
    """The keys of what was said of each row and not taken back, oldest first; rows without any are left out."""
    undone = {entry.undoes for entry in entries.values()}
    rows: dict[str, list[str]] = {}
    for key in sorted(entries):
        if entries[key].action != "undo" and key not in undone:
            rows.setdefault(entries[key].row, []).append(key)
    return rows


def labels(entries: Mapping[str, Answer]) -> dict[str, Value]:
    """The label that people gave to each row: the newest answer. Whoever is unsure takes nobody's answer back."""
    found: dict[str, Value] = {}
    for row, keys in standing(entries).items():
        for entry in map(entries.__getitem__, keys):
            if entry.value is not None:
                found[row] = entry.value
    return found


def digest(labels: Mapping[str, Value]) -> str | None:
    """A hash of what people's answers come to, for the keys of stages; None where they come to nothing."""
    if not labels:
        return None
    said: Iterable[tuple[str, Value]] = sorted(labels.items())
    return hashlib.sha256(json.dumps(list(said)).encode()).hexdigest()[:32]
