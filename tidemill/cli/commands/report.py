"""``tidemill report``."""

from __future__ import annotations

import click

from tidemill.cli.call import Call, command
from tidemill.errors import UserError

__all__ = ["report"]


@command("report")
@click.argument("name")
@click.option("--version", default="latest", show_default=True, metavar="V", help="A version, `champion` or `latest`.")
def report(call: Call, name: str, version: str) -> None:
    """Print where the report of a version of NAME is."""
    store, registry = call.registry(name)
    found = registry.version(version).version
    html, card = f"{name}/reports/{found}/report.html", f"{name}/reports/{found}/card.md"
    if not store.exists(html):
        raise UserError(
            f"{store.url_of(html)} does not exist: the training that made {found} has not come to its report. "
            f"Run `tidemill train {name}` again: it goes on from there"
        )
    data = {"use_case": name, "version": found, "report": store.url_of(html), "card": store.url_of(card)}
    call.answer(data, store.url_of(html))
