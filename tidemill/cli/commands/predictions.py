"""``tidemill predictions``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tidemill.cli.call import Call, command
from tidemill.cli.text import minute, table

if TYPE_CHECKING:
    from tidemill.answered import Answered

__all__ = ["predictions"]


@command("predictions")
@click.argument("name")
@click.argument("version")
def predictions(call: Call, name: str, version: str) -> None:
    """Show what VERSION of NAME answered: every batch, and every day of the REST service."""
    from tidemill.answered import answered_by

    store, registry = call.registry(name)
    found = registry.named(version)
    answered = answered_by(store, name, found)
    batches = [one for one in answered if one.door == "batch"]
    services = [one for one in answered if one.door == "rest"]
    data = {
        "use_case": name,
        "version": found,
        "rows": sum(one.rows for one in answered),
        "batches": [_data(one, "requests") for one in batches],
        "services": [_data(one, "input", "output") for one in services],
    }
    call.answer(data, _text(name, found, batches, services))


def _text(name: str, version: str, batches: list[Answered], services: list[Answered]) -> str:
    rows = sum(one.rows for one in (*batches, *services))
    parts = [f"{click.style(version, bold=True)} of {name} answered {rows:,} row{'s' * (rows != 1)}."]
    if batches:
        wrote = [(_when(one), _rows(one), one.output or "", one.input or "", one.who) for one in batches]
        parts.append(table(("batch (UTC)", "rows", "written to", "read from", "who"), wrote))
    if services:
        served = [(_when(one), _rows(one), f"{one.requests or 0:,}", one.who) for one in services]
        parts.append(table(("REST service (UTC)", "rows", "requests", "who"), served))
    parts.append("Not known here: rows of single requests, and what `tidemill.load` answered in other programs.")
    return "\n\n".join(parts)


def _data(one: Answered, *without: str) -> dict[str, Any]:
    return one.model_dump(mode="json", exclude={"format", "use_case", "version", "door", *without})


def _rows(one: Answered) -> str:
    return f"{one.rows:,}" if one.ended else "cut off"


def _when(one: Answered) -> str:
    return f"{minute(one.began)} to {minute(one.ended)}" if one.ended else minute(one.began)
