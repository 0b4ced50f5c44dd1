"""Monitoring: new rows watched, alarms raised."""

from __future__ import annotations

from datetime import datetime

from prefect import flow
from prefect.artifacts import create_link_artifact, create_markdown_artifact
from prefect.events import emit_event

from flows.opening import in_utc, open_use_case, run_name
from tasks.clean import clean
from tasks.collect import collect
from tasks.stage import artifact_key
from tasks.watch import watch
from tasks.window import window
from tidemill.monitoring.records import Alarm, Monitored
from tidemill.monitoring.windows import watched_since
from tidemill.registry import Registry
from tidemill.store import Store
from tidemill.usecase import UseCase

__all__ = ["monitoring"]


@flow(name="monitoring", flow_run_name=run_name, persist_result=False)
def monitoring(
    use_case: str,
    input: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    lake: str | None = None,
) -> Monitored:
    """Watch the rows that came after those that the champion was judged on.

    Args:
        use_case: the use case's name: a folder of `usecases/`.
        input: rows to watch in place of the primary source's: a file, a folder or a URL. They may be a log of
            requests, with the columns that the model reads.
        since: watch rows from this moment on; left out, from the end of the champion's gate window.
        until: watch rows before this moment; left out, to the newest.
        lake: where everything is stored; left out, `TIDEMILL_LAKE` or `./lake`.
    """
    case, store = open_use_case(use_case, lake)
    since, until = in_utc(since), in_utc(until)
    champion = Registry(store, case.name).version("champion")
    if input is not None:
        case = case.reading(input)
    else:
        since = since or watched_since(champion)
    collected = collect(case, store, since=since, until=until, log=input is not None)
    if input is not None:
        case = case.holding([column.name for column in collected.result.snapshot.manifest(store).columns])
    cleaned = clean(case, store, collected.result, like=champion.lineage.cleaned.rules)
    windows = window(case, store, champion, collected.result, cleaned.result, since, until)
    seen = watch(case, store, champion, cleaned.result, windows.result)
    _publish(case, store, seen.result)
    if not seen.reused:
        for alarm in seen.result.alarms:
            _raise(case, alarm, seen.result)
    return seen.result


def _raise(use_case: UseCase, alarm: Alarm, seen: Monitored) -> None:
    """Tell Prefect, whose automations start a retraining, or a message to somebody."""
    until = seen.window.until
    emit_event(
        "tidemill.alarm",
        resource={
            "prefect.resource.id": f"tidemill.usecase.{use_case.name}",
            "prefect.resource.name": use_case.name,
            "tidemill.level": alarm.level,
            "tidemill.kind": alarm.kind,
        },
        payload={
            "level": alarm.level,
            "what": alarm.what,
            "columns": list(alarm.columns),
            "advice": alarm.advice,
            "version": seen.version,
            "until": until.isoformat() if until else None,
        },
    )


def _publish(use_case: UseCase, store: Store, seen: Monitored) -> None:
    """Show the run's outcome as artifacts of the Prefect UI."""
    rows = "\n".join(f"| {alarm.level} | {alarm.what} | {alarm.advice} |" for alarm in seen.alarms)
    table = f"| level | what | what to do |\n| --- | --- | --- |\n{rows}" if rows else "No alarms."
    create_markdown_artifact(
        f"## {use_case.title or use_case.name}\n\n{seen.rows:,} rows watched with `{seen.version}`.\n\n{table}\n",
        key=artifact_key(use_case.name, "monitoring"),
        description=f"{len(seen.alarms)} alarms on {seen.rows:,} rows",
    )
    create_link_artifact(
        store.url_of(seen.report), "the monitoring report", key=artifact_key(use_case.name, "monitoring-report")
    )
