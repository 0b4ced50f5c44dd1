"""Finding and reading use cases: ``usecases/<name>/usecase.yaml`` below the project's folder."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tidemill.errors import UserError, did_you_mean
from tidemill.usecase.document import Document, printable, read_document
from tidemill.usecase.problems import sentences
from tidemill.usecase.publishing import json_schema
from tidemill.usecase.schema import UseCase
from tidemill.usecase.values import check_name

__all__ = ["list_usecases", "load_usecase", "project_folder", "read_usecase"]

FILE = "usecase.yaml"


def project_folder() -> Path:
    """The project: ``TIDEMILL_PROJECT``, else the working directory. Raises UserError when it is no folder."""
    said = os.environ.get("TIDEMILL_PROJECT")
    if not said:
        return Path.cwd()
    folder = Path(said).expanduser().absolute()
    if not folder.is_dir():
        raise UserError(f"TIDEMILL_PROJECT names {said}, which is not a folder: set it to your project's")
    return folder


def list_usecases(project: Path | None = None) -> list[str]:
    """The names of the use cases in the project, sorted: the folders of ``usecases/`` that hold a ``usecase.yaml``."""
    try:
        return sorted(
            file.parent.name for file in _home(project).glob(f"*/{FILE}") if not file.parent.name.startswith(".")
        )
    except OSError as problem:
        raise UserError(f"{_show(_home(project))} can't be read: {problem.strerror}") from None


def load_usecase(name: str, project: Path | None = None) -> UseCase:
    """Read the use case ``name`` of the project (:func:`project_folder` when left out).

    Raises :exc:`UserError` with file, line and field for anything that is wrong with it. A ``name`` that
    could lead out of ``usecases/`` is refused before the disk is touched.
    """
    try:
        check_name(name)
    except ValueError as problem:
        last = name.rstrip("/").rpartition("/")[2].lower()
        hint = did_you_mean(last, [last]) if last and _is_name(last) else ""
        raise UserError(f"`{printable(name)}` can't be the name of a use case{hint}: {problem}") from None
    file = _home(project) / name / FILE
    use_case = read_usecase(file)
    if use_case.name != name:
        raise UserError(
            f"{_show(file)}: its `name` is `{use_case.name}`, and its folder is `{name}`: make them the same"
        )
    return use_case


def read_usecase(file: Path) -> UseCase:
    """Read one ``usecase.yaml``, wherever it is; its folder is where its relative URLs start."""
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        raise UserError(_absent(file)) from None
    except OSError as problem:
        raise UserError(f"{_show(file)} can't be read: {problem.strerror or problem}") from None
    use_case = _parse(read_document(data, _show(file)))
    use_case._folder = file.parent.absolute()
    return use_case


def _parse(document: Document) -> UseCase:
    if not isinstance(document.value, dict):
        what = "a list" if isinstance(document.value, tuple) else "a single value"
        raise UserError(f"{document.where} is {what}: it must be fields such as `name: churn`, one a line")
    try:
        return UseCase.model_validate(document.value, strict=True)
    except ValidationError as problem:
        errors = problem.errors(include_url=False, include_input=False)
        raise UserError(sentences(document, errors, _published())) from None


@cache
def _published() -> dict[str, Any]:
    return json_schema()


def _is_name(text: str) -> bool:
    try:
        check_name(text)
    except ValueError:
        return False
    return True


def _home(project: Path | None) -> Path:
    return (project if project is not None else project_folder()) / "usecases"


def _absent(file: Path) -> str:
    """Why there is no such file, and what there is instead."""
    folder, home = file.parent, file.parent.parent
    if home.name != "usecases":
        return f"there is no file {_show(file)}"
    if not home.is_dir():
        return (
            f"there is no folder {_show(home)}: run this in your project's folder or name it in TIDEMILL_PROJECT; "
            "`tidemill init` makes a first use case"
        )
    other = folder / "usecase.yml"
    if other.exists():
        return f"{_show(other)} must be called {FILE}: rename it"
    known = list_usecases(home.parent)
    there = f"there are: {', '.join(known)}" if known else "there is none yet: `tidemill init` makes one"
    what = f"{_show(folder)} holds no {FILE}" if folder.is_dir() else f"there is no use case `{folder.name}`"
    return f"{what}{did_you_mean(folder.name, known)}; in {_show(home)} {there}"


def _show(path: Path) -> str:
    """A path as a person in the working directory would write it."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)
