"""What people read: the pages and charts of the training report and of monitoring, and the model card.

:func:`tidemill.reporting.training.write_report` imports matplotlib, so it is reached through a function here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tidemill.registry import ModelVersion
    from tidemill.results import Decision, Report
    from tidemill.store import Store
    from tidemill.usecase.schema import UseCase

__all__ = ["write_report"]


def write_report(
    store: Store, use_case: UseCase, version: ModelVersion, decision: Decision, seconds: Mapping[str, float]
) -> Report:
    """Write ``report.html`` and ``card.md`` of a version into the lake (:mod:`tidemill.reporting.training`)."""
    from tidemill.reporting.training import write_report as write

    return write(store, use_case, version, decision, seconds)
