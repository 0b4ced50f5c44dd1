"""From findings to alarms: what somebody should know, how urgently, and what to do about it.

``note`` is for the report, ``warn`` for working hours, ``page`` for now: the answers are worse than
promised, or the data is so wrong that they can't be right.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Literal

from tidemill.learning.scores import higher_is_better
from tidemill.monitoring.records import LEVELS, Alarm, AlarmKind, Clause, ColumnDrift, Finding, Level, Quality
from tidemill.monitoring.saying import clause, hundredths, interval_values
from tidemill.reporting.wording import metric_name
from tidemill.results import ExpectationResult, Interval
from tidemill.said import Said, Value, to_say

__all__ = [
    "ADVICE",
    "alarms_of",
    "column_alarms",
    "damaged_alarm",
    "data_alarms",
    "merged",
    "quality_alarms",
    "refused_alarm",
]

ADVICE: dict[AlarmKind, str] = {
    "damaged": to_say(
        "Restore the files that it names from a backup, or make another version champion: `tidemill rollback`."
    ),
    "data": to_say(
        "Mend the source, or the suite if it asks for too much; answers on such rows are not to be relied on."
    ),
    "rows": to_say("Look whether the source still delivers: without rows nothing can be watched."),
    "refused": to_say(
        "Look into Quarantine, where each refused row has its reason: a source has probably changed its form."
    ),
    "drift": to_say("Look whether the source changed unit or meaning. If the world changed, train anew on newer rows."),
    "missing": to_say(
        "Look whether the source still fills the column. If it stays so, train anew without relying on it."
    ),
    "unseen": to_say(
        "The model takes values that it has not learned for rare or missing ones. Train anew if they stay."
    ),
    "prediction": to_say("Look at the columns that drifted. Check a sample of answers by hand until labels arrive."),
    "quality": to_say("Train anew on newer rows; until a better version is promoted, use the answers with care."),
    "estimate": to_say("The rows that come are harder than those of the proof. Measure it as soon as labels arrive."),
    "calibration": to_say("Take the probabilities for a ranking only, and train anew on newer rows."),
}
_PREDICTIONS = {
    "moved by {moved}": to_say("the predictions moved by {moved} (against those on the gate rows)"),
    "moved by {moved}, and by up to {usual} among training's own windows": to_say(
        "the predictions moved by {moved}, and by up to {usual} among training's own windows (against those on the "
        "gate rows)"
    ),
    "moved by {moved}, never by more than {usual} in training": to_say(
        "the predictions moved by {moved}, never by more than {usual} in training (against those on the gate rows)"
    ),
}
_OF_SEVERITY: dict[str, Level] = {"critical": "page", "warning": "warn", "info": "note"}
_COLUMN_KINDS: tuple[Literal["drift", "missing", "unseen"], ...] = ("drift", "missing", "unseen")
BALANCE_MARGIN = 0.05
REFUSED_MARGIN = 0.05


def damaged_alarm(problem: str) -> Alarm:
    """The champion's files are not as they were written, and an earlier version answers in its place."""
    return _alarm("damaged", "page", [clause("{problem}", {"problem": problem})], [])


def data_alarms(results: Sequence[ExpectationResult]) -> Iterator[Alarm]:
    """One alarm for each severity of which an expectation failed."""
    for severity, level in _OF_SEVERITY.items():
        failed = [one for one in results if one.severity == severity and not one.passed]
        if failed:
            columns = [name for one in failed for name in (one.column or "").split(", ") if name]
            yield _alarm("data", level, [_unmet(one) for one in failed], columns)


def _unmet(one: ExpectationResult) -> Clause:
    told: dict[str, Value] = {"expected": one.expectation, "observed": one.observed}
    if one.column is None:
        return clause(to_say("expected that {expected}, but {observed}"), told)
    return clause(to_say("`{column}`: expected that {expected}, but {observed}"), {"column": one.column, **told})


def column_alarms(drifts: Sequence[ColumnDrift], prediction: ColumnDrift | None) -> Iterator[Alarm]:
    """Columns that moved, by level, the most moved first; and the prediction on its own."""
    for level in reversed(LEVELS):
        for kind in _COLUMN_KINDS:
            found = [
                (one, finding)
                for one in sorted(drifts, key=lambda one: -one.movement)
                for finding in one.findings
                if (finding.kind, finding.level) == (kind, level)
            ]
            if found:
                clauses = [Clause(about=one.name, said=_said(finding)) for one, finding in found]
                yield _alarm(kind, level, clauses, [one.name for one, _ in found])
    for finding in prediction.findings if prediction is not None else ():
        if finding.kind == "drift":
            said = _said(finding)
            whole = said.model_copy(update={"text": _PREDICTIONS.get(said.text, said.text)})
            yield _alarm("prediction", finding.level, [Clause(said=whole)], [])


