"""Which code made a thing."""

from __future__ import annotations

import subprocess
from functools import lru_cache
from pathlib import Path

from tidemill import __version__

__all__ = ["code_version"]


@lru_cache(maxsize=1)
def code_version() -> str:
    """Tidemill's version, with the git commit (and ``+changed``) when it runs from a checkout."""
    folder = Path(__file__).resolve().parent.parent
    if not (folder / ".git").exists():
        return __version__
    commit = _git(folder, "rev-parse", "--short=12", "HEAD")
    changed = "+changed" if _git(folder, "status", "--porcelain", "--untracked-files=no") else ""
    return f"{__version__} ({commit}{changed})" if commit else __version__


def _git(folder: Path, *words: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
