"""The commands by name, and what becomes of whatever goes wrong in one."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Sequence
from contextlib import suppress

import click

from tidemill import __version__
from tidemill.cli.failing import Failure, failure_of
from tidemill.errors import did_you_mean

__all__ = ["app", "main"]

_COMMANDS = {
    "init": "tidemill.cli.commands.init",
    "collect": "tidemill.cli.commands.collect",
    "train": "tidemill.cli.commands.train",
    "tune": "tidemill.cli.commands.tune",
    "label": "tidemill.cli.commands.label",
    "predict": "tidemill.cli.commands.predict",
    "monitor": "tidemill.cli.commands.monitor",
    "serve": "tidemill.cli.commands.serve",
    "models": "tidemill.cli.commands.models",
    "ledger": "tidemill.cli.commands.ledger",
    "lineage": "tidemill.cli.commands.lineage",
    "predictions": "tidemill.cli.commands.predictions",
    "report": "tidemill.cli.commands.report",
    "study": "tidemill.cli.commands.study",
    "quarantine": "tidemill.cli.commands.quarantine",
    "promote": "tidemill.cli.commands.decisions",
    "approve": "tidemill.cli.commands.decisions",
    "reject": "tidemill.cli.commands.decisions",
    "rollback": "tidemill.cli.commands.decisions",
    "erase": "tidemill.cli.commands.erase",
    "deploy": "tidemill.cli.commands.deploy",
    "up": "tidemill.cli.commands.up",
}


class _Commands(click.Group):
    """Imports a command's module when it is asked for; lists them in the order of a model's life."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = _COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = getattr(importlib.import_module(module), cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in _COMMANDS:
            raise click.UsageError(f"there is no command `{args[0]}`{did_you_mean(args[0], _COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit status: 0 done; 1 the run failed; 2 the input is wrong; 3 refused by a gate, nothing promoted.",
)
@click.version_option(__version__, prog_name="tidemill", message="%(prog)s %(version)s")
def app() -> None:
    """The whole working life of a tabular model, on your own storage."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (without the program's name; left out, the process's own) and give its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        status = app.main(words, prog_name="tidemill", standalone_mode=False)
    except (Exception, KeyboardInterrupt) as error:
        return _told(failure_of(error, words), as_json="--json" in words)
    return int(status or 0)


def _told(failure: Failure, *, as_json: bool) -> int:
    """Say what went wrong: a message on standard error and, where JSON was asked for, an object on standard output."""
    with suppress(OSError):
        click.echo(failure.text, err=True)
        if as_json:
            said: dict[str, object] = {"status": failure.status, "message": failure.message}
            said |= {"data_docs": failure.data_docs} if failure.data_docs else {}
            click.echo(json.dumps({"error": said}, ensure_ascii=False, indent=2))
    return failure.status
