"""The first half of training: from the sources to rows that may be learnt from, and rows that are the gate's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flows.opening import in_utc
from tasks.clean import clean
from tasks.collect import collect
from tasks.label import label
from tasks.report import show_data_docs
from tasks.split import split
from tasks.validate import validate
from tidemill.results import Cleaned, Collected, Labelled, Split, Validation
from tidemill.stages import Outcome
from tidemill.store import Store
from tidemill.traps import stopped_by
from tidemill.usecase import UseCase
from tidemill.validation import refused

__all__ = ["Rows", "rows_to_learn_from"]


@dataclass(frozen=True)
class Rows:
    """What the first stages gave. ``settled`` is the use case with what cleaning fitted on the training rows."""

    settled: UseCase
    collected: Outcome[Collected]
    cleaned: Outcome[Cleaned]
    labelled: Outcome[Labelled]
    validated: Outcome[Validation]
    parts: Outcome[Split]

    @property
    def stages(self) -> dict[str, Outcome[Any]]:
        """The outcomes by their stages' names, in order."""
        return {
            "collect": self.collected,
            "clean": self.cleaned,
            "label": self.labelled,
            "validate": self.validated,
            "split": self.parts,
        }


def rows_to_learn_from(
    case: UseCase, store: Store, since: datetime | None, until: datetime | None, as_of: datetime | None
) -> Rows:
    """Collect, clean, label, validate and split. Raises GateError when the data is refused."""
    since, until, as_of = in_utc(since), in_utc(until), in_utc(as_of)
    limits = [moment for moment in (until or case.split.gate_until, as_of) if moment]
    collected = collect(case, store, since=since, until=min(limits, default=None))
    cleaned = clean(case, store, collected.result, until)
    labelled = label(case, store, collected.result, cleaned.result, as_of)
    validated = validate(case, store, labelled.result)
    docs = show_data_docs(case, store, validated.result.data_docs)
    if not validated.result.passed:
        raise refused("The data was refused before training", validated.result.reasons, docs)
    parts = split(case, store, labelled.result, validated.result, until=until)
    stopped = stopped_by(parts.result.traps)
    if stopped:
        raise refused("The data was refused before training", stopped, docs)
    return Rows(case.settled(cleaned.result.rules), collected, cleaned, labelled, validated, parts)
