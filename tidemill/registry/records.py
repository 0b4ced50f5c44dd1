"""The two records that the registry stores, and how a stored record of any age is read."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Literal, TypeVar, get_args

from pydantic import ValidationError

from tidemill.errors import DamagedError, UserError
from tidemill.results import Interval, Lineage, ModelReference, Record, RowBalance

__all__ = ["Action", "LedgerEntry", "ModelVersion", "asked_because", "parsed", "sentence_of"]

_ASKED = " Asked because: "
Action = Literal["register", "promote", "approve", "reject", "refuse", "wait", "rollback"]
T = TypeVar("T", bound=Record)


class ModelVersion(Record):
    """A stored Model with its lineage, its evaluation and the account of its rows."""

    format: Literal[1] = 1
    use_case: str
    version: str
    created: datetime
    lineage: Lineage
    balance: RowBalance
    excluded: dict[str, str]

    @property
    def model(self) -> ModelReference:
        """Where the Model is."""
        return self.lineage.model

    @property
    def metric(self) -> Interval:
        """The metric that the gate went by, on the gate rows."""
        return self.lineage.evaluation.metric


class LedgerEntry(Record):
    """One line of the ledger. It is never changed after it was written.

    ``previous`` and ``champion`` are the champion before and after; ``against`` is the version that a gate compared
    with: the champion, the last good one where that is damaged, or none. ``hashes`` say which data, model, evaluation,
    use case and code it was decided on; ``parent`` is the sha256 of the entry before, so that a change of history can
    be seen. ``automatic`` tells a gate's decision from a person's. ``until`` is when a version that waits counts as
    rejected; None for other actions, and for entries from before there was a time-out.

    Of format 1 a promotion holds wherever it stands, and a rollback takes one champion off. Since format 2 whatever
    changes the champion holds only where ``previous`` still is the champion, and a rollback goes back to ``version``.

    ``hashes``: ``data`` (the Snapshot's id), ``model`` (its id), ``files`` (sha256 of its files' hashes),
    ``evaluation`` (sha256 of the record), ``evidence`` (of the stored JSON), ``version`` (of the version's record),
    ``usecase`` (of the use case as it was then), ``code`` (that trained), ``gate`` (that decided by itself). An empty
    one was not to be had; one that lacks was not taken.
    """

    format: Literal[1, 2] = 2
    number: int
    action: Action
    version: str
    previous: str | None
    champion: str | None
    who: str
    when: datetime
    why: str
    automatic: bool = False
    against: str | None = None
    hashes: dict[str, str]
    parent: str
    until: datetime | None = None


def asked_because(sentence: str, reason: str) -> str:
    """Why a gate decided as it did, with why it was asked at all: ``why`` of its entry."""
    return f"{sentence}{_ASKED}{reason}."


def sentence_of(entry: LedgerEntry) -> str:
    """The sentence of the gate alone."""
    return entry.why.split(_ASKED, 1)[0]


def parsed(kind: type[T], data: bytes, where: str) -> T:
    """The record in ``data``, which is stored at ``where``.

    Raises DamagedError when it is damaged, and UserError when it is of a newer format.
    """
    try:
        said = json.loads(data)
    except ValueError:
        raise DamagedError(f"{where} is damaged: it is not JSON. Restore it from a backup") from None
    stored, known = said.get("format") if isinstance(said, dict) else None, _newest(kind)
    if isinstance(stored, int) and stored > known:
        raise UserError(f"{where} has format {stored}; this Tidemill reads up to {known}: upgrade Tidemill")
    try:
        return kind.model_validate(said)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise DamagedError(
            f"{where} is damaged: {field or 'the record'}: {first['msg']}. Restore it from a backup"
        ) from None


def _newest(kind: type[Record]) -> int:
    """The newest format of a record that this Tidemill reads."""
    return int(max(get_args(kind.model_fields["format"].annotation)))
