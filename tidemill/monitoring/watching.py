"""One monitoring run: each window judged against the version's training, stored, and told in a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from tidemill.cleaning import normalise
from tidemill.evaluation.resampling import Doubles
from tidemill.learning.model import Model
from tidemill.learning.orders import Lists
from tidemill.learning.queries import Queries
from tidemill.learning.weights import own_weights
from tidemill.monitoring.alarms import alarms_of, damaged_alarm, merged, refused_alarm
from tidemill.monitoring.drift import Limits, Tally, judge_column
from tidemill.monitoring.history import began, folder, keep, past, stored_windows
from tidemill.monitoring.quality import Days, days_of, estimate, measure, measure_order, share
from tidemill.monitoring.records import Alarm, Balance, ColumnDrift, DriftReport, Monitored, Quality, Span, Window
from tidemill.monitoring.reference import Reference, answers, reference, watched_columns
from tidemill.registry import ModelVersion
from tidemill.reporting.language import speaking
from tidemill.results import Cleaned, ExpectationResult, Interval
from tidemill.snapshot import Snapshot
from tidemill.store import Store
from tidemill.usecase.schema import UseCase
from tidemill.validation import Judgement

__all__ = ["watch"]


@dataclass(frozen=True)
class _Watch:
    """What every window of a run needs."""

    store: Store
    use_case: UseCase
    version: ModelVersion
    model: Model
    reference: Reference
    now: datetime


@dataclass(frozen=True)
class _Seen:
    """What came of a window's rows: drift by column, of the prediction, and the answers for estimating."""

    columns: tuple[ColumnDrift, ...]
    prediction: ColumnDrift | None
    values: Doubles
    times: pd.Series | None


@dataclass(frozen=True)
class _Known:
    """Rows with labels: the target's codes or values, the answers, the times, how much each row counts, and where rows
    are ranked their queries."""

    target: Doubles
    values: Doubles
    times: pd.Series | None
    weights: Doubles | None = None
    queries: pd.Series | None = None


def watch(
    store: Store,
    use_case: UseCase,
    version: ModelVersion,
    windows: Sequence[Window],
    judgements: Sequence[Judgement | None],
    *,
    cleaned: Cleaned,
    damaged: str | None = None,
    now: datetime | None = None,
) -> Monitored:
    """Judge ``windows`` (from :func:`~tidemill.monitoring.cut`, oldest first) of one run, and store what was found.

    ``judgements`` are the suite's, one a window, None where a window has no rows. ``damaged`` says that ``version``
    stands in for a champion whose files are. Each window goes to
    ``<use_case>/monitoring/<window>/monitoring.json``, the run beside the newest as ``run.json`` and
    ``report.html``. Memory is for one part of a Snapshot at a time, besides the answers.

    Raises :exc:`~tidemill.errors.UserError` when the rows lack a column that the model reads.
    """
    from tidemill.monitoring.report import render_report

    at = now or datetime.now(UTC)
    split = version.lineage.split
    labelled_rows = (split.train, split.gate, *(window.labelled for window in windows if window.labelled is not None))
    model = Model.load(store, version.model).informed(store, labelled_rows)
    work = _Watch(store, use_case, version, model, reference(store, use_case, version, model), at)
    stored = stored_windows(store, use_case.name)
    reports: list[DriftReport] = []
    labelled: list[_Known] = []
    seen: list[_Seen] = []
    for window, judgement in zip(windows, judgements, strict=True):
        drifted = _seen(work, window, judgement)
        known = _known(work, window.labelled)
        quality = _quality(work, drifted, known)
        earlier = [*past(stored, version.version, window.span, at), *reports]
        report = _report(work, window, judgement, drifted, quality, earlier)
        keep(store, report)
        reports.append(report)
        seen.append(drifted)
        labelled += [known] if known is not None else []
    together = reports[0].quality if len(reports) == 1 else _quality(work, _all_seen(seen), _all_known(labelled))
    monitored = _monitored(work, reports, together, cleaned, damaged)
    everything = [*past(stored, version.version, windows[0].span, at), *reports]
    with speaking(use_case.report.language):
        page = render_report(use_case, monitored, work.reference, everything, at, version.lineage.validation.masked)
    store.write_bytes(monitored.report, page.encode())
    store.write_json(monitored.report.replace("report.html", "run.json"), monitored.model_dump(mode="json"))
    return monitored


