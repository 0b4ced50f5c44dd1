"""``tidemill monitor``."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from tidemill.cli.call import Call, absolute, command
from tidemill.cli.options import moment
from tidemill.cli.text import facts, interval, minute

if TYPE_CHECKING:
    from tidemill.monitoring import Monitored
    from tidemill.results import Interval

__all__ = ["monitor"]

_COLOURS = {"note": "blue", "warn": "yellow", "page": "red"}


@command("monitor")
@click.argument("name")
@click.option("--input", "input_url", metavar="URL", help="Rows to look at; left out, the newest of the sources.")
@click.option("--since", type=moment, metavar="MOMENT", help="Look at rows from this moment on.")
@click.option("--until", type=moment, metavar="MOMENT", help="Look at rows before this moment.")
def monitor(call: Call, name: str, input_url: str | None, since: datetime | None, until: datetime | None) -> None:
    """Look at NAME's newest rows: data, drift, quality, alarms."""
    from tidemill.registry import Registry
    from tidemill.usecase import load_usecase

    load_usecase(name)
    store = call.store()
    Registry(store, name).named("champion")
    run: Monitored = call.flow(
        "monitoring",
        f"monitor {name}",
        use_case=name,
        input=absolute(input_url) if input_url else None,
        since=since,
        until=until,
    )
    report = store.url_of(run.report)
    call.answer(_data(run, report), _text(run, report))


def _data(run: Monitored, report: str) -> dict[str, Any]:
    said = run.model_dump(mode="json")
    fields = ("level", "what", "columns", "since", "advice")
    return {
        "window": said["window"],
        "rows": run.rows,
        "alarms": [{field: alarm[field] for field in fields} for alarm in said["alarms"]],
        "quality": {kind: said["quality"][kind] for kind in ("estimated", "measured")},
        "report": report,
    }


def _text(run: Monitored, report: str) -> str:
    quality = run.quality
    since, until = ("…" if edge is None else minute(edge) for edge in (run.window.since, run.window.until))
    said = [
        ("window", f"{since} to {until} UTC: {run.rows:,} rows"),
        ("proven", interval(quality.proven)),
        ("estimated", _shown(quality.estimated)),
        ("measured", f"{_shown(quality.measured)} on {quality.labels:,} labels"),
        ("report", report),
    ]
    alarms = [
        f"  {click.style(f'{alarm.level:4}', fg=_COLOURS[alarm.level])}  {alarm.what} {alarm.advice}".rstrip()
        for alarm in run.alarms
    ]
    count = f"{len(alarms)} alarm{'s' * (len(alarms) != 1)}" if alarms else "no alarms"
    return "\n".join([f"{click.style(run.use_case, bold=True)}: {count}, by {run.version}", *alarms, facts(said)])


def _shown(found: Interval | None) -> str:
    return "not to be had" if found is None else interval(found)
