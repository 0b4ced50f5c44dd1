"""The monitoring report: one self-contained page on a run's windows. Imports matplotlib: import this module late."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from datetime import datetime

from tidemill.monitoring.drift import FALSE_ALARMS, USUAL_FACTOR
from tidemill.monitoring.pictures import column_pictures, movement_picture, promise_picture, quality_picture
from tidemill.monitoring.records import Alarm, ColumnDrift, DriftReport, Level, Monitored, Quality, Span
from tidemill.monitoring.reference import Reference
from tidemill.reporting.page import (
    Badge,
    Block,
    Cell,
    Fact,
    Figures,
    Fold,
    Headline,
    Link,
    Notice,
    Pairs,
    Prose,
    Section,
    Table,
    Tone,
    render,
)  # fmt: skip
from tidemill.reporting.wording import count, listed, metric_name, moment, number, percent, plural
from tidemill.results import Interval
from tidemill.usecase.schema import UseCase

__all__ = ["render_report", "span_text"]

_TONES: dict[Level, Tone] = {"page": "bad", "warn": "warn", "note": "plain"}


def render_report(
    use_case: UseCase,
    monitored: Monitored,
    reference: Reference,
    history: Sequence[DriftReport],
    now: datetime,
    masked: Mapping[str, str] | None = None,
) -> str:
    """The page as HTML. ``history`` are the version's windows so far, this run's at the end; ``masked`` are
    columns with personal data, with their kinds."""
    newest = monitored.windows[-1]
    return render(
        title=use_case.title or use_case.name,
        kicker=f"Monitoring · {use_case.name} · version {monitored.version} · {moment(now)}",
        headline=_headline(monitored),
        facts=_facts(monitored),
        sections=[
            Section("Alarms", _alarms(monitored.alarms), _alarms_lead(monitored.alarms)),
            Section("How good the answers are", _quality(monitored, history), _quality_lead(monitored.quality)),
            Section("What moved", _moved(use_case, newest, reference, masked or {}), _moved_lead(newest)),
            Section("The data", _data(monitored)),
            Section("Windows so far", [_windows(history)]),
            Section("How to read this", [Prose(_METHOD.format(chance=percent(FALSE_ALARMS), factor=USUAL_FACTOR))]),
        ],
        footer=f"Tidemill · {use_case.name} · {monitored.version} · judged {moment(now)}",
    )


def span_text(span: Span) -> str:
    """``1 November 2013 to 1 December 2013``."""
    if span.since is None or span.until is None:
        return "all rows of the run"
    return f"{moment(span.since)} to {moment(span.until)}"


def _headline(monitored: Monitored) -> Headline:
    first = monitored.alarms[0] if monitored.alarms else None
    if first is None or first.level == "note":
        return Headline(
            "all well", "Nothing here needs anybody: data, answers and quality are as they should be.", "good"
        )
    urgent = [alarm for alarm in monitored.alarms if alarm.level == first.level]
    more = f" And {plural(len(urgent) - 1, 'alarm')} more." if len(urgent) > 1 else ""
    return Headline("act now" if first.level == "page" else "look into it", f"{first.what}.{more}", _TONES[first.level])


def _facts(monitored: Monitored) -> list[Fact]:
    quality = monitored.quality
    metric = metric_name(quality.proven.name)
    since = span_text(monitored.window)
    facts = [
        Fact("Rows", count(monitored.rows), since),
        Fact(f"{metric} on the gate rows", number(quality.proven.value, 3)),
    ]
    if quality.measured is not None:
        note = f"{_range(quality.measured)}, on {plural(quality.labels, 'row')} with labels"
        facts.append(Fact(f"{metric} measured", number(quality.measured.value, 3), note))
    if quality.estimated is not None:
        note = f"{_range(quality.estimated)}, without labels"
        facts.append(Fact(f"{metric} estimated", number(quality.estimated.value, 3), note))
    urgent = sum(alarm.level != "note" for alarm in monitored.alarms)
    return [*facts, Fact("Alarms", count(urgent), f"and {plural(len(monitored.alarms) - urgent, 'note')}")]


def _unbroken(text: str) -> str:
    """The text on one line, in a narrow column too."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def _value(interval: Interval) -> str:
    return f"{number(interval.value, 3)} ({_range(interval)})"


def _range(interval: Interval) -> str:
    return f"{number(interval.low, 3)} to {number(interval.high, 3)}"


def _alarms_lead(alarms: Sequence[Alarm]) -> str:
    counted = {level: sum(alarm.level == level for alarm in alarms) for level in ("page", "warn", "note")}
    said = [plural(rows, level) for level, rows in counted.items() if rows]
    return f"{listed(said)}." if said else ""


def _alarms(alarms: Sequence[Alarm]) -> list[Block]:
    if not alarms:
        return [Notice("good", "No alarm.", "Every check held in every window of this run.")]
    rows: list[list[Cell]] = [
        [Badge(alarm.level, _TONES[alarm.level]), alarm.what, _unbroken(moment(alarm.since)), alarm.advice]
        for alarm in alarms
    ]
    return [Table(["Level", "What", "Since", "What to do"], rows)]


