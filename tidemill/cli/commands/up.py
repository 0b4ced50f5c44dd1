"""``tidemill up``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tidemill.cli.call import Call, command
from tidemill.cli.text import facts

if TYPE_CHECKING:
    from deployments.up import Platform

__all__ = ["up"]

_PORT = click.IntRange(1, 65_535)


@command("up")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option("--port", type=_PORT, default=8000, show_default=True, help="The REST service's port.")
@click.option("--prefect-port", type=_PORT, default=4200, show_default=True, help="The Prefect server's port.")
@click.option("--runs", type=click.IntRange(min=1), default=2, show_default=True, help="Flow runs under way at a time.")
def up(call: Call, names: tuple[str, ...], host: str, port: int, prefect_port: int, runs: int) -> None:
    """Run Prefect, a worker, schedules and REST here, until stopped."""
    from deployments.up import Places
    from deployments.up import up as run

    run(
        names,
        call.lake,
        places=Places(host, prefect_port, port),
        runs=runs,
        say=call.tell,
        ready=lambda platform: call.answer(_data(platform), _text(platform)),
    )


def _data(platform: Platform) -> dict[str, Any]:
    return {
        "prefect": platform.prefect,
        "api": platform.api,
        "rest": platform.rest,
        "lake": platform.lake,
        "logs": platform.logs,
        "use_cases": list(platform.use_cases),
        "deployments": [one.name for one in platform.deployed.deployments],
    }


def _text(platform: Platform) -> str:
    said = facts(
        [
            ("Prefect", platform.prefect),
            ("REST", f"{platform.rest}/docs"),
            ("lake", platform.lake),
            ("logs", platform.logs),
            ("use cases", ", ".join(platform.use_cases)),
        ]
    )
    return f"Everything runs; Ctrl-C stops it.\n{said}"