def quality_alarms(metric: str, quality: Quality, margin: float, *, young: bool) -> Iterator[Alarm]:
    """Measured worse than proven, or estimated so where no label is there.

    A warning is worse by more than ``margin`` and more than chance explains; a page is worse by more
    than ``margin`` with the uncertainty of both values taken off.
    """
    if quality.measured is not None:
        worse = _worse(metric, quality.measured, quality.proven)
        if worse[0] > margin and worse[1] > 0:
            level: Level = "page" if worse[1] > margin else "warn"
            text = to_say(
                "{metric} {value} ({low} to {high}) on {rows:,} rows with labels, {metric} {proven_value} "
                "({proven_low} to {proven_high}) on the gate rows"
            )
            told = _values(metric, quality.measured, quality.proven)
            yield _alarm("quality", level, [clause(text, {"rows": quality.labels, **told})], [])
    elif quality.estimated is not None:
        worse = _worse(metric, quality.estimated, quality.proven)
        if worse[1] > margin and not young:
            text = to_say(
                "the probabilities promise {metric} {value} ({low} to {high}), after {metric} {proven_value} "
                "({proven_low} to {proven_high}) on the gate rows"
            )
            told = _values(metric, quality.estimated, quality.proven)
            yield _alarm("estimate", "warn", [clause(text, told)], [])
    balance = quality.balance
    if balance is not None:
        off = max(balance.came.low - balance.promised, balance.promised - balance.came.high)
        apart = abs(balance.came.value - balance.promised)
        if off > 0 and apart > BALANCE_MARGIN:
            text = to_say("{came}\u00a0% of rows were positive, and the probabilities promised {promised}\u00a0%")
            shares = {"came": hundredths(balance.came.value), "promised": hundredths(balance.promised)}
            yield _alarm("calibration", "warn", [clause(text, shares)], [])


def refused_alarm(refused: int, collected: int, before: float) -> Iterator[Alarm]:
    """Cleaning refused a much larger share than of the training rows (``before``)."""
    share = refused / collected if collected else 0.0
    if share > before + REFUSED_MARGIN:
        text = to_say(
            "{refused:,} of {collected:,} rows ({share}\u00a0%) were refused by cleaning, in training {before}\u00a0%"
        )
        shares = {"share": hundredths(share), "before": hundredths(before)}
        yield _alarm("refused", "warn", [clause(text, {"refused": refused, "collected": collected, **shares})], [])


def merged(newest: Sequence[Alarm], earlier: Sequence[Sequence[Alarm]]) -> tuple[Alarm, ...]:
    """The newest window's alarms, the most urgent first, and those of earlier windows that are over, as notes."""
    now = {(alarm.kind, column) for alarm in newest for column in (*alarm.columns, "")}
    over: dict[tuple[AlarmKind, tuple[str, ...]], Alarm] = {}
    for alarms in earlier:
        for alarm in alarms:
            gone = [name for name in alarm.columns if (alarm.kind, name) not in now]
            if alarm.level != "note" and (gone if alarm.columns else (alarm.kind, "") not in now):
                what = f"No longer so, a {alarm.level} before: {alarm.what}"
                update = {"level": "note", "what": what, "was": alarm.level}
                over[(alarm.kind, alarm.columns)] = alarm.model_copy(update=update)
    return tuple(sorted([*newest, *over.values()], key=lambda alarm: -LEVELS.index(alarm.level)))


def alarms_of(
    results: Sequence[ExpectationResult],
    drifts: Sequence[ColumnDrift],
    prediction: ColumnDrift | None,
    metric: str,
    quality: Quality,
    margin: float,
    *,
    rows: int,
    young: bool,
) -> list[Alarm]:
    """Everything that one window has to say, the most urgent first. ``since`` is not known here yet."""
    found = [
        *([_alarm("rows", "warn", [clause(to_say("no row arrived"))], [])] if not rows else []),
        *data_alarms(results),
        *column_alarms(drifts, prediction),
        *quality_alarms(metric, quality, margin, young=young),
    ]
    return sorted(found, key=lambda alarm: -LEVELS.index(alarm.level))


def _worse(metric: str, now: Interval, proven: Interval) -> tuple[float, float]:
    """How much worse than proven, and how much at least: both values have been measured on a sample."""
    if higher_is_better(metric):
        worse, ours, theirs = proven.value - now.value, now.high - now.value, proven.value - proven.low
    else:
        worse, ours, theirs = now.value - proven.value, now.value - now.low, proven.high - proven.value
    return worse, worse - math.hypot(ours, theirs)


def _values(metric: str, now: Interval, proven: Interval) -> dict[str, Value]:
    return {"metric": metric_name(metric), **interval_values(now), **interval_values(proven, "proven_")}


def _said(finding: Finding) -> Said:
    return finding.said or Said(text="{words}", values={"words": finding.words})


def _alarm(kind: AlarmKind, level: Level, clauses: Sequence[Clause], columns: Sequence[str]) -> Alarm:
    what = "; ".join(one.english for one in clauses)
    return Alarm(
        level=level,
        kind=kind,
        what=what if what.startswith("`") else f"{what[:1].upper()}{what[1:]}",
        columns=tuple(dict.fromkeys(columns)),
        since=None,
        advice=ADVICE[kind],
        clauses=tuple(clauses),
    )
