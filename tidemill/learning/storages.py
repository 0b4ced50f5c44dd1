"""Where a shared study is: a journal file or PostgreSQL, opened through Optuna, with what goes wrong said in words."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tidemill.errors import UserError
from tidemill.secrets import hiding, revealed_url
from tidemill.store import disk_failures, shown

if TYPE_CHECKING:
    from optuna.storages import BaseStorage
    from optuna.storages.journal import JournalFileSymlinkLock

__all__ = ["BEAT_SECONDS", "GRACE_SECONDS", "open_storage", "quiet", "storage_failures"]

BEAT_SECONDS = 15
GRACE_SECONDS = 60
_CONNECT_SECONDS = 10
_TABLES_SECONDS = 2.0
_LOCK_SECONDS = 10
_FIELD = "`tune.storage`"
_FIRST = b'{"op_code":'


def open_storage(storage: str, folder: Path) -> BaseStorage:
    """Optuna's storage. ``storage`` may hold references to secrets; a relative path starts at ``folder``.

    Raises UserError when it can't be reached, read or written, and TransientError when a server is busy.
    """
    with quiet(), storage_failures(storage):
        place = revealed_url(storage)
        if "://" in place:
            return _database(place, shown(storage))
        return _journal((folder / Path(place).expanduser()).absolute())


@contextmanager
def storage_failures(storage: str) -> Iterator[None]:
    """Turn what databases and disks refuse while a study is in ``storage`` into Tidemill's own errors."""
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import SQLAlchemyError

    from tidemill.connectors.database_errors import told

    try:
        with hiding():
            yield
    except (SQLAlchemyError, StorageInternalError, ModuleNotFoundError) as error:
        cause = error.__cause__ if isinstance(error, StorageInternalError) else error
        if not isinstance(cause, SQLAlchemyError | ModuleNotFoundError):
            raise
        said = told(cause, f"{_FIELD}: {shown(storage)}", storage)
        raise type(said)(str(said).replace("`url`", _FIELD)) from None


def _database(url: str, named: str) -> BaseStorage:
    from sqlalchemy.exc import IntegrityError, InternalError, ProgrammingError

    if not url.startswith(("postgresql://", "postgresql+")):
        raise UserError(
            f"{_FIELD}: `{url.partition(':')[0]}` is another database: write a path for a journal file, or "
            "postgresql://user:${PASSWORD}@host/name"
        )
    try:
        return _tables(url)
    except (IntegrityError, ProgrammingError, InternalError):  # another process was making the tables
        time.sleep(_TABLES_SECONDS)
        return _tables(url)
    except RuntimeError as error:
        raise UserError(
            f"{_FIELD}: {named} holds the tables of another Optuna: name an empty database, or run "
            "`optuna storage upgrade`"
        ) from error


def _tables(url: str) -> BaseStorage:
    from optuna.storages import RDBStorage

    return RDBStorage(
        url,
        engine_kwargs={"pool_pre_ping": True, "connect_args": {"connect_timeout": _CONNECT_SECONDS}},
        heartbeat_interval=BEAT_SECONDS,
        grace_period=GRACE_SECONDS,
    )


def _journal(file: Path) -> BaseStorage:
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock

    if file.is_dir():
        raise UserError(f"{_FIELD}: {file} is a folder: name a file in it, such as {file / 'tuning.log'}")
    if not file.parent.is_dir():
        raise UserError(f"{_FIELD}: the folder {file.parent} does not exist: make it, or mend the path")
    with disk_failures(file):
        file.touch()
        lock = JournalFileSymlinkLock(str(file), _LOCK_SECONDS)
        try:
            _without_torn_end(file, lock)
            return JournalStorage(JournalFileBackend(str(file), lock))
        except (ValueError, KeyError, TypeError, AttributeError, AssertionError):
            raise UserError(
                f"{_FIELD}: {file} is no journal of Optuna, or a damaged one: name another file, or restore it"
            ) from None


def _without_torn_end(file: Path, lock: JournalFileSymlinkLock) -> None:
    """Cut off a last line that a full disk or a crash left half written: what follows it could not be read.

    Raises ValueError when the file is no journal.
    """
    lock.acquire()
    try:
        with file.open("r+b") as journal:
            lines = journal.read().splitlines(keepends=True)
            if lines and not lines[0].startswith(_FIRST):
                raise ValueError(f"{file} does not start as a journal does")
            if lines and not lines[-1].endswith(b"\n"):
                journal.truncate(sum(map(len, lines[:-1])))
    finally:
        lock.release()


@contextmanager
def quiet() -> Iterator[None]:
    """Optuna reports each study and trial to standard error; Tidemill has its own progress."""
    log = logging.getLogger("optuna")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)
