"""``tidemill report``."""

from __future__ import annotations

import click

from tidemill.cli.call import Call, command
from tidemill.errors import UserError

__all__ = ["report"]

_FILES = {"report": "report.html", "summary": "summary.html", "card": "card.md", "card_page": "card.html"}


@command("report")
@click.argument("name")
@click.option("--version", default="latest", show_default=True, metavar="V", help="A version, `champion` or `latest`.")
@click.option("--summary", is_flag=True, help="The page for those who decide, in place of that for engineers.")
def report(call: Call, name: str, version: str, summary: bool) -> None:
    """Print where the report of a version of NAME is."""
    store, registry = call.registry(name)
    found = registry.version(version).version
    folder = f"{name}/reports/{found}"
    asked = "summary" if summary else "report"
    html = f"{folder}/{_FILES[asked]}"
    if not store.exists(html):
        raise UserError(
            f"{store.url_of(html)} does not exist: the training that made {found} has not come to its report. "
            f"Run `tidemill train {name}` again: it goes on from there"
        )
    data = {"use_case": name, "version": found}
    for what, file in _FILES.items():
        if store.exists(f"{folder}/{file}"):
            data[what] = store.url_of(f"{folder}/{file}")
    call.answer(data, data[asked])
