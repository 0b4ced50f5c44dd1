"""Prefect's settings: Tidemill's defaults go in, and never over what the user has said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deployments.settings import server_settings, set_defaults, user_settings, worker_settings
from tidemill.errors import UserError

NAME = "PREFECT_LOGGING_EXTRA_LOGGERS"


@pytest.fixture(autouse=True)
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder and a Prefect home where nobody has said anything yet, and an environment that is put back."""
    for name in list(os.environ):
        if name.startswith("PREFECT_"):
            monkeypatch.delenv(name)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    os.environ["PREFECT_HOME"] = str(tmp_path / "home")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "home").mkdir()
    return tmp_path


def test_defaults_go_into_the_environment() -> None:
    set_defaults({NAME: "tidemill"})
    assert os.environ[NAME] == "tidemill"


def test_the_environment_is_never_overridden() -> None:
    os.environ[NAME] = "mine"
    set_defaults({NAME: "tidemill"})
    assert os.environ[NAME] == "mine"


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (".env", f"{NAME}=mine\n"),
        ("prefect.toml", '[logging]\nextra_loggers = "mine"\n'),
        ("pyproject.toml", '[tool.prefect.logging]\nextra_loggers = "mine"\n'),
        ("home/profiles.toml", f'active = "work"\n[profiles.work]\n{NAME} = "mine"\n'),
    ],
)
def test_what_a_file_says_is_never_overridden(clean: Path, file: str, text: str) -> None:
    (clean / file).write_text(text)
    assert user_settings()[NAME] == "mine"
    set_defaults({NAME: "tidemill"})
    assert NAME not in os.environ


def test_the_profile_that_the_environment_names_counts(clean: Path) -> None:
    (clean / "home" / "profiles.toml").write_text(
        'active = "a"\n[profiles.a]\nPREFECT_API_URL = "http://a/api"\n[profiles.b]\nPREFECT_API_URL = "http://b/api"\n'
    )
    assert user_settings()["PREFECT_API_URL"] == "http://a/api"
    os.environ["PREFECT_PROFILE"] = "b"
    assert user_settings()["PREFECT_API_URL"] == "http://b/api"


def test_a_broken_file_is_named(clean: Path) -> None:
    (clean / "prefect.toml").write_text("[logging\n")
    with pytest.raises(UserError, match=r"prefect\.toml can't be read as TOML"):
        user_settings()


@pytest.mark.parametrize("settings", [server_settings(), worker_settings()], ids=["server.env", "worker.env"])
def test_every_setting_is_one_that_prefect_knows(settings: dict[str, str]) -> None:
    from prefect.settings import Settings

    known = set(Settings().to_environment_variables(include_aliases=True)) | {"DO_NOT_TRACK"}
    assert set(settings) <= known
    assert settings
