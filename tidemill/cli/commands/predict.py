"""``tidemill predict``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tidemill.cli.call import Call, absolute, command
from tidemill.cli.display import clock
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
def predict(call: Call, name: str, input_url: str, output_url: str, version: str) -> None:
    """Answer every row of a file or folder with NAME's champion."""
    from tidemill.registry import Registry
    from tidemill.store import list_objects
    from tidemill.usecase import load_usecase

    source, output = absolute(input_url), absolute(output_url)
    load_usecase(name)
    if output in {found.url for found in list_objects(source)}:
        raise UserError(f"{output} is what --input reads: give --output another name")
    registry = Registry(call.store(), name)
    chosen = "champion" if version == "champion" and registry.champion_name() else registry.version(version).version
    done: Scored = call.flow("scoring", f"predict {name}", use_case=name, input=source, output=output, version=chosen)
    said = [f"{done.rows:,} rows answered by {done.version} in {clock(done.seconds)}: {done.output}"]
    said += [f"  warning: {one}" for one in done.warnings]
    said += [f"  Data Docs: {done.data_docs}"] if done.warnings and done.data_docs else []
    call.answer(done.model_dump(mode="json"), "\n".join(said))
