"""From findings to alarms: what somebody should know, how urgently, and what to do about it.

``note`` is for the report, ``warn`` for working hours, ``page`` for now: the answers are worse than
promised, or the data is so wrong that they can't be right.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Literal

from tidemill.learning.scores import higher_is_better
from tidemill.monitoring.records import LEVELS, Alarm, AlarmKind, ColumnDrift, Level, Quality
from tidemill.reporting.wording import count, metric_name, number, percent, plural
from tidemill.results import ExpectationResult, Interval

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
    "damaged": "Restore the files that it names from a backup, or make another version champion: `tidemill rollback`.",
    "data": "Mend the source, or the suite if it asks for too much; answers on such rows are not to be relied on.",
    "rows": "Look whether the source still delivers: without rows nothing can be watched.",
    "refused": "Look into Quarantine, where each refused row has its reason: a source has probably changed its form.",
    "drift": "Look whether the source changed unit or meaning. If the world changed, train anew on newer rows.",
    "missing": "Look whether the source still fills the column. If it stays so, train anew without relying on it.",
    "unseen": "The model takes values that it has not learned for rare or missing ones. Train anew if they stay.",
    "prediction": "Look at the columns that drifted. Check a sample of answers by hand until labels arrive.",
    "quality": "Train anew on newer rows; until a better version is promoted, use the answers with care.",
    "estimate": "The rows that come are harder than those of the proof. Measure it as soon as labels arrive.",
    "calibration": "Take the probabilities for a ranking only, and train anew on newer rows.",
}
_OF_SEVERITY: dict[str, Level] = {"critical": "page", "warning": "warn", "info": "note"}
_COLUMN_KINDS: tuple[Literal["drift", "missing", "unseen"], ...] = ("drift", "missing", "unseen")
BALANCE_MARGIN = 0.05
REFUSED_MARGIN = 0.05


def damaged_alarm(problem: str) -> Alarm:
    """The champion's files are not as they were written, and an earlier version answers in its place."""
    return _alarm("damaged", "page", problem, [])


def data_alarms(results: Sequence[ExpectationResult]) -> Iterator[Alarm]:
    """One alarm for each severity of which an expectation failed."""
    for severity, level in _OF_SEVERITY.items():
        failed = [one for one in results if one.severity == severity and not one.passed]
        if failed:
            columns = [name for one in failed for name in (one.column or "").split(", ") if name]
            found = [
                f"{f'`{one.column}`: ' if one.column else ''}expected that {one.expectation}, but {one.observed}"
                for one in failed
            ]
            yield _alarm("data", level, "; ".join(found), columns)


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
                said = "; ".join(f"`{one.name}` {finding.words}" for one, finding in found)
                yield _alarm(kind, level, said, [one.name for one, _ in found])
    for finding in prediction.findings if prediction is not None else ():
        if finding.kind == "drift":
            yield _alarm(
                "prediction", finding.level, f"the predictions {finding.words} (against those on the gate rows)", []
            )


def quality_alarms(metric: str, quality: Quality, margin: float, *, young: bool) -> Iterator[Alarm]:
    """Measured worse than proven, or estimated so where no label is there.

    A warning is worse by more than ``margin`` and more than chance explains; a page is worse by more
    than ``margin`` with the uncertainty of both values taken off.
    """
    if quality.measured is not None:
        worse = _worse(metric, quality.measured, quality.proven)
        if worse[0] > margin and worse[1] > 0:
            level: Level = "page" if worse[1] > margin else "warn"
            what = f"{_told(metric, quality.measured)} on {plural(quality.labels, 'row')} with labels"
            yield _alarm("quality", level, f"{what}, {_told(metric, quality.proven)} on the gate rows", [])
    elif quality.estimated is not None:
        worse = _worse(metric, quality.estimated, quality.proven)
        if worse[1] > margin and not young:
            what = f"the probabilities promise {_told(metric, quality.estimated)}"
            yield _alarm("estimate", "warn", f"{what}, after {_told(metric, quality.proven)} on the gate rows", [])
    balance = quality.balance
    if balance is not None:
        off = max(balance.came.low - balance.promised, balance.promised - balance.came.high)
        apart = abs(balance.came.value - balance.promised)
        if off > 0 and apart > BALANCE_MARGIN:
            what = f"{percent(balance.came.value)} of rows were positive, and the probabilities promised"
            yield _alarm("calibration", "warn", f"{what} {percent(balance.promised)}", [])


def refused_alarm(refused: int, collected: int, before: float) -> Iterator[Alarm]:
    """Cleaning refused a much larger share than of the training rows (``before``)."""
    share = refused / collected if collected else 0.0
    if share > before + REFUSED_MARGIN:
        what = f"{count(refused)} of {count(collected)} rows ({percent(share)}) were refused by cleaning"
        yield _alarm("refused", "warn", f"{what}, in training {percent(before)}", [])


def merged(newest: Sequence[Alarm], earlier: Sequence[Sequence[Alarm]]) -> tuple[Alarm, ...]:
    """The newest window's alarms, the most urgent first, and those of earlier windows that are over, as notes."""
    now = {(alarm.kind, column) for alarm in newest for column in (*alarm.columns, "")}
    over: dict[tuple[AlarmKind, tuple[str, ...]], Alarm] = {}
    for alarms in earlier:
        for alarm in alarms:
            gone = [name for name in alarm.columns if (alarm.kind, name) not in now]
            if alarm.level != "note" and (gone if alarm.columns else (alarm.kind, "") not in now):
                what = f"No longer so, a {alarm.level} before: {alarm.what}"
                over[(alarm.kind, alarm.columns)] = alarm.model_copy(update={"level": "note", "what": what})
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
        *([_alarm("rows", "warn", "no row arrived", [])] if not rows else []),
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


def _told(metric: str, interval: Interval) -> str:
    bounds = f"{number(interval.low, 3)} to {number(interval.high, 3)}"
    return f"{metric_name(metric)} {number(interval.value, 3)} ({bounds})"


def _alarm(kind: AlarmKind, level: Level, what: str, columns: Sequence[str]) -> Alarm:
    sentence = f"{what[:1].upper()}{what[1:]}" if not what.startswith("`") else what
    return Alarm(
        level=level,
        kind=kind,
        what=sentence,
        columns=tuple(dict.fromkeys(columns)),
        since=None,
        advice=ADVICE[kind],
    )