def _seen(work: _Watch, window: Window, judgement: Judgement | None) -> _Seen:
    """Go through the rows that the suite kept, part by part."""
    kinds = watched_columns(work.model)
    rows = judgement.kept if judgement is not None else window.rows
    masked = work.version.lineage.validation.masked
    tallies = [Tally(one, masked.get(one.name)) for one in work.reference.profile.columns if one.counts]
    predicted = Tally(work.reference.prediction)
    rules = work.model.description.recipe.clean
    values: list[Doubles] = []
    times: list[pd.Series] = []
    absent: set[str] = set()
    for frame in rows.frames(work.store) if rows is not None else ():
        present = [name for name in kinds if name in frame]
        tidy = normalise(frame[present], rules, {name: kinds[name] for name in present})
        absent |= set(kinds) - set(present)
        for tally in tallies:
            if tally.reference.name in tidy:
                tally.add(tidy[tally.reference.name])
        answered = answers(work.model, frame)
        predicted.add(answered.series)
        values.append(answered.values)
        times += [frame[work.use_case.time]] if work.use_case.time else []
    limits = Limits(warn=work.use_case.monitor.drift_warn, page=None, columns=len(tallies) + 1)
    paging = Limits(warn=limits.warn, page=work.use_case.monitor.drift_page, columns=limits.columns)
    judged = [judge_column(one, limits, young=window.young) for one in tallies if one.reference.name not in absent]
    return _Seen(
        columns=tuple(sorted(judged, key=lambda one: -one.movement)),
        prediction=judge_column(predicted, paging, young=window.young) if predicted.rows else None,
        values=np.concatenate(values) if values else np.empty(0),
        times=pd.concat(times, ignore_index=True) if times else None,
    )


def _known(work: _Watch, labelled: Snapshot | None) -> _Known | None:
    if labelled is None or not labelled.rows:
        return None
    target: list[Doubles] = []
    values: list[Doubles] = []
    times: list[pd.Series] = []
    weights: list[Doubles] = []
    queries: list[pd.Series] = []
    for frame in labelled.frames(work.store):
        own = own_weights(work.use_case, frame)
        weights += [] if own is None else [own]
        queries += [frame[work.model.query]] if work.model.query is not None else []
        target.append(frame[work.use_case.target_name].to_numpy(dtype=np.float64))
        values.append(answers(work.model, frame).values)
        times += [frame[work.use_case.time]] if work.use_case.time else []
    moments = pd.concat(times, ignore_index=True) if times else None
    together = np.concatenate(weights) if weights else None
    return _Known(np.concatenate(target), np.concatenate(values), moments, together, _joined(queries))


def _quality(work: _Watch, seen: _Seen, known: _Known | None) -> Quality:
    """Measured where labels are, estimated from the probabilities of all rows."""
    proven = work.version.metric
    threshold, seed = work.model.threshold or 0.5, work.use_case.seed
    estimated = None
    if work.reference.promised is not None and len(seen.values):
        shift = proven.value - work.reference.promised
        days = days_of(seen.times, len(seen.values))
        estimated = estimate(proven.name, seen.values, days, threshold=threshold, shift=shift, seed=seed)
    if known is None:
        return Quality(proven=proven, estimated=estimated, measured=None, labels=0)
    days = days_of(known.times, len(known.target))
    balance = None
    if work.model.task == "binary":
        came = share("positive", known.target, days, seed=seed)
        balance = Balance(promised=float(known.values.mean()), came=came)
    return Quality(
        proven=proven,
        estimated=estimated,
        measured=_measured(work, known, days, threshold),
        labels=len(known.target),
        balance=balance,
    )


