"""``tidemill serve``."""

from __future__ import annotations

import click

from tidemill.cli.call import Call, command

__all__ = ["serve"]


@command("serve")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=8000, show_default=True, help="The port; 0 takes a free one."
)
def serve(call: Call, names: tuple[str, ...], host: str, port: int) -> None:
    """Answer rows over REST with champions, until stopped."""
    from tidemill.serving import run

    run(
        call.lake,
        names,
        host=host,
        port=port,
        verbose=call.verbose,
        ready=lambda address: call.answer(
            {"address": address, "use_cases": list(names)},
            f"Serving {', '.join(names)} at {address}; see {address}/docs",
        ),
    )
