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

__all__ = [
    "CLIENT",
    "QUIET",
    "TAG",
    "prefect_home",
    "server_settings",
    "set_defaults",
    "user_settings",
    "worker_settings",
]

TAG = "tidemill"
"""On every run and deployment of Tidemill, for the UI's filters and the automations."""

CLIENT: Mapping[str, str] = {
    # Should Prefect start a server itself: a fresh database on a busy machine needs more than its 20 s.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "90",
}
"""For a process in which a person runs flows, beside :func:`worker_settings`."""

QUIET: Mapping[str, str] = {
    # The command line shows progress and errors itself. The Prefect API still gets every line.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
}
"""For a process whose output is not Prefect's to write."""


def server_settings() -> dict[str, str]:
    """For a Prefect server that Tidemill starts: ``server.env``."""
    return _env_file("server.env")


def worker_settings() -> dict[str, str]:
    """For every process that runs flows, on this machine or a worker's: ``worker.env``."""
    return _env_file("worker.env")


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


def _env_file(name: str) -> dict[str, str]:
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    lines = [line.partition("=") for line in text.splitlines() if line and not line.startswith("#")]
    return {name: value for name, _, value in lines}


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
