"""Where a project's lake is, when nobody spells it out."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["lake_url"]


def lake_url(lake: str | None = None, project: Path | None = None) -> str:
    """The lake that was asked for, else ``TIDEMILL_LAKE``, else ``./lake``, as an absolute path or a URL.

    A relative path starts at ``project``, which defaults to ``TIDEMILL_PROJECT`` or the working folder.
    """
    from tidemill.store import DEFAULT_LAKE, Store
    from tidemill.usecase import project_folder

    said = lake or os.environ.get("TIDEMILL_LAKE") or DEFAULT_LAKE
    if "://" in said or said.startswith(("file:", "memory:")):
        return Store(said).url
    return Store(str((project or project_folder()) / Path(said).expanduser())).url
