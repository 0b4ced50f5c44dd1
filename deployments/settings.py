"""Which Prefect settings Tidemill starts from, and what the user has said about them.

Prefect reads its settings while it is imported, so they go into the environment before that.
Nothing that the user has set anywhere Prefect looks (environment, ``.env``, ``prefect.toml``,
``pyproject.toml``, active profile) is overridden. Knows nothing of Prefect's code: importing this is free.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tidemill.errors import UserError

__all__ = ["CLIENT", "QUIET", "RUN", "SERVER", "prefect_home", "set_defaults", "user_settings"]

RUN: Mapping[str, str] = {
    # What the domain logs (stages, trials) appears in a run's log in the UI.
    "PREFECT_LOGGING_EXTRA_LOGGERS": "tidemill",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    # The automation that finds dead runs waits for three of these, in seconds; Prefect allows no less.
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    "DO_NOT_TRACK": "1",
}
"""For every process that runs a flow, on this machine or a worker's."""

CLIENT: Mapping[str, str] = {
    **RUN,
    # A fresh database on a busy machine needs more than Prefect's 20 s.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "90",
}
"""For a process in which a person runs flows."""

QUIET: Mapping[str, str] = {
    # The command line shows progress and errors itself. The Prefect API still gets every line.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
}
"""For a process whose output is not Prefect's to write."""

SERVER: Mapping[str, str] = {
    # One transaction a task run locks SQLite: the API answers 503 and the client sleeps 2 s, in 7 of 10 flows.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1.0",
    # Runs and events older than 90 days are removed, so that the database does not fill up.
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
}
"""For a Prefect server that Tidemill starts."""


def set_defaults(settings: Mapping[str, str]) -> None:
    """Put settings into this process's environment, except those that the user has set. Before Prefect is imported."""
    said = user_settings()
    for name, value in settings.items():
        if name not in said:
            os.environ[name] = value


def user_settings() -> dict[str, str]:
    """Every Prefect setting that the user has made, by its environment name, as Prefect would read it.

    Raises UserError for a settings file that is not TOML.
    """
    said: dict[str, str] = {}
    said.update(_profile())
    said.update(_flat(_toml(Path("pyproject.toml")).get("tool", {}).get("prefect", {})))
    said.update(_flat(_toml(Path("prefect.toml"))))
    said.update(_dotenv(Path(".env")))
    said.update(os.environ)
    return said


def prefect_home() -> Path:
    """The folder of Prefect's local state: ``PREFECT_HOME``, else ``~/.prefect``."""
    return Path(os.environ.get("PREFECT_HOME") or "~/.prefect").expanduser()


def _profile() -> dict[str, str]:
    """The settings of the active profile; Prefect's built-in ones set nothing that matters here."""
    path = Path(os.environ.get("PREFECT_PROFILES_PATH") or prefect_home() / "profiles.toml")
    contents = _toml(path)
    active = os.environ.get("PREFECT_PROFILE") or contents.get("active", "")
    profile = contents.get("profiles", {}).get(active, {})
    return {name: str(value) for name, value in profile.items()}


def _dotenv(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    from dotenv import dotenv_values

    return {name: value for name, value in dotenv_values(path).items() if value is not None}


def _flat(section: Mapping[str, Any]) -> dict[str, str]:
    return {f"PREFECT_{'_'.join(words)}".upper(): str(value) for words, value in _leaves(section)}


def _leaves(section: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, value in section.items():
        if isinstance(value, Mapping):
            yield from (((name, *rest), leaf) for rest, leaf in _leaves(value))
        else:
            yield (name,), value


def _toml(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} can't be read as TOML, and Prefect's settings may be in it: {error}.") from error
