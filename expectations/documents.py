"""Data Docs: a suite's outcome as two pages in the lake that open without a network, and the raw result beside them.

``index.html`` is ours, in words and with the reasons; ``great_expectations.html`` is what Great
Expectations renders (:mod:`expectations.site`); ``validation.json`` is its own result.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from expectations.running import Finding
from expectations.site import Site, render_site
from expectations.suites import Purpose, Suite
from tidemill.progress import Note, emit
from tidemill.reporting.page import (
    Badge,
    Block,
    Cell,
    Fact,
    Fold,
    Headline,
    Link,
    Pairs,
    Prose,
    Section,
    Table,
    Tone,
    render,
)
from tidemill.reporting.wording import count, moment, plural
from tidemill.results import ExpectationResult
from tidemill.snapshot import Snapshot
from tidemill.store import Store
from tidemill.usecase.schema import UseCase

__all__ = ["FORMAT", "Subject", "write_documents"]

FORMAT = 1
SITE = "great_expectations.html"
_TONES: dict[str, Tone] = {"critical": "bad", "warning": "warn", "info": "plain"}


@dataclass(frozen=True)
class Subject:
    """What was judged: ``id`` is its folder's name, ``words`` its title, ``judged`` how many ``rows`` were seen."""

    id: str
    words: str
    rows: int
    judged: int
    reference: Mapping[str, Any]

    @classmethod
    def of(cls, snapshot: Snapshot) -> Subject:
        """A whole Snapshot."""
        words = f"`{snapshot.id}` ({snapshot.kind})"
        return cls(snapshot.id, words, snapshot.rows, snapshot.rows, snapshot.model_dump(mode="json"))


def write_documents(
    store: Store,
    use_case: UseCase,
    subject: Subject,
    suite: Suite,
    findings: Sequence[Finding],
    results: Sequence[ExpectationResult],
    purpose: Purpose,
) -> str:
    """Write both pages and ``validation.json`` to ``<use_case>/data_docs/<subject's id>/``; gives the first's key."""
    folder = f"{use_case.name}/data_docs/{subject.id}"
    now = datetime.now(UTC)
    raw = [_plain(finding.raw) for finding in findings]
    store.write_json(
        f"{folder}/validation.json",
        {
            "format": FORMAT,
            "subject": dict(subject.reference),
            "purpose": purpose,
            "created": now.isoformat(),
            "great_expectations": version("great-expectations"),
            "success": all(finding.passed for finding in findings),
            "results": raw,
        },
    )
    heading, about = f"{use_case.name}, judged for {purpose}", f"{plural(subject.judged, 'row')}, {moment(now)}."
    site = render_site(heading, about, subject.words.replace("`", ""), raw)
    if site.html:
        store.write_bytes(f"{folder}/{SITE}", site.html.encode())
    else:
        emit(Note(f"{use_case.name}: Great Expectations' own page could not be made: {site.trouble}"))
    page = _page(use_case, subject, suite, findings, results, purpose, now, site)
    store.write_bytes(f"{folder}/index.html", page.encode())
    return f"{folder}/index.html"


def _page(
    use_case: UseCase,
    subject: Subject,
    suite: Suite,
    findings: Sequence[Finding],
    results: Sequence[ExpectationResult],
    purpose: Purpose,
    now: datetime,
    site: Site,
) -> str:
    failed = [one for one in results if not one.passed]
    refused = sum(one.refused_rows for one in results)
    sections = []
    if failed:
        sections.append(Section("What did not hold", [_table(failed)], "Each of these needs a look."))
    held = [one for one in results if one.passed]
    if held:
        sections.append(Section("What held", [_table(held)]))
    sections.append(Section("About this page", _about(subject, suite, findings, now, site)))
    sampled = f"judged by {count(subject.judged)}, evenly taken" if subject.judged < subject.rows else ""
    return render(
        title=f"Data of {use_case.name}, judged",
        kicker=f"Data Docs · {use_case.name} · for {purpose} · {moment(now)}",
        headline=_headline(failed),
        facts=[
            Fact("Rows", count(subject.rows), sampled),
            Fact("Expectations", count(len(results)), f"{count(len(failed))} did not hold"),
            Fact("Values refused", count(refused), "their rows went to Quarantine" if refused else ""),
        ],
        sections=sections,
        footer=f"{subject.words.replace('`', '')}, judged by Great Expectations {version('great-expectations')}.",
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


def _about(subject: Subject, suite: Suite, findings: Sequence[Finding], now: datetime, site: Site) -> list[Block]:
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
                (
                    "Great Expectations' own page",
                    Link("the same, as it renders it", SITE) if site.html else site.trouble,
                ),
                ("Suite", "/".join(suite.path.parts[-2:]) if suite.path else "none"),
                ("Judged", f"{subject.words}, {moment(now)}"),
                ("Raw result", Link("validation.json", "validation.json")),
            ]
        ),
        Fold("The suite in Great Expectations' own words", [Table(["Type", "Arguments", "Where"], types)]),
    ]


def _plain(raw: object) -> Any:
    """Great Expectations' result as strict JSON: not-a-number becomes null, other things their text."""
    return json.loads(json.dumps(raw, default=str), parse_constant=lambda _: None)
