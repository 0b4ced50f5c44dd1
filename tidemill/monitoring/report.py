"""The monitoring report: one self-contained page on a run's windows."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from datetime import datetime

from tidemill.monitoring.drift import FALSE_ALARMS, USUAL_FACTOR
from tidemill.monitoring.pictures import column_pictures, movement_picture, promise_picture, quality_picture
from tidemill.monitoring.records import Alarm, ColumnDrift, DriftReport, Level, Monitored, Quality, Span
from tidemill.monitoring.reference import Reference
from tidemill.reporting.language import in_words, retold, say, say_plural, to_say
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
from tidemill.reporting.wording import count, listed, metric_name, moment, number, percent, span
from tidemill.results import Interval
from tidemill.usecase.schema import UseCase

__all__ = ["render_report", "span_text"]

_TONES: dict[Level, Tone] = {"page": "bad", "warn": "warn", "note": "plain"}
_LEVELS: dict[Level, str] = {"page": to_say("page"), "warn": to_say("warn"), "note": to_say("note")}
_SEVERITIES = {"critical": to_say("critical"), "warning": to_say("warning"), "info": to_say("info")}
_MOST_CLAUSES = 3


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
    method = (
        say(_METHOD["moved"], chance=percent(FALSE_ALARMS), factor=USUAL_FACTOR),
        say(_METHOD["measured"]),
        say(_METHOD["estimated"]),
    )
    version = say("version {version}", version=monitored.version)
    return render(
        title=use_case.title or use_case.name,
        kicker=f"{say('Monitoring')} · {use_case.name} · {version} · {moment(now)}",
        headline=_headline(monitored),
        facts=_facts(monitored),
        sections=[
            Section(say("Alarms"), _alarms(monitored.alarms), _alarms_lead(monitored.alarms)),
            Section(say("How good the answers are"), _quality(monitored, history), _quality_lead(monitored.quality)),
            Section(say("What moved"), _moved(use_case, newest, reference, masked or {}), _moved_lead(newest)),
            Section(say("The data"), _data(monitored)),
            Section(say("Windows so far"), [_windows(history)]),
            Section(say("How to read this"), [Prose("\n\n".join(method))]),
        ],
        footer=f"Tidemill · {use_case.name} · {monitored.version} · {say('judged {moment}', moment=moment(now))}",
    )


def span_text(window: Span) -> str:
    """``1 November 2013 to 1 December 2013``."""
    if window.since is None or window.until is None:
        return say("all rows of the run")
    return say("{since} to {until}", since=moment(window.since), until=moment(window.until))


def _headline(monitored: Monitored) -> Headline:
    first = monitored.alarms[0] if monitored.alarms else None
    if first is None or first.level == "note":
        words = say("Nothing here needs anybody: data, answers and quality are as they should be.")
        return Headline(say("all well"), words, "good")
    urgent = [alarm for alarm in monitored.alarms if alarm.level == first.level]
    more = len(urgent) - 1
    rest = f" {say_plural('And {count} alarm more.', 'And {count} alarms more.', more)}" if more else ""
    verdict = say("act now") if first.level == "page" else say("look into it")
    return Headline(verdict, f"{_what(first)}.{rest}", _TONES[first.level])


def _facts(monitored: Monitored) -> list[Fact]:
    quality = monitored.quality
    metric = metric_name(quality.proven.name)
    since = span_text(monitored.window)
    facts = [
        Fact(say("Rows"), count(monitored.rows), since),
        Fact(say("{metric} on the gate rows", metric=metric), number(quality.proven.value, 3)),
    ]
    if quality.measured is not None:
        note = say("{span}, on {rows:,} rows with labels", span=_range(quality.measured), rows=quality.labels)
        facts.append(Fact(say("{metric} measured", metric=metric), number(quality.measured.value, 3), note))
    if quality.estimated is not None:
        note = say("{span}, without labels", span=_range(quality.estimated))
        facts.append(Fact(say("{metric} estimated", metric=metric), number(quality.estimated.value, 3), note))
    urgent = sum(alarm.level != "note" for alarm in monitored.alarms)
    notes = say_plural("and {count} note", "and {count} notes", len(monitored.alarms) - urgent)
    return [*facts, Fact(say("Alarms"), count(urgent), notes)]


def _unbroken(text: str) -> str:
    """The text on one line, in a narrow column too."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def _value(interval: Interval) -> str:
    return f"{number(interval.value, 3)} ({_range(interval)})"


def _range(interval: Interval) -> str:
    return span(interval.low, interval.high, 3)


def _alarms_lead(alarms: Sequence[Alarm]) -> str:
    counted = [(word, sum(alarm.level == level for alarm in alarms)) for level, word in _LEVELS.items()]
    said = [f"{count(how_many)} × {say(word)}" for word, how_many in counted if how_many]
    return f"{listed(said)}." if said else ""


def _alarms(alarms: Sequence[Alarm]) -> list[Block]:
    if not alarms:
        return [Notice("good", say("No alarm."), say("Every check held in every window of this run."))]
    rows: list[list[Cell]] = [
        [_badge(alarm.level), _what(alarm, _MOST_CLAUSES), say(alarm.advice), _unbroken(moment(alarm.since))]
        for alarm in alarms
    ]
    return [Table([say("Level"), say("What"), say("What to do"), say("Since")], rows)]


def _badge(level: Level) -> Badge:
    return Badge(say(_LEVELS[level]), _TONES[level])


