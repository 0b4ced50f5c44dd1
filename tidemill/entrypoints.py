"""``module:function`` of a use case: a person's own Python, found, loaded and called, with errors that name its line.

A module is a file of the use case's folder or of the project: ``labels:short`` is ``short`` in ``labels.py``,
``shop.orders:rows`` is ``rows`` in ``shop/orders.py``. Else it is one that is installed. A file is loaded anew
when its text, or that of a module beside it, has changed, so that a worker that runs for months never answers
with yesterday's code. Modules beside it are imported at its top, by their plain names; nothing stays on
Python's path.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from tidemill.errors import TidemillError, TransientError, UserError, did_you_mean
from tidemill.secrets import hidden

__all__ = ["EntryPoint", "fingerprint", "load"]

_loading = threading.RLock()


@dataclass(frozen=True)
class EntryPoint:
    """A function of the project: call it, and what goes wrong in it is the user's, with file and line."""

    entry: str
    file: Path
    function: Callable[..., Any]

    def __call__(self, *given: object, **named: object) -> Any:
        """What the function gives. Raises :exc:`UserError` for what it raises, but lets Tidemill's own errors pass.

        A connection that broke, or an answer that did not come in time, is a :exc:`TransientError`.
        """
        with self.blamed():
            return self.function(*given, **named)

    @contextmanager
    def blamed(self) -> Iterator[None]:
        """For what runs the function's code later, such as a generator that it gave."""
        try:
            yield
        except TidemillError:
            raise
        except (ConnectionError, TimeoutError) as problem:
            raise TransientError(_told(self.entry, self.file, problem)) from problem
        except (Exception, SystemExit) as problem:
            raise UserError(_told(self.entry, self.file, problem)) from problem


def load(entry: str, folder: Path) -> EntryPoint:
    """The function that ``entry`` (``module:function``) names, for a use case in ``folder``.

    Raises :exc:`UserError` when there is no such file or function, and when the file can't be loaded,
    with the line.
    """
    module, _, name = entry.partition(":")
    file = _in_project(module, folder)
    with _loading:
        loaded = _installed(entry, folder) if file is None else _loaded(entry, file, _homes(folder))
    file = file or Path(str(loaded.__file__))
    function = getattr(loaded, name, None)
    if not callable(function):
        known = [word for word, value in vars(loaded).items() if callable(value) and not word.startswith("_")]
        raise UserError(f"`{entry}`: there is no function `{name}` in {file}{did_you_mean(name, known)}")
    return EntryPoint(entry, file, function)


def fingerprint(entry: str, folder: Path) -> str:
    """sha256 (hex) of the file that ``entry`` is in and the modules beside it, for keys of what depends on them."""
    module = entry.partition(":")[0]
    return _text(_in_project(module, folder) or Path(str(_installed(entry, folder).__file__)))


def _homes(folder: Path) -> list[Path]:
    """Where modules may be: the use case's folder, and the project that it is in."""
    return [folder, folder.parent.parent] if folder.parent.name == "usecases" else [folder]


def _in_project(module: str, folder: Path) -> Path | None:
    inner = Path(*module.split("."))
    for home in _homes(folder):
        for file in (home / inner.with_suffix(".py"), home / inner / "__init__.py"):
            if file.is_file():
                return file
    return None


def _installed(entry: str, folder: Path) -> ModuleType:
    """A module of this Python's environment. Raises UserError, with what the project has, when there is none."""
    module = entry.partition(":")[0]
    try:
        found: ModuleType | None = importlib.import_module(module)
    except ModuleNotFoundError as problem:
        if problem.name is None or not f"{module}.".startswith(f"{problem.name}."):
            raise UserError(_told(entry, Path(module), problem)) from problem
        found = None
    except Exception as problem:
        raise UserError(_told(entry, Path(module), problem)) from problem
    if found is not None and getattr(found, "__file__", None):
        return found
    homes, inner = _homes(folder), Path(*module.split(".")).with_suffix(".py")
    near = [file.relative_to(home).as_posix() for home in homes for file in (home / inner.parent).glob("*.py")]
    hint = did_you_mean(inner.as_posix(), near)
    raise UserError(f"`{entry}`: there is no {inner} in {' or in '.join(map(str, homes))}{hint}, and none is installed")


def _loaded(entry: str, file: Path, homes: list[Path]) -> ModuleType:
    """The module, under a name of its own for its place and text: no two projects meet in ``sys.modules``."""
    place = hashlib.sha256(str(file).encode()).hexdigest()
    name = f"tidemill_entry_{place[:16]}_{_text(file)[:16]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    before = set(sys.modules)
    sys.path[:0] = map(str, homes)
    try:
        exec(compile(file.read_bytes(), str(file), "exec"), module.__dict__)
    except BaseException as problem:
        del sys.modules[name]
        if not isinstance(problem, Exception | SystemExit) or isinstance(problem, TidemillError):
            raise
        raise UserError(_told(entry, file, problem)) from None
    finally:
        for home in homes:
            sys.path.remove(str(home))
        _forget(set(sys.modules) - before, homes)
    return module


def _text(file: Path) -> str:
    """sha256 (hex) of a module's text and of the modules beside it, which it may import."""
    digest = hashlib.sha256()
    for one in sorted(file.parent.glob("*.py")):
        digest.update(f"{one.name}\0".encode() + hashlib.sha256(one.read_bytes()).digest())
    return digest.hexdigest()


def _forget(names: set[str], homes: list[Path]) -> None:
    """Let go of the project's modules that were imported on the way: another project may have the same names."""
    for name in names:
        where = getattr(sys.modules[name], "__file__", None)
        if where and any(Path(where).is_relative_to(home) for home in homes) and "site-packages" not in where:
            del sys.modules[name]


def _told(entry: str, file: Path, problem: BaseException) -> str:
    """What went wrong in a person's own code: their innermost line, and the error in Python's words."""
    line = problem.lineno if isinstance(problem, SyntaxError) and problem.filename == str(file) else None
    for frame in traceback.extract_tb(problem.__traceback__):
        if frame.filename == str(file):
            line = frame.lineno
    where = f"{file}, line {line}" if line else str(file)
    said = " ".join(hidden(str(problem)).split())
    return f"`{entry}` failed ({where}): {type(problem).__name__}{f': {said}' if said else ''}"
