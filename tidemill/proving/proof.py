"""Before promotion: the same rows through training code, reloaded artefact, batch scoring and a REST service."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from tidemill.learning.model import Model
from tidemill.proving.comparing import TOLERANCE, Answers, Disagreement, compare
from tidemill.proving.probes import Probes
from tidemill.proving.trained import Asked, as_trained
from tidemill.proving.ways import Proven, by_batch, by_python, by_rest
from tidemill.results import ModelReference, Proof, Split
from tidemill.said import Said
from tidemill.store import Store
from tidemill.usecase import UseCase

__all__ = ["prove"]

FORMAT = 1
MOST_TOLD = 100
WAYS = ("training code", "reloaded artefact", "batch scoring", "REST service")


def prove(store: Store, use_case: UseCase, split: Split, reference: ModelReference) -> Proof:
    """Ask the stored Model for the same rows in every way, and compare the answers with the training code's.

    Raises UserError when the Model is not whole, or when what the training code answered is not in the lake.
    """
    model = Model.load(store, reference)
    probes = Asked.of(store, split, model, use_case.seed).probes
    expected = as_trained(store, split, reference, probes)
    largest: float = 0.0
    asked: dict[str, int] = {}
    found: list[Disagreement] = []
    for answers in _answers(store, use_case, Proven(reference), probes):
        near, apart = compare(expected, answers, model.classes, model.threshold)
        largest = max(largest, near)
        asked[answers.way] = len(answers.table) + len(answers.refused)
        found += apart
    reasons = _reasons(found, probes)
    said = {
        "format": FORMAT,
        "model": reference.id,
        "gate": split.gate.id,
        "probes": probes.digest,
        "tolerance": TOLERANCE,
        "largest": largest,
        "asked": asked,
        "notes": probes.notes,
        "disagreements": [
            {**vars(one), "difference": None if one.difference == float("inf") else one.difference}
            for one in found[:MOST_TOLD]
        ],
    }
    name = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]
    key = f"{use_case.name}/proofs/{reference.id}-{name}.json"
    store.write_json(key, said)
    return Proof(passed=not found, reasons=reasons, rows=len(probes), ways=WAYS, largest=largest, key=key)


def _answers(store: Store, use_case: UseCase, proven: Proven, probes: Probes) -> Iterator[Answers]:
    yield by_python(store, proven, probes)
    yield from by_batch(store, use_case, proven, probes)
    yield from by_rest(store, use_case, proven, probes)


def _reasons(found: list[Disagreement], probes: Probes) -> tuple[Said, ...]:
    """One a way: its largest difference, by the row and what the row is."""
    reasons: list[Said] = []
    for way in dict.fromkeys(one.way for one in found):
        theirs = [one for one in found if one.way == way]
        first = theirs[0]
        values: dict[str, str | int | float] = {
            "way": way,
            "rows": len({one.row for one in theirs}),
            "row": first.row,
            "note": probes.notes[first.row],
            "column": first.column,
            "found": first.found,
            "expected": first.expected,
            "tolerance": TOLERANCE,
        }
        if first.difference == float("inf"):
            reasons.append(
                Said(
                    text="{way} answers {rows} of the proof's rows otherwise than the training code did. "
                    "Row {row} ({note}): {column} is {found}, and was {expected}",
                    values=values,
                )
            )
        else:
            reasons.append(
                Said(
                    text="{way} answers {rows} of the proof's rows otherwise than the training code did. "
                    "Row {row} ({note}): {column} is {found}, and was {expected}; they differ by {difference:.2g}, "
                    "and {tolerance:g} is allowed",
                    values={**values, "difference": first.difference},
                )
            )
    return tuple(reasons)
