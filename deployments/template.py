"""A migrated, empty database of the installed Prefect version, made once and copied into new Prefect homes.

Migrating a fresh SQLite database takes longer than all else that a server does at its start: 7 of 14 s.
"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import sqlite3
import sys
import tempfile
from contextlib import closing, suppress
from pathlib import Path

from deployments.settings import user_settings
from tidemill.errors import UserError

__all__ = ["keep_template", "open_home", "template_path"]

DATABASE = "prefect.db"


def template_path() -> Path:
    """Where this environment keeps its template: inside the virtual environment, by Prefect's version."""
    version = importlib.metadata.version("prefect")
    return Path(sys.prefix) / "share" / "tidemill" / f"prefect-{version}.db"


def open_home(home: Path) -> None:
    """Make ``home`` ready for a server: a folder that can be written, with a database of the template's.

    Raises UserError when it can't be written.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        _place_template(home)
    except OSError as error:
        raise UserError(
            f"Prefect's folder {home} can't be used: {error.strerror or error}. Set PREFECT_HOME to a folder "
            "that can be written, or PREFECT_API_URL to a server that runs."
        ) from error


def _place_template(home: Path) -> bool:
    """Copy the template to ``home`` if there is no database yet; never overwrites one. True when it was placed.

    Without a template, or where hard links don't work, Prefect migrates a fresh database itself: slower, as good.
    """
    named = {"PREFECT_SERVER_DATABASE_CONNECTION_URL", "PREFECT_API_DATABASE_CONNECTION_URL"}
    if (home / DATABASE).exists() or named & user_settings().keys() or not template_path().is_file():
        return False
    with tempfile.TemporaryDirectory(dir=home, prefix=".template-") as folder:
        copied = Path(folder) / DATABASE
        shutil.copyfile(template_path(), copied)
        with suppress(OSError):  # a link, unlike a rename, fails when another process was first
            os.link(copied, home / DATABASE)
            return True
    return False


def keep_template(home: Path) -> Path:
    """Make the template from the database that a server, stopped by now, has migrated in ``home``."""
    path = template_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f".{path.name}.{os.getpid()}")
    with closing(sqlite3.connect(home / DATABASE)) as connection:
        connection.execute("VACUUM INTO ?", (str(made),))
    return made.replace(path)
