"""The two records that the registry stores, and how a stored record of any age is read."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Literal, TypeVar

from pydantic import ValidationError

from tidemill.errors import UserError
from tidemill.results import Interval, Lineage, ModelReference, Record, RowBalance

__all__ = ["FORMAT", "Action", "LedgerEntry", "ModelVersion", "parsed"]

FORMAT = 1
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

    ``previous`` and ``champion`` are the champion before and after; ``hashes`` say which data, model,
    evaluation and code it was decided on; ``parent`` is the sha256 of the entry before, so that a
    change of history can be seen. ``automatic`` tells a gate's decision from a person's.
    """

    format: Literal[1] = 1
    number: int
    action: Action
    version: str
    previous: str | None
    champion: str | None
    who: str
    when: datetime
    why: str
    automatic: bool = False
    hashes: dict[str, str]
    parent: str


def parsed(kind: type[T], data: bytes, where: str) -> T:
    """The record in ``data``, which is stored at ``where``. Raises UserError when it is damaged or of newer format."""
    try:
        said = json.loads(data)
    except ValueError:
        raise UserError(f"{where} is damaged: it is not JSON. Restore it from a backup") from None
    stored = said.get("format") if isinstance(said, dict) else None
    if isinstance(stored, int) and stored > FORMAT:
        raise UserError(f"{where} has format {stored}; this Tidemill reads up to {FORMAT}: upgrade Tidemill")
    try:
        return kind.model_validate(said)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise UserError(
            f"{where} is damaged: {field or 'the record'}: {first['msg']}. Restore it from a backup"
        ) from None
