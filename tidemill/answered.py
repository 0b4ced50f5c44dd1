"""What each version answered: a record of every batch, and of every day that a REST service answered.

What rows were answered is in the output of a batch. The REST service keeps no rows: of it, the record says from
when to when a version answered, how many requests and how many rows. Nothing is known of
``tidemill.load(...).predict(...)``, which runs in somebody else's program.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Literal

from tidemill.errors import DamagedError, UserError
from tidemill.results import Record
from tidemill.store import Store

__all__ = ["Answered", "answered_by", "noted", "record", "record_key"]

FORMAT = 1
_READERS = 16


class Answered(Record):
    """``rows`` that ``version`` answered between ``began`` and ``ended``; a batch that was cut off has no end.

    ``input`` and ``output`` are a batch's own, ``requests`` a service's. ``who`` is the Prefect run or the user.
    """

    format: Literal[1] = 1
    use_case: str
    version: str
    door: Literal["batch", "rest"]
    who: str
    began: datetime
    ended: datetime | None = None
    rows: int = 0
    requests: int | None = None
    input: str | None = None
    output: str | None = None


def record_key(use_case: str, version: str, began: datetime) -> str:
    """A new key for a record."""
    return f"{use_case}/answered/{version}/{began:%Y%m%dT%H%M%S%f}-{uuid.uuid4().hex[:8]}.json"


def record(store: Store, key: str, said: Answered) -> None:
    """Write a record, or write it again with what is known by now."""
    store.write_json(key, said.model_dump(mode="json"))


@contextmanager
def noted(store: Store, said: Answered) -> Iterator[Callable[[int], None]]:
    """Keep the record of a batch: it is there from the start, and gone again when the block fails.

    The block calls what this gives, with the number of rows, when the answers are written.
    """
    key = record_key(said.use_case, said.version, said.began)
    record(store, key, said)
    try:
        yield lambda rows: record(store, key, said.model_copy(update={"ended": datetime.now(UTC), "rows": rows}))
    except Exception:
        store.delete(key)
        raise


def answered_by(store: Store, use_case: str, version: str) -> list[Answered]:
    """What a version answered, oldest first. Raises DamagedError, or UserError for a newer format."""
    keys = store.list(f"{use_case}/answered/{version}")
    with ThreadPoolExecutor(_READERS) as pool:
        return list(pool.map(lambda key: _read(store, key), keys))


def _read(store: Store, key: str) -> Answered:
    said = store.read_json(key)
    stored = said.get("format") if isinstance(said, dict) else None
    if isinstance(stored, int) and stored > FORMAT:
        raise UserError(f"{store.url_of(key)} has format {stored}; this Tidemill reads up to {FORMAT}: upgrade it")
    try:
        return Answered.model_validate(said)
    except ValueError:
        raise DamagedError(f"{store.url_of(key)} is damaged: restore it from a backup, or remove it") from None
