"""``tidemill label``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from tidemill.cli.call import Call, command

if TYPE_CHECKING:
    from tidemill.reviewing.session import Summary

__all__ = ["label"]


@command("label")
@click.argument("name")
@click.option("--rows", type=click.IntRange(1, 5_000), default=200, show_default=True, help="Most rows to show.")
@click.option("--version", default="latest", show_default=True, metavar="V", help="The version whose doubts to show.")
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="The page's port.  [default: a free one]")
@click.option("--who", metavar="NAME", help="Whose answers they are.  [default: your user name]")
@click.option("--no-browser", is_flag=True, help="Print the page's address, and open no browser.")
def label(call: Call, name: str, rows: int, version: str, port: int, who: str | None, no_browser: bool) -> None:
    """Look at the rows of NAME whose label is most doubtful, on a page of this machine, and answer.

    Every answer is stored at once; the next `tidemill train` uses them. Ctrl-C, or Finish on the page, ends it.
    """
    from tidemill.cli.display import progress
    from tidemill.reviewing.serving import opened, serve
    from tidemill.usecase import load_usecase

    use_case = load_usecase(name)
    store, registry = call.registry(name, writable=True)
    made = registry.version(version)
    with progress(f"label {name}", plain=call.verbose):
        sitting = opened(store, use_case, made, rows=rows, who=_person(who))
    shown = len(sitting.session.items)

    def ready(address: str) -> None:
        call.tell(f"{shown:,} rows of {made.version} to look at: {address}")
        call.tell("Ctrl-C ends it; every answer is kept at once.")

    summary = serve(sitting, port=port, verbose=call.verbose, browser=not no_browser, ready=ready)
    call.answer(
        {"use_case": name, "version": made.version, "who": sitting.session.who, **asdict(summary)},
        _text(name, summary),
    )


def _person(said: str | None) -> str:
    import getpass

    if said is not None:
        if not said.strip():
            raise click.BadParameter("it is empty: say whose answers they are", param_hint="--who")
        return said.strip()
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def _text(name: str, summary: Summary) -> str:
    if not summary.answered:
        return f"{name}: no answer was given; nothing changed."
    told = [
        f"{summary.agreed:,} agreed with the label",
        f"{summary.changed:,} changed it",
        f"{summary.labelled:,} gave a first one",
        f"{summary.unsure:,} unsure",
    ]
    return (
        f"{name}: {summary.answered:,} of {summary.shown:,} rows answered: {', '.join(told)}.\n"
        f"`tidemill train {name}` uses them."
    )
