"""``tidemill promote``, ``approve``, ``reject`` and ``rollback``: a person's decisions, for the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tidemill.cli.call import Call, command

if TYPE_CHECKING:
    from tidemill.registry import LedgerEntry

__all__ = ["approve", "promote", "reject", "rollback"]

_why = click.option("--why", default="", metavar="TEXT", help="The reason, for the ledger.")


@command("promote")
@click.argument("name")
@click.argument("version")
@_why
@click.option("--against", metavar="V", help="Only if V is still the champion; `none`: if there is still none.")
def promote(call: Call, name: str, version: str, why: str, against: str | None) -> None:
    """Make VERSION the champion of NAME, whatever the gate said."""
    registry = call.registry(name, writable=True)[1]
    stated = {} if against is None else {"against": None if against == "none" else registry.named(against)}
    _tell(call, name, registry.promote(version, why=why, **stated))


@command("approve")
@click.argument("name")
@click.argument("version")
@_why
def approve(call: Call, name: str, version: str, why: str) -> None:
    """Approve VERSION of NAME, which waits, and make it the champion."""
    _tell(call, name, call.registry(name, writable=True)[1].approve(version, why=why))


@command("reject")
@click.argument("name")
@click.argument("version")
@_why
def reject(call: Call, name: str, version: str, why: str) -> None:
    """Turn down VERSION of NAME, which waits."""
    _tell(call, name, call.registry(name, writable=True)[1].reject(version, why=why))


@command("rollback")
@click.argument("name")
@_why
def rollback(call: Call, name: str, why: str) -> None:
    """Make the last good champion before the present one champion again."""
    _tell(call, name, call.registry(name, writable=True)[1].rollback(why=why))


def _tell(call: Call, name: str, entry: LedgerEntry) -> None:
    before = entry.previous or "none"
    now = f"the champion is {entry.champion}" if entry.champion else "there is no champion"
    moved = f", and was {before}" if entry.previous != entry.champion else ", as before"
    call.answer(
        {"use_case": name, **entry.model_dump(mode="json")},
        f"{name}: {entry.action} of {entry.version} is entry {entry.number} of the ledger; {now}{moved}.",
    )
