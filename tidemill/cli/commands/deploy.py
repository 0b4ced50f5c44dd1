"""``tidemill deploy``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tidemill.cli.call import Call, command
from tidemill.cli.text import table

if TYPE_CHECKING:
    from deployments.registering import Deployed

__all__ = ["deploy"]


@command("deploy")
@click.argument("names", nargs=-1, metavar="[NAME]...")
def deploy(call: Call, names: tuple[str, ...]) -> None:
    """Register Prefect deployments and schedules.

    Of the named use cases, or of all in the project. Doing it again changes nothing.
    """
    from deployments.registering import deploy as register

    done = register(names, call.lake)
    call.answer(done.model_dump(mode="json"), _text(done))


def _text(done: Deployed) -> str:
    rows = [(one.name, one.schedule or "when asked", one.change) for one in done.deployments]
    where = "this machine's own database, which `tidemill up` serves" if done.embedded else done.api
    return (
        f"{table(('deployment', 'schedule (UTC)', 'what was done'), rows)}\n\n"
        f"Work pool {done.work_pool}, in {where}. Automations: {', '.join(done.automations)}."
    )
