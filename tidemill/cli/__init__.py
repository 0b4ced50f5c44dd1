"""The command line: the door for people and for scripts.

Nothing is imported here but click, so that ``tidemill --help`` answers at once: each command imports
what it needs when it runs.
"""

from __future__ import annotations

from tidemill.cli.app import main

__all__ = ["main"]
