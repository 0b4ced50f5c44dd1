"""``tidemill predict``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tidemill.cli.call import Call, absolute, command
from tidemill.cli.text import clock
from tidemill.errors import UserError

if TYPE_CHECKING:
    from tidemill.scoring import Scored

__all__ = ["predict"]


@command("predict")
@click.argument("name")
@click.option("--input", "input_url", required=True, metavar="URL", help="Rows: Parquet, CSV, TSV or JSON Lines.")
@click.option("--output", "output_url", required=True, metavar="URL", help="The Parquet file to write.")
@click.option(
    "--version", default="champion", show_default=True, metavar="V", help="A version, `champion` or `latest`."
)
@click.option(
    "--explain", type=click.IntRange(1, 100), is_flag=False, flag_value=3, metavar="[K]",
    help="Name the K columns (3, if not said) that moved each answer most, and how much each adds.",
)  # fmt: skip
def predict(call: Call, name: str, input_url: str, output_url: str, version: str, explain: int | None) -> None:
    """Answer every row of a file or folder with NAME's champion."""
    from tidemill.registry import Registry
    from tidemill.store import list_objects
    from tidemill.usecase import load_usecase

    source, output = absolute(input_url), absolute(output_url)
    load_usecase(name)
    if output in {found.url for found in list_objects(source)}:
        raise UserError(f"{output} is what --input reads: give --output another name")
    found = Registry(call.store(), name).named(version)
    chosen = version if version == "champion" else found
    asked: dict[str, object] = {"use_case": name, "input": source, "output": output, "version": chosen}
    done: Scored = call.flow("scoring", f"predict {name}", **asked, **({"explain": explain} if explain else {}))
    said = [f"{done.rows:,} rows answered by {done.version} in {clock(done.seconds)}: {done.output}"]
    said += [f"  warning: {one}" for one in done.warnings]
    said += [f"  Data Docs: {done.data_docs}"] if done.warnings and done.data_docs else []
    call.answer(done.model_dump(mode="json"), "\n".join(said))
