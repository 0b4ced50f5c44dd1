"""``tidemill models``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tidemill.cli.call import Call, command
from tidemill.cli.text import interval, minute, table

if TYPE_CHECKING:
    from tidemill.registry import LedgerEntry, ModelVersion

__all__ = ["models"]


@command("models")
@click.argument("name")
def models(call: Call, name: str) -> None:
    """Show the versions of NAME, the champion and the ledger."""
    _, registry = call.registry(name)
    versions, ledger = registry.versions(), registry.ledger()
    champion = registry.champion()
    live = champion.version if champion else None
    call.answer(_data(live, versions, ledger), _text(name, live, versions, ledger))


def _data(live: str | None, versions: list[ModelVersion], ledger: list[LedgerEntry]) -> dict[str, Any]:
    been = {entry.champion for entry in ledger}
    return {
        "champion": live,
        "versions": [
            {
                "version": one.version,
                "created": one.created.isoformat(),
                "metric": one.metric.model_dump(mode="json"),
                "promoted": one.version in been,
            }
            for one in versions
        ],
        "ledger": [entry.model_dump(mode="json") for entry in ledger],
    }


def _text(name: str, live: str | None, versions: list[ModelVersion], ledger: list[LedgerEntry]) -> str:
    if not versions:
        return f"{name} has no versions yet: `tidemill train {name}` makes one."
    status = _statuses(live, ledger)
    rows = [
        (
            "*" if one.version == live else "",
            one.version,
            minute(one.created),
            interval(one.metric),
            status.get(one.version, "registered"),
        )
        for one in versions
    ]
    decisions = [
        (str(entry.number), minute(entry.when), entry.action, entry.version, entry.who, entry.why) for entry in ledger
    ]
    return "\n".join(
        [
            table(("", "version", "created (UTC)", "judged", "status"), rows),
            "",
            table(("", "when (UTC)", "what", "version", "who", "why"), decisions),
        ]
    )


def _statuses(live: str | None, ledger: list[LedgerEntry]) -> dict[str, str]:
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
    for entry in ledger:
        if entry.action != "register" or entry.version not in said:
            said[entry.version] = words[entry.action]
    return {**said, live: "champion"} if live else said
