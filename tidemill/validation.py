"""The verdict on training data: what the suite found, what leaks, and which columns stay out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from tidemill.errors import GateError
from tidemill.leaks import find_leaks
from tidemill.learning.queries import NOT_A_FEATURE
from tidemill.personal import KIND_WORDS, find_personal
from tidemill.results import (
    ExpectationResult,
    InputValidation,
    Labelled,
    Leak,
    PersonalColumn,
    Trap,
    Validation,
)
from tidemill.said import to_say, to_tell
from tidemill.snapshot import Snapshot
from tidemill.store import Store
from tidemill.traps import find_traps, stopped_by
from tidemill.usecase import UseCase

__all__ = ["Judgement", "exclusions", "input_verdict", "personal_columns", "refused", "verdict", "warned"]


class Judgement(Protocol):
    """What a suite's run gives: its results, the rows that passed, and the rows that were refused."""

    @property
    def results(self) -> Sequence[ExpectationResult]:
        """One an expectation, in the suite's order."""
        ...

    @property
    def kept(self) -> Snapshot:
        """The rows that passed."""
        ...

    @property
    def refused(self) -> Snapshot | None:
        """The rows that a rule refused, in Quarantine."""
        ...

    @property
    def data_docs(self) -> str | None:
        """The key of the published Data Docs."""
        ...


def personal_columns(store: Store, use_case: UseCase, labelled: Labelled) -> tuple[PersonalColumn, ...]:
    """The scan for personal data, over every column but the target and the time.

    It comes before the suite runs, so that nothing that the suite writes shows a person's values.
    """
    frame = labelled.snapshot.read(store)
    skip = {use_case.target_name, *filter(None, (use_case.time, use_case.target.column))}
    return tuple(find_personal(frame, use_case.columns.personal, skip=skip, seed=use_case.seed))


def verdict(
    store: Store,
    use_case: UseCase,
    labelled: Labelled,
    judgement: Judgement,
    personal: Sequence[PersonalColumn] = (),
) -> Validation:
    """Bring the suite's findings, leaks, traps and the scan together.

    ``passed`` is False for critical failures, for traps that stop the run, and when no column is left.
    """
    frame = judgement.kept.read(store)
    unlabelled = labelled.quarantine.read(store) if labelled.quarantine is not None else None
    if unlabelled is not None:  # what labelling functions know nothing of may well have an outcome
        unlabelled = unlabelled[unlabelled["_rule"] == "target"]
    leaks = find_leaks(use_case, frame, unlabelled, use_case.target_name, labelled.task)
    told = {one.column for one in leaks} | {one.column for one in personal}
    traps = [
        trap
        for trap in find_traps(use_case, frame, use_case.target_name, labelled.task)
        if trap.kind != "names_rows" or told.isdisjoint(trap.columns)
    ]
    excluded = exclusions(use_case, leaks, personal, traps)
    failed = [one for one in judgement.results if not one.passed and one.severity == "critical"]
    reasons = (
        *(_reason(one) for one in failed),
        *stopped_by(traps),
        *_nothing_left(use_case, [str(name) for name in frame.columns], excluded),
    )
    return Validation(
        subject=labelled.snapshot.id,
        passed=not reasons,
        reasons=reasons,
        results=tuple(judgement.results),
        leaks=tuple(leaks),
        excluded=excluded,
        snapshot=judgement.kept,
        quarantine=judgement.refused,
        data_docs=judgement.data_docs,
        personal=tuple(personal),
        traps=tuple(traps),
    )


def exclusions(
    use_case: UseCase,
    leaks: Sequence[Leak],
    personal: Sequence[PersonalColumn] = (),
    traps: Sequence[Trap] = (),
) -> dict[str, str]:
    """Every column that must not reach the model, with the reason; of several, the one that nobody can argue with."""
    excluded: dict[str, str] = {}
    for trap in traps:
        if trap.kind == "names_rows" and not trap.allowed:
            excluded |= dict.fromkeys(trap.columns, to_tell("it names rows: {told}", told=trap.evidence))
    for one in personal:
        if not one.allowed:
            kind = KIND_WORDS.get(one.kind, one.kind)
            excluded[one.column] = (
                to_tell("personal data: {told}", told=one.evidence)
                if one.kind == "declared"
                else to_tell("personal data, {kind}: {told}", kind=kind, told=one.evidence)
            )
    for leak in leaks:
        if not leak.allowed:
            excluded[leak.column] = to_tell("leak: {told}", told=leak.evidence)
    for column in use_case.columns.ignore:
        excluded[column] = to_say("the use case ignores it")
    if len(use_case.id) == 1:  # parts of a longer id name a row only together: alone each may well be a feature
        excluded[use_case.id[0]] = to_say("it names a row")
    if use_case.query is not None:
        excluded[use_case.query] = NOT_A_FEATURE
    for column in use_case.columns.forbid:
        excluded[column] = to_say("the use case forbids it: not known when a prediction is asked for")
    return excluded


def _nothing_left(use_case: UseCase, columns: Sequence[str], excluded: Mapping[str, str]) -> Iterator[str]:
    """The reason to stop when what was found left the model no column to read."""
    own = {
        use_case.target_name,
        use_case.target.column,
        *use_case.columns.forbid,
        *use_case.columns.ignore,
        *use_case.id,
        use_case.query,
    }
    others = [name for name in columns if name not in own]
    if others and all(name in excluded for name in others):
        told = "; ".join(f"`{name}`: {excluded[name]}" for name in others[:5])
        more = f" and {len(others) - 5} more" if len(others) > 5 else ""
        yield (
            f"no column is left to learn from, all were left out: {told}{more}. Bring columns that are known before "
            "the outcome, or `columns.allow` those that are"
        )


def input_verdict(
    subject: str, rows: int, judged: int, results: Sequence[ExpectationResult], data_docs: str | None
) -> InputValidation:
    """The verdict on rows that are to be scored. Critical failures make ``passed`` False."""
    failed = [one for one in results if not one.passed and one.severity == "critical"]
    return InputValidation(
        subject=subject,
        rows=rows,
        judged=judged,
        passed=not failed,
        reasons=tuple(_reason(one) for one in failed),
        results=tuple(results),
        data_docs=data_docs,
    )


def warned(judged: InputValidation) -> tuple[str, ...]:
    """What does not hold for rows that are scored all the same, a sentence each."""
    return tuple(_reason(one) for one in judged.results if not one.passed and one.severity == "warning")


def refused(what: str, reasons: Sequence[str], data_docs: str | None) -> GateError:
    """The error to raise where critical expectations failed; ``data_docs`` is the pages' URL."""
    docs = f" Data Docs: {data_docs}" if data_docs else ""
    return GateError(f"{what}: {'; '.join(reasons)}. Nothing changed.{docs}", data_docs=data_docs)


def _reason(result: ExpectationResult) -> str:
    column = f"`{result.column}`: " if result.column else ""
    return f"{column}expected that {result.expectation}, but {result.observed}"
