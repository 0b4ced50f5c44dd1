"""Expectations of a project's own: classes of Great Expectations in ``expectations/custom/*.py``, found by type name.

The files are read, not run, to learn which types they define; one is imported only while a suite that
uses a type of it runs. A project's own come before those that Tidemill brings.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tidemill.errors import UserError

__all__ = ["Own", "own_types", "shown"]


@dataclass(frozen=True)
class Own:
    """A class that a file defines; ``digest`` is the sha256 of its text."""

    file: Path
    name: str
    digest: str

    def load(self) -> Any:
        """The class. Raises UserError, with the file and the line, when the file can't be imported."""
        place = hashlib.sha256(f"{self.file}\0{self.digest}".encode()).hexdigest()
        module = f"tidemill_expectations_{place[:16]}"
        if module not in sys.modules:
            _import(module, self.file)
        return getattr(sys.modules[module], self.name)


def own_types(project: Path) -> Mapping[str, Own]:
    """Every type in the project's and Tidemill's own ``expectations/custom``, by name.

    Raises UserError for a file that is not Python.
    """
    found: dict[str, Own] = {}
    for file in _files(project):
        data = file.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        for name in _classes(file, data):
            found.setdefault(_snake(name), Own(file, name, digest))
    return found


def _files(project: Path) -> Iterator[Path]:
    ours = Path(__file__).parent / "custom"
    folders = dict.fromkeys([(project / "expectations" / "custom").resolve(), ours.resolve()])
    for folder in folders:
        yield from sorted(file for file in folder.glob("*.py") if not file.name.startswith("_"))


def _classes(file: Path, data: bytes) -> list[str]:
    try:
        tree = ast.parse(data, filename=str(file))
    except (SyntaxError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        what = error.msg if isinstance(error, SyntaxError) else str(error)
        raise UserError(f"{shown(file)}{line}: this is not Python: {what}. Mend or remove the file") from None
    return [node.name for node in tree.body if isinstance(node, ast.ClassDef) and node.name.startswith("Expect")]


def _import(module: str, file: Path) -> None:
    spec = importlib.util.spec_from_file_location(module, file)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[module] = made
    try:
        spec.loader.exec_module(made)
    except Exception as error:  # it is the user's own code: whatever it raises, they need to know where
        del sys.modules[module]
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
        line = f", line {frames[-1].lineno}" if frames else ""
        what = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        raise UserError(f"{shown(file)}{line}: it can't be imported: {what}. Mend the file") from None


def shown(file: Path) -> str:
    """The file as a person knows it: from the project's folder."""
    return "/".join(file.parts[-3:])


def _snake(name: str) -> str:
    """The type of a class, as Great Expectations makes it."""
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z0-9])([A-Z])", r"\1_\2", name).lower()
