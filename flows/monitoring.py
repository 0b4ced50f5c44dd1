"""Monitoring: new rows watched, alarms raised."""

from __future__ import annotations

from datetime import datetime

from prefect import flow
from prefect.artifacts import create_link_artifact, create_markdown_artifact

from flows.alarming import raise_alarm
from flows.opening import in_utc, open_use_case, run_name
from tasks.clean import clean
from tasks.collect import collect
from tasks.stage import artifact_key
from tasks.watch import watch
from tasks.window import window
from tidemill.errors import DamagedError
from tidemill.monitoring.alarms import damaged_alarm
from tidemill.monitoring.records import Monitored
from tidemill.monitoring.windows import watched_since
from tidemill.registry import ModelVersion
from tidemill.scoring import chosen_version
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
    champion, damaged = _watched(case, store)
    if input is not None:
        case = case.reading(input)
    else:
        since = since or watched_since(champion)
    collected = collect(case, store, since=since, until=until, log=input is not None)
    if input is not None:
        case = case.holding([column.name for column in collected.result.snapshot.manifest(store).columns])
    cleaned = clean(case, store, collected.result, like=champion.lineage.cleaned.rules)
    windows = window(case, store, champion, collected.result, cleaned.result, since, until)
    seen = watch(case, store, champion, cleaned.result, windows.result, damaged)
    _publish(case, store, seen.result)
    if not seen.reused:
        for alarm in seen.result.alarms:
            raise_alarm(case, alarm, seen.result.version, seen.result.window.until)
    return seen.result


def _watched(use_case: UseCase, store: Store) -> tuple[ModelVersion, str | None]:
    """The version that answers, and what is wrong with the champion, if so. Where none can answer, somebody is told."""
    try:
        return chosen_version(store, use_case.name, "champion")
    except DamagedError as error:
        raise_alarm(use_case, damaged_alarm(str(error)), "none", None)
        raise


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
