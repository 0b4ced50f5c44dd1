"""What people read: the pages and charts of the training report and of monitoring, and the model card.

What writes a report imports much, so :func:`tidemill.reporting.training.write_report` is reached through a function.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tidemill.registry import LedgerEntry, ModelVersion, Registry
    from tidemill.results import Decision, Report
    from tidemill.store import Store
    from tidemill.usecase.schema import UseCase

__all__ = ["retell", "say_on_pages", "write_report"]


def write_report(
    store: Store, use_case: UseCase, version: ModelVersion, decision: Decision, seconds: Mapping[str, float]
) -> Report:
    """Write ``report.html`` and ``card.md`` of a version into the lake (:mod:`tidemill.reporting.training`)."""
    from tidemill.reporting.training import write_report as write

    return write(store, use_case, version, decision, seconds)


def retell(store: Store, use_case: str, entry: LedgerEntry, registry: Registry) -> str | None:
    """Let the pages say what a person decided: anew where a version was answered for, else with a note.

    Gives the report's key, None where the version has none. Raises UserError when a part of it is damaged or missing.
    """
    say_on_pages(store, use_case, entry, registry)
    if entry.action == "rollback":
        return None
    from tidemill.reporting.training import rewrite_report

    made = rewrite_report(store, registry.version(entry.version), entry)
    return made.html if made else None


def say_on_pages(store: Store, use_case: str, entry: LedgerEntry, registry: Registry) -> None:
    """Say on the pages of the champion before, and of a version that is it again, what became of them."""
    from tidemill.reporting.since import mark

    if entry.previous != entry.champion:
        mark(store, use_case, [one for one in (entry.previous, entry.champion) if one], registry=registry)
