"""``tidemill promote``, ``approve``, ``reject`` and ``rollback``: a person's decisions, for the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tidemill.cli.call import Call, command
from tidemill.errors import TidemillError

if TYPE_CHECKING:
    from tidemill.registry import LedgerEntry, Registry
    from tidemill.store import Store

__all__ = ["approve", "promote", "reject", "rollback"]

_why = click.option("--why", default="", metavar="TEXT", help="The reason, for the ledger.")


@command("promote")
@click.argument("name")
@click.argument("version")
@_why
@click.option("--against", metavar="V", help="Only if V is still the champion; `none`: if there is still none.")
def promote(call: Call, name: str, version: str, why: str, against: str | None) -> None:
    """Make VERSION the champion of NAME, whatever the gate said."""
    store, registry = call.registry(name, writable=True)
    stated = {} if against is None else {"against": None if against == "none" else registry.named(against)}
    _tell(call, store, name, registry, registry.promote(version, why=why, **stated))


@command("approve")
@click.argument("name")
@click.argument("version")
@_why
def approve(call: Call, name: str, version: str, why: str) -> None:
    """Approve VERSION of NAME, which waits, and make it the champion."""
    store, registry = call.registry(name, writable=True)
    _tell(call, store, name, registry, registry.approve(version, why=why))


@command("reject")
@click.argument("name")
@click.argument("version")
@_why
def reject(call: Call, name: str, version: str, why: str) -> None:
    """Turn down VERSION of NAME, which waits."""
    store, registry = call.registry(name, writable=True)
    _tell(call, store, name, registry, registry.reject(version, why=why))


@command("rollback")
@click.argument("name")
@_why
def rollback(call: Call, name: str, why: str) -> None:
    """Make the last good champion before the present one champion again."""
    store, registry = call.registry(name, writable=True)
    _tell(call, store, name, registry, registry.rollback(why=why))


def _tell(call: Call, store: Store, name: str, registry: Registry, entry: LedgerEntry) -> None:
    report = _on_pages(call, store, name, registry, entry)
    before = entry.previous or "none"
    now = f"the champion is {entry.champion}" if entry.champion else "there is no champion"
    moved = f", and was {before}" if entry.previous != entry.champion else ", as before"
    call.answer(
        {"use_case": name, **entry.model_dump(mode="json"), "report": report},
        f"{name}: {entry.action} of {entry.version} is entry {entry.number} of the ledger; {now}{moved}.",
    )


def _on_pages(call: Call, store: Store, name: str, registry: Registry, entry: LedgerEntry) -> str | None:
    """Let the version's pages say what was decided. The decision holds whether or not they can be written."""
    from tidemill.reporting import retell

    try:
        report = retell(store, name, entry, registry)
    except TidemillError as error:
        call.tell(f"The ledger has the decision; the pages of {entry.version} do not say it yet: {error}")
        return None
    return store.url_of(report) if report else None
