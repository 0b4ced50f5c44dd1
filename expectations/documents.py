"""Data Docs: a suite's outcome as one self-contained page in the lake, beside Great Expectations' own result.

Great Expectations' rendered site takes its style and scripts from six other servers, so it is not
used (docs/decisions/60): a page in the lake must open without a network.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version

from expectations.running import Finding
from expectations.suites import Purpose, Suite
from tidemill.reporting.page import Badge, Block, Cell, Fact, Fold, Headline, Pairs, Prose, Section, Table, Tone, render
from tidemill.reporting.wording import count, moment, plural
from tidemill.results import ExpectationResult
from tidemill.snapshot import Snapshot
from tidemill.store import Store
from tidemill.usecase.schema import UseCase

__all__ = ["FORMAT", "write_documents"]

FORMAT = 1
_TONES: dict[str, Tone] = {"critical": "bad", "warning": "warn", "info": "plain"}


def write_documents(
    store: Store,
    use_case: UseCase,
    snapshot: Snapshot,
    suite: Suite,
    findings: Sequence[Finding],
    results: Sequence[ExpectationResult],
    purpose: Purpose,
) -> str:
    """Write ``<use_case>/data_docs/<snapshot id>/index.html`` and ``validation.json``; gives the page's key."""
    folder = f"{use_case.name}/data_docs/{snapshot.id}"
    now = datetime.now(UTC)
    store.write_json(
        f"{folder}/validation.json",
        {
            "format": FORMAT,
            "subject": snapshot.model_dump(mode="json"),
            "purpose": purpose,
            "created": now.isoformat(),
            "great_expectations": version("great-expectations"),
            "success": all(finding.passed for finding in findings),
            "results": [_plain(finding.raw) for finding in findings],
        },
    )
    page = _page(use_case, snapshot, suite, findings, results, purpose, now)
    store.write_bytes(f"{folder}/index.html", page.encode())
    return f"{folder}/index.html"


def _page(
    use_case: UseCase,
    snapshot: Snapshot,
    suite: Suite,
    findings: Sequence[Finding],
    results: Sequence[ExpectationResult],
    purpose: Purpose,
    now: datetime,
) -> str:
    failed = [one for one in results if not one.passed]
    refused = sum(one.refused_rows for one in results)
    sections = []
    if failed:
        sections.append(Section("What did not hold", [_table(failed)], "Each of these needs a look."))
    held = [one for one in results if one.passed]
    if held:
        sections.append(Section("What held", [_table(held)]))
    sections.append(Section("About this page", _about(snapshot, suite, findings, now)))
    return render(
        title=f"Data of {use_case.name}, judged",
        kicker=f"Data Docs · {use_case.name} · for {purpose} · {moment(now)}",
        headline=_headline(failed),
        facts=[
            Fact("Rows", count(snapshot.rows)),
            Fact("Expectations", count(len(results)), f"{count(len(failed))} did not hold"),
            Fact("Values refused", count(refused), "their rows went to Quarantine" if refused else ""),
        ],
        sections=sections,
        footer=f"Snapshot {snapshot.id}, judged by Great Expectations {version('great-expectations')}.",
    )


def _headline(failed: Sequence[ExpectationResult]) -> Headline:
    critical = sum(one.severity == "critical" for one in failed)
    if critical:
        sentence = (
            f"{plural(critical, 'critical expectation')} did not hold: nothing is trained or scored on this data."
        )
        return Headline("refused", sentence, "bad")
    if failed:
        return Headline(
            "accepted", f"{plural(len(failed), 'expectation')} did not hold; none of them is critical.", "warn"
        )
    return Headline("accepted", "Every expectation held.", "good")


def _table(results: Sequence[ExpectationResult]) -> Table:
    order = {"critical": 0, "warning": 1, "info": 2}
    rows: list[list[Cell]] = [
        [
            f"`{one.column}`" if one.column else "the table",
            one.expectation,
            one.observed,
            one.refused_rows or None,
            Badge(one.severity, "plain" if one.passed else _TONES[one.severity]),
            one.note,
        ]
        for one in sorted(results, key=lambda one: order[one.severity])
    ]
    return Table(["Column", "Expected", "Found", "Rows refused", "Severity", "Why"], rows)


def _about(snapshot: Snapshot, suite: Suite, findings: Sequence[Finding], now: datetime) -> list[Block]:
    types = [
        [
            finding.entry.type,
            json.dumps(finding.entry.kwargs, default=str, ensure_ascii=False),
            f"line {finding.entry.line}",
        ]
        for finding in findings
    ]
    return [
        *([Prose(suite.note)] if suite.note else []),
        Pairs(
            [
                ("Suite", "/".join(suite.path.parts[-2:]) if suite.path else "none"),
                ("Snapshot", f"`{snapshot.id}` ({snapshot.kind})"),
                ("Judged", moment(now)),
                ("Raw result", "`validation.json`, beside this page"),
            ]
        ),
        Fold("The suite in Great Expectations' own words", [Table(["Type", "Arguments", "Where"], types)]),
    ]


def _plain(raw: object) -> object:
    """Great Expectations' result as strict JSON: not-a-number becomes null, other things their text."""
    return json.loads(json.dumps(raw, default=str), parse_constant=lambda _: None)
