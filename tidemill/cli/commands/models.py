"""``tidemill models``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from tidemill.cli.call import Call, command
from tidemill.cli.commands.ledger import decisions, line_data
from tidemill.cli.options import moment
from tidemill.cli.text import interval, minute, table
from tidemill.errors import DamagedError, UserError

if TYPE_CHECKING:
    from tidemill.registry import Line, ModelVersion, Registry

__all__ = ["models"]


@command("models")
@click.argument("name")
@click.option("--at", type=moment, metavar="MOMENT", help="Only say which version was the champion at this moment.")
def models(call: Call, name: str, at: datetime | None) -> None:
    """Show the versions of NAME, the champion and the ledger; or what was live at a moment."""
    _, registry = call.registry(name)
    lines = registry.lines()
    if at is not None:
        _tell_live(call, name, lines, at)
        return
    versions, damaged = registry.readable()
    known = _Known(registry.champion_name(), _problem(registry), versions, damaged, lines)
    call.answer(_data(known), _text(name, known))


@dataclass(frozen=True)
class _Known:
    """What there is to show. ``problem`` is the champion's; ``damaged`` are versions whose records can't be read."""

    live: str | None
    problem: str | None
    versions: list[ModelVersion]
    damaged: dict[str, str]
    lines: list[Line]


def _problem(registry: Registry) -> str | None:
    """What is wrong with the champion's files, and who answers in its place."""
    try:
        found = registry.answering(registry.whole)
    except DamagedError as error:
        return str(error)
    return None if found is None else found.problem


def _tell_live(call: Call, name: str, lines: list[Line], at: datetime) -> None:
    at = at.astimezone(UTC)
    if at > datetime.now(UTC):
        raise UserError(f"--at: {at:%Y-%m-%d %H:%M} UTC has not come yet: give a moment that has been")
    changes = [line.entry for line in lines if line.holds and line.entry.action in ("promote", "approve", "rollback")]
    before = [entry for entry in changes if entry.when <= at]
    after = next((entry for entry in changes if entry.when > at), None)
    entry = before[-1] if before else None
    data = {
        "use_case": name,
        "at": at.isoformat(),
        "champion": entry.champion if entry else None,
        "entry": entry.model_dump(mode="json") if entry else None,
        "until": after.when.isoformat() if after else None,
    }
    moment_said = f"at {at:%Y-%m-%d %H:%M:%S} UTC"
    if entry is None:
        first = f"; the first was {after.champion}, from {minute(after.when)} UTC on" if after else ""
        call.answer(data, f"{name} had no champion {moment_said}{first}.")
        return
    until = (
        f"until {minute(after.when)} UTC, when {after.who} made {after.champion} champion" if after else "and still is"
    )
    text = (
        f"{click.style(entry.champion or '', bold=True)} was the champion of {name} {moment_said}: since "
        f"{minute(entry.when)} UTC, {until}.\n"
        f"Entry {entry.number}: {entry.action} by {entry.who}: {entry.why}"
    )
    call.answer(data, text)


def _data(known: _Known) -> dict[str, Any]:
    been = {line.entry.champion for line in known.lines if line.holds}
    return {
        "champion": known.live,
        "problem": known.problem,
        "versions": [
            {
                "version": one.version,
                "created": one.created.isoformat(),
                "metric": one.metric.model_dump(mode="json"),
                "promoted": one.version in been,
            }
            for one in known.versions
        ],
        "damaged": known.damaged,
        "ledger": [line_data(line) for line in known.lines],
    }


def _text(name: str, known: _Known) -> str:
    if not known.versions and not known.damaged:
        return f"{name} has no versions yet: `tidemill train {name}` makes one."
    status = _statuses(known.live, known.lines)
    rows = [
        (
            "*" if one.version == known.live else "",
            one.version,
            minute(one.created),
            interval(one.metric),
            status.get(one.version, "registered"),
        )
        for one in known.versions
    ]
    rows += [
        ("*" if one == known.live else "", one, "", "its record is damaged", status.get(one, "registered"))
        for one in known.damaged
    ]
    alarm = [click.style(f"ALARM: {known.problem}", fg="red"), ""] if known.problem else []
    return "\n".join(
        [*alarm, table(("", "version", "created (UTC)", "judged", "status"), rows), "", decisions(known.lines)]
    )


def _statuses(live: str | None, lines: list[Line]) -> dict[str, str]:
    """What the ledger last said of each version, in a word."""
    words = {
        "register": "registered",
        "promote": "was champion",
        "approve": "was champion",
        "rollback": "was champion",
        "reject": "rejected",
        "refuse": "refused",
        "wait": "waits for approval",
    }
    said: dict[str, str] = {}
    for entry in (line.entry for line in lines if line.holds):
        if entry.action != "register" or entry.version not in said:
            said[entry.version] = words[entry.action]
    return {**said, live: "champion"} if live else said