def _quality_lead(quality: Quality) -> str:
    metric = metric_name(quality.proven.name)
    if quality.measured is None:
        return "No label has arrived yet: what can be said is what the model's own probabilities promise."
    return (
        f"{metric} is {_value(quality.measured)} on {plural(quality.labels, 'row')} whose label has arrived; "
        f"on the gate rows it was {_value(quality.proven)}."
    )


def _quality(monitored: Monitored, history: Sequence[DriftReport]) -> list[Block]:
    figures = [quality_picture(history), promise_picture(history)]
    shown = [figure for figure in figures if figure is not None]
    return [Figures(shown)] if shown else [Prose("There is nothing to measure yet.")]


def _moved_lead(newest: DriftReport) -> str:
    moved = [one.name for one in newest.columns if one.level in ("warn", "page")]
    usual = [one.name for one in newest.columns if one.level == "note"]
    said = (
        f"In the newest window, {listed([f'`{name}`' for name in moved])} moved beyond what is usual." if moved else ""
    )
    noted = (
        f"{plural(len(usual), 'column')} moved within what training's own windows did, or by little." if usual else ""
    )
    return " ".join(part for part in (said, noted) if part) or "No column moved in the newest window."


def _moved(use_case: UseCase, newest: DriftReport, reference: Reference, masked: Mapping[str, str]) -> list[Block]:
    if not newest.rows:
        return [Prose("The newest window has no rows.")]
    blocks: list[Block] = [movement_picture(newest, use_case.monitor.drift_warn)]
    pictures = column_pictures(newest, reference, masked)
    if pictures:
        blocks.append(Figures(pictures))
    drifts = [*([newest.prediction] if newest.prediction is not None else []), *newest.columns]
    blocks.append(Fold("Every column", [_columns(drifts)]))
    return blocks


def _columns(drifts: Sequence[ColumnDrift]) -> Table:
    rows: list[list[Cell]] = [
        [
            f"`{one.name}`",
            number(one.movement, 2),
            number(one.usual, 2),
            percent(one.missing),
            percent(one.missing_before),
            percent(one.unseen),
            Badge(one.level, _TONES[one.level]) if one.level else None,
            "; ".join(finding.words for finding in one.findings),
        ]
        for one in drifts
    ]
    head = ["Column", "Moved by", "Usual", "Missing", "Missing in training", "New values", "Level", "Finding"]
    return Table(head, rows)


def _data(monitored: Monitored) -> list[Block]:
    rows: list[list[Cell]] = []
    for report in monitored.windows:
        failed = [one for one in report.results if not one.passed]
        for one in failed:
            tone: Tone = {"critical": "bad", "warning": "warn"}.get(one.severity, "plain")  # type: ignore[assignment]
            column = f"`{one.column}`" if one.column else "the table"
            rows.append([span_text(report.window), column, one.expectation, one.observed, Badge(one.severity, tone)])
    checked = sum(len(report.results) for report in monitored.windows)
    blocks: list[Block] = []
    if rows:
        blocks.append(Table(["Window", "Column", "Expected", "Found", "Severity"], rows))
    elif checked:
        blocks.append(Notice("good", f"All {count(checked)} checks of the suite held."))
    else:
        blocks.append(Prose("The use case has no suite: the data was not judged."))
    if monitored.refused:
        refused: list[list[Cell]] = [[reason, rows] for reason, rows in monitored.refused.items()]
        blocks.append(Table(["Refused by cleaning, because", "Rows"], refused))
    here = posixpath.dirname(monitored.report)
    docs = [
        (span_text(report.window), Link("Data Docs", posixpath.relpath(report.data_docs, here)))
        for report in monitored.windows
        if report.data_docs
    ]
    if docs:
        blocks.append(Fold("Data Docs", [Pairs(docs)]))
    return blocks


def _windows(history: Sequence[DriftReport]) -> Table:
    rows: list[list[Cell]] = []
    for report in reversed(history):
        urgent = [alarm.level for alarm in report.alarms if alarm.level != "note"]
        worst: Level | None = "page" if "page" in urgent else "warn" if urgent else None
        verdict = Badge(worst, _TONES[worst]) if worst else Badge("well", "good")
        measured, estimated = report.quality.measured, report.quality.estimated
        rows.append(
            [
                span_text(report.window) + (" (not whole yet)" if report.young else ""),
                verdict,
                report.rows,
                _value(measured) if measured else None,
                _value(estimated) if estimated else None,
                number(report.prediction.movement, 2) if report.prediction else None,
            ]
        )
    return Table(["Window", "Verdict", "Rows", "Measured", "Estimated", "Prediction moved by"], rows)


_METHOD = """
**Moved by** is the population stability index between training and the window, less what sampling alone adds. A
column warns when that reaches the use case's limit, when chance would show as much in fewer than {chance} of windows
for all columns together, and when it is {factor} times the most that training's own windows of this length moved. So
seasons do not alarm, and neither do small windows.

**Measured** is the gate's metric on rows whose label has arrived. Its interval resamples whole days, because rows of
one day have much in common. A page means that it is worse than proven by more than the margin, uncertainty included.

**Estimated** needs no label: labels are drawn from the model's own probabilities. It sees that other rows come. It
can't see that the same rows have come to mean something else.
"""
