"""From whatever was raised to what a person reads and the status that a script gets."""

from __future__ import annotations

import os
import platform
import tempfile
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from tidemill import __version__
from tidemill.errors import GateError, TidemillError, TransientError, UserError

__all__ = ["DONE", "FAILED", "INTERRUPTED", "REFUSED", "WRONG", "Failure", "failure_of"]

DONE, FAILED, WRONG, REFUSED, INTERRUPTED = 0, 1, 2, 3, 130


@dataclass(frozen=True)
class Failure:
    """``text`` is for a person, on standard error; ``message`` is its plain core.

    ``data_docs`` is where the data that was refused is shown.
    """

    status: int
    message: str
    text: str
    data_docs: str | None = None


def failure_of(error: BaseException, words: Sequence[str]) -> Failure:
    """What to say about ``error``, raised by the command line ``words``. Writes a log for what nobody foresaw."""
    if isinstance(error, click.Abort | KeyboardInterrupt):
        message = "Stopped. What was finished is kept: the same command goes on from there."
        return Failure(INTERRUPTED, message, message)
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return Failure(WRONG, "no command was given", error.format_message())
    if isinstance(error, click.UsageError):
        message = error.format_message()
        if error.ctx is None:
            return Failure(WRONG, message, f"Error: {message}")
        usage, path = error.ctx.get_usage(), error.ctx.command_path
        return Failure(WRONG, message, f"{usage}\n\nError: {message}\nSee `{path} --help`.")
    if isinstance(error, click.ClickException):
        return Failure(WRONG, error.format_message(), f"Error: {error.format_message()}")
    if isinstance(error, TidemillError):
        return _foreseen(error, words)
    return _unforeseen(error, words)


def _foreseen(error: TidemillError, words: Sequence[str]) -> Failure:
    message = str(error)
    shown = f"{_trace(error)}\n{message}" if _verbose(words) else message
    if isinstance(error, UserError):
        return Failure(WRONG, message, f"Error: {shown}")
    if isinstance(error, GateError):
        return Failure(REFUSED, message, f"Refused: {shown}", error.data_docs)
    stop = "" if message.endswith(".") else "."
    again = f"{stop} What was finished is kept: try again." if isinstance(error, TransientError) else ""
    return Failure(FAILED, f"{message}{again}", f"Failed: {shown}{again}")


def _unforeseen(error: BaseException, words: Sequence[str]) -> Failure:
    what = " ".join(f"{type(error).__name__}: {error}".split())
    message = f"this should not have happened: {what}"
    if _verbose(words):
        return Failure(FAILED, message, f"{_trace(error)}\nFailed: {message}")
    log = _write_log(error, words)
    return Failure(FAILED, message, f"Failed: {message}. The details are in {log}; `--verbose` shows them here.")


def _verbose(words: Sequence[str]) -> bool:
    return "--verbose" in words


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)).rstrip()


def _write_log(error: BaseException, words: Sequence[str]) -> Path:
    """Write what a maintainer needs (the command's name, versions, the traceback) and say where."""
    now = datetime.now(UTC)
    text = (
        f"{now.isoformat()} tidemill {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
        f"command: {words[0] if words else ''}\n\n{_trace(error)}\n"
    )
    state = Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state").expanduser() / "tidemill"
    name = f"{now:%Y%m%dT%H%M%S}-{os.getpid()}.log"
    for folder in (state, Path(tempfile.gettempdir())):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        except OSError:
            continue
        return folder / name
    return Path(os.devnull)
