"""``tidemill collect``."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from tidemill.cli.call import Call, command
from tidemill.cli.options import moment
from tidemill.cli.text import facts

if TYPE_CHECKING:
    from tidemill.results import Collected, SourceRead

__all__ = ["collect"]


@command("collect")
@click.argument("name")
@click.option("--since", type=moment, metavar="MOMENT", help="Rows from this moment on; fetched if they never were.")
@click.option("--until", type=moment, metavar="MOMENT", help="Rows before this moment.")
def collect(call: Call, name: str, since: datetime | None, until: datetime | None) -> None:
    """Bring what is new of NAME's sources into the lake."""
    from tidemill.usecase import load_usecase

    load_usecase(name)
    call.store()
    run: Collected = call.flow("collecting", f"collect {name}", use_case=name, since=since, until=until)
    said = run.model_dump(mode="json")
    call.answer(
        {
            "use_case": name,
            "rows": run.snapshot.rows,
            "snapshot": run.snapshot.id,
            "refused": run.refused,
            "sources": said["sources"],
            "since": said["since"],
            "until": said["until"],
        },
        _text(name, run),
    )


def _text(name: str, run: Collected) -> str:
    refused = sum(run.refused.values())
    said = [
        ("rows", f"{run.snapshot.rows:,}" + (f", and {refused:,} that can't be read in Quarantine" * bool(refused)))
    ]
    said += [(source.name, _source(source)) for source in run.sources]
    return f"{click.style(name, bold=True)}: collected\n{facts(said)}"


def _source(source: SourceRead) -> str:
    """What was read of one source, in words."""
    words = [f"{source.rows:,} rows of {source.url}", *source.notes]
    if source.unmatched:
        words.append(f"{source.unmatched:,} rows found no partner in it")
    return "; ".join(words)
