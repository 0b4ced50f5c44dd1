"""What every command has in common: its options, its one answer, and a standard output that is its own.

A command is a function of a :class:`Call`, made a click command by :func:`command`. While it runs,
file descriptor 1 is standard error: whatever libraries print, standard output gets the answer alone.
"""

from __future__ import annotations

import functools
import json
import math
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tidemill.errors import UserError

if TYPE_CHECKING:
    from tidemill.registry import Registry
    from tidemill.store import Store

__all__ = ["Call", "absolute", "command"]


@dataclass(frozen=True)
class Call:
    """One command line: where the lake is, and the file descriptor that the answer goes to."""

    lake: str
    json: bool
    verbose: bool
    out: int

    def store(self, *, writable: bool = True) -> Store:
        """The lake, proved to answer. Raises UserError when it does not."""
        from tidemill.store import Store

        store = Store(self.lake)
        store.check(writable=writable)
        return store

    def registry(self, name: str, *, writable: bool = False) -> tuple[Store, Registry]:
        """The lake, and the versions of ``name`` in it. Raises UserError for a use case that nobody has heard of."""
        from tidemill.registry import Registry
        from tidemill.usecase import load_usecase, project_folder
        from tidemill.usecase.values import check_name

        try:
            check_name(name)
        except ValueError:
            load_usecase(name)  # says what is wrong with the name
        store = self.store(writable=False)
        described = (project_folder() / "usecases" / name / "usecase.yaml").is_file()
        if not described and not store.list(f"{name}/versions"):
            load_usecase(name)  # says which use cases there are
        if writable:
            store.check()
        return store, Registry(store, name)

    def answer(self, data: Mapping[str, Any], text: str) -> None:
        """Say the result, once: ``data`` with ``--json``, else ``text``."""
        said = json.dumps(_plain(data), ensure_ascii=False, indent=2, allow_nan=False) if self.json else text
        if not os.isatty(self.out) or os.environ.get("NO_COLOR"):
            said = click.unstyle(said)
        left = memoryview(f"{said}\n".encode(errors="replace"))
        with suppress(BrokenPipeError):  # the reader has seen enough (`| head`)
            while left:
                left = left[os.write(self.out, left) :]

    def tell(self, text: str) -> None:
        """A line for a person, on standard error."""
        click.echo(text, err=True)

    def flow(self, name: str, title: str, **parameters: object) -> Any:
        """Run the flow ``name`` here and now, with its progress on standard error, and give what it returns."""
        from deployments import engine
        from tidemill.cli.display import progress

        with progress(title, plain=self.verbose):
            return engine.run(name, quiet=not self.verbose, lake=self.lake, **parameters)


def command(name: str) -> Callable[[Callable[..., int | None]], click.Command]:
    """Make a function of a :class:`Call` and its own arguments the command ``name``, with the common options.

    The function returns the exit status; None is 0. Its docstring is the help.
    """

    def wrap(function: Callable[..., int | None]) -> click.Command:
        @functools.wraps(function)
        def run(lake: str | None, project: str | None, as_json: bool, verbose: bool, **own: Any) -> int:
            if not verbose and not sys.warnoptions:
                warnings.simplefilter("ignore")
            if project is not None:
                os.environ["TIDEMILL_PROJECT"] = _folder(project)
            with _own_stdout() as out:
                return function(Call(_lake(lake), as_json, verbose, out), **own) or 0

        for option in _COMMON:
            run = option(run)
        return click.command(name)(run)

    return wrap


def absolute(url: str) -> str:
    """A path from the command line starts in the working folder; a URL is left as it is."""
    return url if "://" in url or url.startswith("file:") else str(Path(url).expanduser().absolute())


_COMMON = (
    click.option("--verbose", is_flag=True, help="Show Prefect's log, warnings and tracebacks."),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else."),
    click.option("--project", metavar="FOLDER", help="The folder that holds usecases/ [TIDEMILL_PROJECT, .]"),
    click.option("--lake", metavar="URL", help="Where everything is stored [TIDEMILL_LAKE, ./lake]"),
)


def _lake(said: str | None) -> str:
    from tidemill.project import lake_url

    return lake_url(absolute(said) if said else None)


def _folder(said: str) -> str:
    folder = Path(said).expanduser().absolute()
    if not folder.is_dir():
        raise UserError(f"the project folder {folder} does not exist: mend --project")
    return str(folder)


@contextmanager
def _own_stdout() -> Iterator[int]:
    """Standard output for the block's answer alone: everything else that is written to it goes to standard error."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with redirect_stdout(sys.stderr):  # what holds on to the old object goes by the descriptor
            yield kept
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def _plain(value: Any) -> Any:
    """The same value with null for what JSON has no number for."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
