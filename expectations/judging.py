"""Judge rows by their use case's suite: results in words, refused rows in Quarantine, Data Docs in the lake.

One suite serves all: training rows, scoring input and logs of requests. Away from training, rows are
read as the model reads them, and what only training has is not asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from expectations.documents import Subject, write_documents
from expectations.running import Finding, run
from expectations.suites import Purpose, Suite, SuiteEntry, load_suite, project_of, suite_path
from expectations.wording import expected
from tidemill.cleaning import Kind, normalise
from tidemill.errors import UserError
from tidemill.expressions import columns_of
from tidemill.progress import Note, emit
from tidemill.provenance import code_version
from tidemill.results import ExpectationResult
from tidemill.said import to_tell
from tidemill.snapshot import Snapshot, write_snapshot
from tidemill.store import Store
from tidemill.usecase.schema import UseCase

__all__ = ["Judgement", "Reads", "judge", "judge_input"]


@dataclass(frozen=True)
class Reads:
    """The columns that a model reads, and as what; ``needed`` are those that a row must bring."""

    kinds: Mapping[str, Kind]
    needed: frozenset[str]


@dataclass(frozen=True)
class Judgement:
    """What a suite says of a Snapshot.

    ``kept`` are the rows that passed (the Snapshot itself when none was refused), ``refused`` the
    others with `_rule` and `_reason`, or None. ``data_docs`` is the page's key in the lake.
    """

    results: tuple[ExpectationResult, ...]
    kept: Snapshot
    refused: Snapshot | None
    data_docs: str | None

    @property
    def passed(self) -> bool:
        """Whether no critical expectation failed."""
        return all(one.passed for one in self.results if one.severity == "critical")


def judge(
    store: Store,
    use_case: UseCase,
    snapshot: Snapshot,
    *,
    purpose: Purpose,
    publish: bool,
    masked: Mapping[str, str] | None = None,
    reads: Reads | None = None,
) -> Judgement:
    """Run the suite on ``snapshot``; ``publish`` writes Data Docs to ``<use_case>/data_docs/<snapshot id>/``.

    ``masked`` are columns with personal data and their kinds: no result or page shows their values.
    ``reads`` says what the model reads.

    Rows that fail an entry with ``rows: refuse`` go to Quarantine, whether or not the entry as a whole
    failed: ``mostly`` says how many may. Away from training, entries about columns that only training
    has are left out when the column is not there: the target, forbidden columns, and with ``reads`` all
    that the model does not need.

    Raises :exc:`UserError` for a broken suite, and when the suite refuses every row.
    """
    suite = load_suite(use_case)
    if not suite.entries:
        where = "has no expectations" if suite.path else f"there is no {'/'.join(suite_path(use_case).parts[-2:])}"
        emit(Note(f"{use_case.name}: the data is not judged: {where}"))
        return Judgement((), snapshot, None, None)
    frame = snapshot.read(store)
    findings = _findings(use_case, suite, frame, snapshot.rows, purpose, masked or {}, reads)
    kept, refused = _sorted_out(store, use_case, snapshot, frame, findings)
    results = tuple(_result(finding) for finding in findings)
    subject = Subject.of(snapshot)
    key = write_documents(store, use_case, subject, suite, findings, results, purpose) if publish else None
    return Judgement(results, kept, refused, key)


def judge_input(
    store: Store,
    use_case: UseCase,
    frame: pd.DataFrame,
    subject: Subject,
    *,
    masked: Mapping[str, str],
    reads: Reads,
) -> tuple[tuple[ExpectationResult, ...], str]:
    """Judge rows that are to be scored: the results, and the key of the Data Docs.

    ``frame`` is a sample of ``subject.rows`` rows, or all of them; numbers of rows are those of the whole. No row
    is refused: every one gets its answer, or none does.
    """
    suite = load_suite(use_case)
    lenient = replace(suite, entries=tuple(replace(entry, refuse=False) for entry in suite.entries))
    findings = _findings(use_case, lenient, frame, subject.rows, "scoring", masked, reads)
    results = tuple(_result(finding) for finding in findings)
    return results, write_documents(store, use_case, subject, suite, findings, results, "scoring")


def _findings(
    use_case: UseCase,
    suite: Suite,
    frame: pd.DataFrame,
    rows: int,
    purpose: Purpose,
    masked: Mapping[str, str],
    reads: Reads | None,
) -> list[Finding]:
    entries = [
        entry for entry in suite.applying(purpose, len(frame)) if _applies(entry, use_case, frame, purpose, reads)
    ]
    if purpose != "training" and reads is not None:
        frame = normalise(frame, use_case.clean, {name: kind for name, kind in reads.kinds.items() if name in frame})
    return run(entries, frame, masked, project_of(use_case), rows)


def _applies(entry: SuiteEntry, use_case: UseCase, frame: pd.DataFrame, purpose: Purpose, reads: Reads | None) -> bool:
    if purpose == "training":
        return True
    absent = {name for name in entry.columns() if name not in frame}
    if reads is not None and entry.only is None:
        return absent <= reads.needed
    target = use_case.target
    known_later = {use_case.target_name, *use_case.columns.forbid, *([target.column] if target.column else [])}
    known_later |= columns_of(target.expression) if target.expression else frozenset()
    return not absent & known_later


def _sorted_out(
    store: Store, use_case: UseCase, snapshot: Snapshot, frame: pd.DataFrame, findings: Sequence[Finding]
) -> tuple[Snapshot, Snapshot | None]:
    """The rows that passed and the refused ones; a row that several entries refuse tells all their reasons."""
    rule = np.full(len(frame), "", dtype=object)
    reason = np.full(len(frame), "", dtype=object)
    for finding in findings:
        rows = finding.failed_rows
        if rows is None or not len(rows):
            continue
        first = rows[rule[rows] == ""]
        more = rows[rule[rows] != ""]
        about = _about(finding.entry)
        rule[first] = f"suite:{about}"
        reason[first] = _why(finding.entry)
        reason[more] = reason[more] + f"; {_why(finding.entry)}"
    bad = rule != ""
    if not bad.any():
        return snapshot, None
    if bad.all():
        raise UserError(
            f"the suite refuses all {len(frame):,} rows, first because {reason[0]}. "
            f"Mend the data, or {'/'.join(suite_path(use_case).parts[-2:])}"
        )
    parents, code = (snapshot.id,), code_version()
    refused = frame[bad].assign(_rule=rule[bad].astype(str), _reason=reason[bad].astype(str))
    watermark = snapshot.manifest(store).watermark
    return (
        write_snapshot(
            store, use_case.name, snapshot.kind, frame[~bad], parents=parents, watermark=watermark, code=code
        ),
        write_snapshot(store, use_case.name, "quarantine", refused, parents=parents, code=code),
    )


def _about(entry: SuiteEntry) -> str:
    return "+".join(entry.columns()) or "table"


def _why(entry: SuiteEntry) -> str:
    """What is wrong with a refused row: the expectation of the column, without the share that may fail."""
    kwargs = {name: value for name, value in entry.kwargs.items() if name != "mostly"}
    return to_tell("`{column}` is not as expected: {told}", column=_about(entry), told=expected(entry.type, kwargs))


def _result(finding: Finding) -> ExpectationResult:
    entry = finding.entry
    columns = entry.columns()
    return ExpectationResult(
        expectation=expected(entry.type, entry.kwargs),
        column=", ".join(columns) or None,
        severity=entry.severity,
        passed=finding.passed,
        observed=finding.observed,
        refused_rows=0 if finding.failed_rows is None else len(finding.failed_rows),
        note=entry.note,
    )
