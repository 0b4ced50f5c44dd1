"""``tidemill init``: a use case and its expectations, written from the data."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidemill.cli.call import Call, absolute, command
from tidemill.errors import UserError
from tidemill.progress import Note, emit

if TYPE_CHECKING:
    import pandas as pd

    from tidemill.reading import DecimalMark, Encoding, Reading
    from tidemill.usecase import UseCase

__all__ = ["init"]

_ROWS = 200_000
_MOST_READ = 5_000_000
_SEED = 7
_SQLITE = "sqlite:///"
_DATABASES = ("postgresql", "mysql", "mariadb", "sqlite", "oracle", "mssql")


@command("init")
@click.argument("name")
@click.option("--source", required=True, metavar="URL", help="The table: a file, a folder, a glob or a URL.")
@click.option("--table", metavar="NAME", help="The table, where --source is a database: SQLAlchemy's URL.")
@click.option("--target", required=True, metavar="COL", help="What to predict.")
@click.option("--time", metavar="COL", help="When a prediction is asked for.")
@click.option("--id", "ids", metavar="COL", multiple=True, help="What names a row; more than once for several.")
@click.option("--group", metavar="COL", help="Rows of one group stay together.")
@click.option(
    "--encoding",
    type=click.Choice(["utf-8", "latin-1", "windows-1252", "utf-16"]),
    help="How text is encoded, where it is not UTF-8 and does not say so.",
)
@click.option("--decimal", type=click.Choice([".", ","]), help="The decimal mark, where that can't be told.")
def init(
    call: Call,
    name: str,
    source: str,
    table: str | None,
    target: str,
    time: str | None,
    ids: tuple[str, ...],
    group: str | None,
    encoding: Encoding | None,
    decimal: DecimalMark | None,
) -> None:
    """Write a use case and its expectations from a table.

    The files are usecases/NAME/usecase.yaml and expectations/NAME.yaml; neither may exist.
    """
    from expectations import infer_suite
    from tidemill.cli.display import progress
    from tidemill.scaffold import found_usecase
    from tidemill.usecase import project_folder
    from tidemill.usecase.values import check_name

    try:
        check_name(name)
    except ValueError as problem:
        raise UserError(f"`{name}` can't be the name of a use case: {problem}") from None
    project = project_folder()
    files = project / "usecases" / name / "usecase.yaml", project / "expectations" / f"{name}.yaml"
    _refuse_existing(files)
    if not table and source.partition(":")[0].partition("+")[0] in _DATABASES:
        raise UserError("--source is a database: give its --table too")
    reading: Reading = {}
    if encoding:
        reading["encoding"] = encoding
    if decimal:
        reading["decimal"] = decimal
    with progress(f"init {name}", plain=call.verbose):
        frame, rows = _table(source, table) if table else _rows(absolute(source), reading)
    url = _from_folder(source, files[0].parent)
    said = {field: str(value) for field, value in reading.items()}
    text, found = found_usecase(
        name, url, frame, rows=rows, target=target, time=time, id=ids, group=group, reading=said, table=table
    )
    suite = infer_suite(_parsed(text), frame, rows=rows, later=[hint.column for hint in found.forbid])
    _write_both({files[0]: text, files[1]: suite})
    call.answer(
        {"use_case": name, "usecase": str(files[0]), "expectations": str(files[1]), "columns": len(frame.columns)},
        f"Wrote {files[0]}\n  and {files[1]}.\nLook them over, mend what is wrong, then: tidemill train {name}",
    )


def _refuse_existing(files: tuple[Path, ...]) -> None:
    for file in files:
        if os.path.lexists(file):
            raise UserError(f"{file} exists, and `tidemill init` overwrites nothing: remove it, or take another name")


def _rows(source: str, reading: Reading) -> tuple[pd.DataFrame, int]:
    """200,000 of the source's rows in their order, evenly taken, and how many there are (5,000,000 are looked at)."""
    from tidemill.reading import open_dataset
    from tidemill.sampling import even_sample

    data = open_dataset(source, **reading, bad_rows="quarantine")
    unread = sum(data.refused.values())
    for note in data.notes:
        emit(Note(note))
    if unread:
        emit(Note(f"{unread:,} rows of {data.url} can't be read: {', '.join(data.refused)}. Training puts them aside"))
    return even_sample(data.frames(_ROWS), _ROWS, seed=_SEED, stop=_MOST_READ)


def _table(url: str, table: str) -> tuple[pd.DataFrame, int]:
    """The same of a database's table."""
    from pydantic import ValidationError

    from tidemill.collecting.pages import frames_of
    from tidemill.connectors.sql import SqlConnector
    from tidemill.sampling import even_sample
    from tidemill.usecase.schema import Sql

    try:
        connector = SqlConnector(Sql(url=url, table=table), None, Path.cwd())
    except ValidationError as problem:
        raise UserError(f"--source: {problem.errors()[0]['msg'].removeprefix('Value error, ')}") from None
    return even_sample(frames_of(connector), _ROWS, seed=_SEED, stop=_MOST_READ)


def _from_folder(source: str, folder: Path) -> str:
    """The source as ``usecase.yaml`` should name it: relative to its folder where both are in one project."""
    if source.startswith(_SQLITE):
        return _SQLITE + _from_folder(source.removeprefix(_SQLITE), folder)
    url = absolute(source)
    if "://" in url or url.startswith("file:"):
        return url
    project = folder.parent.parent
    return os.path.relpath(url, folder) if Path(url).is_relative_to(project) else url


def _parsed(text: str) -> UseCase:
    """The use case that the text describes, read back as every command will read it."""
    from tidemill.usecase import read_usecase

    with tempfile.TemporaryDirectory(prefix="tidemill-") as folder:
        file = Path(folder) / "usecase.yaml"
        file.write_text(text, encoding="utf-8")
        return read_usecase(file)


def _write_both(texts: Mapping[Path, str]) -> None:
    """Write all of the files or none, and none over one that exists."""
    written: list[Path] = []
    try:
        for file, text in texts.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=file.parent, prefix=f".{file.name}.") as draft:
                draft.write(text)
                draft.flush()
                os.fsync(draft.fileno())
                Path(draft.name).chmod(0o644)
                os.link(draft.name, file)
            written.append(file)
    except OSError as problem:
        for file in written:
            file.unlink()
        reason = "it exists by now" if isinstance(problem, FileExistsError) else problem.strerror or str(problem)
        raise UserError(f"{problem.filename2 or problem.filename or file} can't be written: {reason}") from None