def _measured(work: _Watch, known: _Known, days: Days, threshold: float) -> Interval | None:
    """The metric on rows with labels; where rows are ranked, its mean over their queries."""
    metric, seed, gain = work.version.metric.name, work.use_case.seed, work.model.description.gain
    if gain is None or known.queries is None:
        return measure(metric, known.target, known.values, days, threshold=threshold, seed=seed, own=known.weights)
    lists = Lists(Queries.of(known.queries), gain, known.weights)
    return measure_order(metric, known.target, known.values, lists, days, seed=seed)


def _all_seen(parts: Sequence[_Seen]) -> _Seen:
    values = [part.values for part in parts if len(part.values)]
    times = [part.times for part in parts if part.times is not None]
    return _Seen(
        columns=(),
        prediction=None,
        values=np.concatenate(values) if values else np.empty(0),
        times=pd.concat(times, ignore_index=True) if times else None,
    )


def _all_known(parts: Sequence[_Known]) -> _Known | None:
    if not parts:
        return None
    times = [part.times for part in parts if part.times is not None]
    weights = [part.weights for part in parts if part.weights is not None]
    return _Known(
        np.concatenate([part.target for part in parts]),
        np.concatenate([part.values for part in parts]),
        pd.concat(times, ignore_index=True) if times else None,
        np.concatenate(weights) if weights else None,
        _joined([part.queries for part in parts]),
    )


def _joined(names: Sequence[pd.Series | None]) -> pd.Series | None:
    """The queries of several windows; one that goes on from window to window is one list."""
    known = [one for one in names if one is not None]
    return pd.concat(known, ignore_index=True) if known else None


def _report(
    work: _Watch,
    window: Window,
    judgement: Judgement | None,
    seen: _Seen,
    quality: Quality,
    earlier: Sequence[DriftReport],
) -> DriftReport:
    results: tuple[ExpectationResult, ...] = tuple(judgement.results) if judgement is not None else ()
    margin = work.use_case.monitor.quality_margin
    metric = work.version.metric.name
    found = alarms_of(
        results, seen.columns, seen.prediction, metric, quality, margin, rows=len(seen.values), young=window.young
    )
    start = window.span.since or work.now
    alarms = [alarm.model_copy(update={"since": began(alarm, earlier, start)}) for alarm in found]
    return DriftReport(
        use_case=work.use_case.name,
        version=work.version.version,
        subject=window.rows.id if window.rows is not None else None,
        window=window.span,
        young=window.young,
        rows=len(seen.values),
        passed=_passed(alarms),
        reasons=_reasons(alarms),
        alarms=tuple(alarms),
        columns=seen.columns,
        prediction=seen.prediction,
        quality=quality,
        results=results,
        data_docs=judgement.data_docs if judgement is not None else None,
        created=work.now,
    )


def _monitored(
    work: _Watch, reports: Sequence[DriftReport], quality: Quality, cleaned: Cleaned, damaged: str | None
) -> Monitored:
    newest = reports[-1]
    start = newest.window.since or work.now
    training = work.version.lineage
    before = sum(training.cleaned.refused.values()) / max(1, training.collected.snapshot.rows)
    refused = sum(cleaned.refused.values())
    collected = cleaned.snapshot.rows + refused + cleaned.deduplicated
    found = [*([damaged_alarm(damaged)] if damaged else []), *refused_alarm(refused, collected, before)]
    more = [one.model_copy(update={"since": start}) for one in found]
    alarms = merged([*newest.alarms, *more], [report.alarms for report in reports[:-1]])
    return Monitored(
        use_case=work.use_case.name,
        version=work.version.version,
        window=Span(since=reports[0].window.since, until=newest.window.until),
        rows=sum(report.rows for report in reports),
        refused=cleaned.refused,
        alarms=alarms,
        quality=quality,
        passed=_passed(alarms),
        reasons=_reasons(alarms),
        report=f"{folder(work.use_case.name, work.version.version, newest.window, work.now)}/report.html",
        windows=tuple(reports),
    )


def _passed(alarms: Sequence[Alarm]) -> bool:
    return all(alarm.level != "page" for alarm in alarms)


def _reasons(alarms: Sequence[Alarm]) -> tuple[str, ...]:
    return tuple(alarm.what for alarm in alarms if alarm.level != "note")