def _what(alarm: Alarm, most: int | None = None) -> str:
    """What an alarm says, as far as ``most`` clauses; as it was stored where it is from before there were clauses."""
    if not alarm.clauses:
        return alarm.what
    said = [f"`{one.about}` {in_words(one.said)}" if one.about else in_words(one.said) for one in alarm.clauses]
    rest = len(said) - most if most is not None else 0
    if rest > 0:
        said = [*said[:most], say_plural("and {count} more, below", "and {count} more, below", rest)]
    words = "; ".join(said)
    words = words if words.startswith("`") else f"{words[:1].upper()}{words[1:]}"
    return say("No longer so, before: {what}", what=words) if alarm.was else words


def _quality_lead(quality: Quality) -> str:
    metric = metric_name(quality.proven.name)
    if quality.measured is None:
        return say("No label has arrived yet: what can be said is what the model's own probabilities promise.")
    return say(
        "{metric} is {measured} on {rows:,} rows whose label has arrived; on the gate rows it was {proven}.",
        metric=metric,
        measured=_value(quality.measured),
        rows=quality.labels,
        proven=_value(quality.proven),
    )


def _quality(monitored: Monitored, history: Sequence[DriftReport]) -> list[Block]:
    figures = [quality_picture(history), promise_picture(history)]
    shown = [figure for figure in figures if figure is not None]
    return [Figures(shown)] if shown else [Prose(say("There is nothing to measure yet."))]


def _moved_lead(newest: DriftReport) -> str:
    moved = [one.name for one in newest.columns if one.level in ("warn", "page")]
    usual = [one.name for one in newest.columns if one.level == "note"]
    said = []
    if moved:
        columns = listed([f"`{name}`" for name in moved])
        said.append(say("In the newest window, {columns} moved beyond what is usual.", columns=columns))
    if usual:
        said.append(
            say_plural(
                "{count} column moved within what training's own windows did, or by little.",
                "{count} columns moved within what training's own windows did, or by little.",
                len(usual),
            )
        )
    return " ".join(said) or say("No column moved in the newest window.")


def _moved(use_case: UseCase, newest: DriftReport, reference: Reference, masked: Mapping[str, str]) -> list[Block]:
    if not newest.rows:
        return [Prose(say("The newest window has no rows."))]
    blocks: list[Block] = [movement_picture(newest, use_case.monitor.drift_warn)]
    pictures = column_pictures(newest, reference, masked)
    if pictures:
        blocks.append(Figures(pictures))
    drifts = [*([newest.prediction] if newest.prediction is not None else []), *newest.columns]
    blocks.append(Fold(say("Every column"), [_columns(drifts)]))
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
            _badge(one.level) if one.level else None,
            "; ".join(in_words(found.said) if found.said else found.words for found in one.findings),
        ]
        for one in drifts
    ]
    moved = [say("Column"), say("Moved by"), say("Usual"), say("Missing"), say("Missing in training")]
    return Table([*moved, say("New values"), say("Level"), say("Finding")], rows)


def _data(monitored: Monitored) -> list[Block]:
    rows: list[list[Cell]] = []
    for report in monitored.windows:
        failed = [one for one in report.results if not one.passed]
        for one in failed:
            tone: Tone = {"critical": "bad", "warning": "warn"}.get(one.severity, "plain")  # type: ignore[assignment]
            column = f"`{one.column}`" if one.column else say("the table")
            rows.append(
                [
                    span_text(report.window),
                    column,
                    retold(one.expectation),
                    retold(one.observed),
                    Badge(say(_SEVERITIES.get(one.severity, one.severity)), tone),
                ]
            )
    checked = sum(len(report.results) for report in monitored.windows)
    blocks: list[Block] = []
    if rows:
        blocks.append(Table([say("Window"), say("Column"), say("Expected"), say("Found"), say("Severity")], rows))
    elif checked:
        blocks.append(Notice("good", say("All {checks:,} checks of the suite held.", checks=checked)))
    else:
        blocks.append(Prose(say("The use case has no suite: the data was not judged.")))
    if monitored.refused:
        refused: list[list[Cell]] = [[retold(reason), rows] for reason, rows in monitored.refused.items()]
        blocks.append(Table([say("Refused by cleaning, because"), say("Rows")], refused))
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
        verdict = _badge(worst) if worst else Badge(say("well"), "good")
        measured, estimated = report.quality.measured, report.quality.estimated
        rows.append(
            [
                span_text(report.window) + (f" ({say('not whole yet')})" if report.young else ""),
                verdict,
                report.rows,
                _value(measured) if measured else None,
                _value(estimated) if estimated else None,
                number(report.prediction.movement, 2) if report.prediction else None,
            ]
        )
    found = [say("Measured"), say("Estimated"), say("Prediction moved by")]
    return Table([say("Window"), say("Verdict"), say("Rows"), *found], rows)


_METHOD = {
    "moved": to_say(
        "**Moved by** is the population stability index between training and the window, less what sampling alone "
        "adds. A column warns when that reaches the use case's limit, when chance would show as much in fewer than "
        "{chance} of windows for all columns together, and when it is {factor} times the most that training's own "
        "windows of this length moved. So seasons do not alarm, and neither do small windows."
    ),
    "measured": to_say(
        "**Measured** is the gate's metric on rows whose label has arrived. Its interval resamples whole days, because "
        "rows of one day have much in common. A page means that it is worse than proven by more than the margin, "
        "uncertainty included."
    ),
    "estimated": to_say(
        "**Estimated** needs no label: labels are drawn from the model's own probabilities. It sees that other rows "
        "come. It can't see that the same rows have come to mean something else."
    ),
}
